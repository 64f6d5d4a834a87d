//! Users of the operating system by name.

/// The name of a user, from the system's list; `uid-1000` when it has none.
pub fn name_of(uid: u32) -> String {
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == uid && !name.is_empty()).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid-{uid}"))
}

/// The user that runs this process.
pub fn current() -> String {
    name_of(rustix::process::getuid().as_raw())
}
