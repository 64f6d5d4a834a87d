//! Who listens where, read from `/proc`: it turns "never opened its port" into something a person can act on.

use std::collections::BTreeSet;

/// The state of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// A listening socket: its port and the inode that its owner holds.
type Listener = (u16, u64);

fn parse(table: &str) -> Vec<Listener> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let port = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
        let inode = fields.get(9)?.parse().ok()?;
        (*fields.get(3)? == LISTENING).then_some((port, inode))
    };
    table.lines().skip(1).filter_map(line).collect()
}

fn listeners() -> Vec<Listener> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    tables
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .flat_map(|table| parse(&table))
        .collect()
}

fn sockets_of(pid: u32) -> BTreeSet<u64> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeSet::new() };
    let targets = entries.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let inode = |target: std::path::PathBuf| {
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    targets.filter_map(inode).collect()
}

/// The TCP ports on which the given processes listen, ascending.
pub(crate) fn listening(pids: &[u32]) -> Vec<u16> {
    let sockets: BTreeSet<u64> = pids.iter().flat_map(|pid| sockets_of(*pid)).collect();
    let ports: BTreeSet<u16> =
        listeners().into_iter().filter(|(_, inode)| sockets.contains(inode)).map(|(port, _)| port).collect();
    ports.into_iter().collect()
}

/// Who listens on a port, as `name (pid 42)`, when that may be seen.
pub(crate) fn holder(port: u16) -> Option<String> {
    let inodes: BTreeSet<u64> =
        listeners().into_iter().filter(|found| found.0 == port).map(|found| found.1).collect();
    let owner = crate::usage::processes()
        .into_iter()
        .find(|process| !sockets_of(process.pid).is_disjoint(&inodes))?;
    let name = std::fs::read_to_string(format!("/proc/{}/comm", owner.pid)).unwrap_or_default();
    Some(format!("`{}` (pid {})", name.trim().escape_debug(), owner.pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listening_sockets_count_and_torn_lines_are_skipped() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0\n\
            1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0\n\
            2: 0100007F";
        assert_eq!(parse(table), [(8080, 4711)]);
        assert_eq!(parse(""), []);
    }

    #[test]
    fn this_process_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listening(&[std::process::id()]).contains(&port));
        assert!(holder(port).unwrap().ends_with(&format!("(pid {})", std::process::id())));
    }
}
