//! Percentages, durations, paths and names: text in, value or the reason why not.
//!
//! A reason reads on from the key's path: `must be …`.

/// The longest duration that any key takes: seven days, in seconds.
pub(super) const WEEK: u64 = 7 * 24 * 3600;

/// A decimal number without sign, exponent or separators, so that `1_000` and `0x10` are not guessed at.
pub(super) fn number(text: &str) -> Option<f64> {
    let shape = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let sound = match text.split_once('.') {
        Some((whole, fraction)) => shape(whole) && shape(fraction),
        None => shape(text),
    };
    if !sound || text.len() > 20 { None } else { text.parse().ok() }
}

/// `2`, `2.5`, `2%` or `2 %`, from 0 to 100.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let digits = text.strip_suffix('%').map_or(text, str::trim_end);
    match number(digits) {
        Some(value) if value <= 100.0 => Ok(value),
        Some(_) => Err(format!("`{text}` is over 100 percent")),
        None => Err(format!("`{text}` is no percentage; write a number from 0 to 100, as in `2%`")),
    }
}

/// `500`, `500ms` or `1.5s`, in milliseconds, up to one hour.
pub(super) fn milliseconds(text: &str) -> Result<f64, String> {
    let value = if let Some(digits) = text.strip_suffix("ms") {
        number(digits.trim_end())
    } else if let Some(digits) = text.strip_suffix('s') {
        number(digits.trim_end()).map(|seconds| seconds * 1000.0)
    } else {
        number(text)
    };
    match value {
        Some(value) if value > 0.0 && value <= 3_600_000.0 => Ok(value),
        Some(_) => Err(format!("`{text}` must be more than 0 and at most one hour")),
        None => Err(format!("`{text}` is no time in milliseconds; write a number, as in `500` or `500ms`")),
    }
}

/// Whole seconds, or days, hours, minutes and seconds in this order: `90`, `30s`, `5m`, `1h30m`, `1d`.
///
/// Gives seconds, `least` to `most`.
pub(super) fn duration(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let seconds = whole_seconds(text)
        .ok_or_else(|| format!("`{text}` is no duration; write seconds, or as in `30s`, `5m`, `1h30m`"))?;
    if (least..=most).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!("`{text}` must be between {} and {}", spoken(least), spoken(most)))
    }
}

fn whole_seconds(text: &str) -> Option<u64> {
    const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let mut total: u64 = 0;
    let mut rest = text;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let count: u64 = rest[..end].parse().ok()?;
        let letter = rest[end..].chars().next()?;
        // Going on through the same iterator refuses `30s5m` and `5m5m`.
        let (_, length) = units.find(|(unit, _)| *unit == letter)?;
        total = total.checked_add(count.checked_mul(*length)?)?;
        rest = &rest[end + 1..];
    }
    Some(total)
}

/// Seconds as people write them: `1h30m`.
pub(super) fn spoken(seconds: u64) -> String {
    if seconds == 0 {
        return "0s".to_owned();
    }
    let parts =
        [(seconds / 86_400, 'd'), (seconds / 3600 % 24, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
}

/// A path that stays inside the repository: relative, with `/`, without `..`.
pub(super) fn repository_path(text: &str) -> Result<(), String> {
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    if text.starts_with('/') || text.starts_with('~') || drive {
        Err(format!("`{text}` must be a path inside the repository, not an absolute one"))
    } else if text.contains('\\') {
        Err(format!("`{text}` must be written with `/`, not with a backslash"))
    } else if text.split('/').any(|part| part == "..") {
        Err(format!("`{text}` leaves the repository; `..` is not allowed"))
    } else if text.split('/').next() == Some(".git") {
        Err(format!("`{text}` points into git's own folder"))
    } else if text.chars().any(char::is_control) {
        Err("must be a path on one line".to_owned())
    } else {
        Ok(())
    }
}

/// The path of a web address: begins with one `/`, no spaces, no host, no `..`.
pub(super) fn health_path(text: &str) -> Result<(), String> {
    let graphic = text.chars().all(|letter| letter.is_ascii_graphic());
    let path = text.split(['?', '#']).next().unwrap_or_default();
    if !text.starts_with('/') || text.starts_with("//") || !graphic || text.contains(['\\', '#']) {
        Err(format!("`{text}` must be the path of a web address, as in `/health`"))
    } else if path.split('/').any(|part| part == "..") {
        Err(format!("`{text}` must not contain `..`"))
    } else {
        Ok(())
    }
}

/// Letters, digits, `-`, `_` and `.`, the first a letter or digit, at most `longest`.
pub(super) fn name(text: &str, longest: usize) -> Result<(), String> {
    let first = text.chars().next().is_some_and(|letter| letter.is_ascii_alphanumeric());
    let rest = text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'));
    if !first || !rest {
        Err(format!("`{text}` must be letters, digits, `-`, `_` and `.`, and begin with a letter or digit"))
    } else if text.len() > longest {
        Err(format!("must have at most {longest} characters, this has {}", text.len()))
    } else {
        Ok(())
    }
}

/// The name of an environment variable: letters, digits and `_`, not beginning with a digit.
pub(super) fn variable(text: &str) -> Result<(), String> {
    let first = text.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    if first
        && text.len() <= 128
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    {
        Ok(())
    } else {
        Err(format!("`{text}` is no name of an environment variable; write letters, digits and `_`"))
    }
}

/// An address of a repository: one word, and no password in it, since everybody can read the file.
pub(super) fn repository_address(text: &str) -> Result<(), String> {
    let user = text.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'));
    if text.chars().any(char::is_whitespace) {
        Err("must be one address, without spaces".to_owned())
    } else if user.is_some_and(|(user, _)| user.contains(':')) {
        Err("holds a password; remove it, and change it where it is used".to_owned())
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[path = "scalars_tests.rs"]
mod tests;
