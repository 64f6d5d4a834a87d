//! The shapes of words that arguments share. All functions are total and look at one word only.

/// The environments that have usual short names, each with those names; the full name is first.
pub const ENVIRONMENT_NAMES: &[&[&str]] = &[
    &["production", "prod", "prd", "live"],
    &["staging", "stg", "stage"],
    &["dev", "development", "devel"],
    &["test", "testing"],
];

/// The full name of an environment that is usually shortened, whatever the case.
pub fn usual_environment(word: &str) -> Option<&'static str> {
    ENVIRONMENT_NAMES
        .iter()
        .find(|names| names.iter().any(|name| name.eq_ignore_ascii_case(word)))
        .and_then(|names| names.first().copied())
}

/// The strategy that a word names: `canary`, `blue-green` or `rolling`.
pub fn strategy(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "canary" => Some("canary"),
        "blue-green" | "blue/green" | "bluegreen" | "blue_green" => Some("blue-green"),
        "rolling" => Some("rolling"),
        _ => None,
    }
}

/// Whether a word looks like a version: `1.4.2`, `v2.0.0-rc1`, or a git commit of 7 to 40 digits.
pub fn is_version(word: &str) -> bool {
    if word.is_empty() || word.len() > 64 || !word.is_ascii() {
        return false;
    }
    is_commit(word) || is_numbered(word)
}

fn is_commit(word: &str) -> bool {
    (7..=40).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit())
}

fn is_numbered(word: &str) -> bool {
    let bare = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let core_end = bare.find(['-', '+']).unwrap_or(bare.len());
    let (core, suffix) = bare.split_at(core_end);
    let parts: Vec<&str> = core.split('.').collect();
    let numbers = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let enough = parts.len() >= 2 || (bare.len() < word.len() && parts.len() == 1);
    let tail = suffix.is_empty()
        || (suffix.len() > 1
            && suffix[1..].bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+')));
    numbers && enough && tail
}

/// Whether a word can be the name of a service or environment: letters, digits, `-`, `_`, `.`, at most 63.
pub fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 63
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && word.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
}

/// The id of a kind in its full spelling: `apr31`, `APR-31` and `apr_31` are all `APR-31`.
///
/// `prefix` is in capitals without the hyphen. At most nine digits, so that no id is absurd.
pub fn id(prefix: &str, word: &str) -> Option<String> {
    let head = word.get(..prefix.len())?;
    if !head.eq_ignore_ascii_case(prefix) {
        return None;
    }
    let digits = word[prefix.len()..].trim_start_matches(['-', '_', '#']);
    let fits = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| format!("{prefix}-{digits}"))
}

/// A length of time as number and unit: `30m`, `2h`, `3d`, `1w`, `45s`; `30min` and `2hours` too.
pub fn length(word: &str) -> Option<String> {
    let split = word.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = word.split_at(split);
    if number.is_empty() || number.len() > 6 {
        return None;
    }
    unit_of_time(unit).map(|unit| format!("{number}{unit}"))
}

/// The letter of a unit of time: `minutes` is `m`.
pub fn unit_of_time(word: &str) -> Option<char> {
    match word.to_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some('s'),
        "m" | "min" | "mins" | "minute" | "minutes" | "minuten" | "minutos" => Some('m'),
        "h" | "hr" | "hrs" | "hour" | "hours" | "stunde" | "stunden" | "hora" | "horas" => Some('h'),
        "d" | "day" | "days" | "tag" | "tage" | "tagen" | "dias" | "días" => Some('d'),
        "w" | "wk" | "week" | "weeks" | "woche" | "wochen" | "semana" | "semanas" => Some('w'),
        _ => None,
    }
}
