//! Secrets by the name they are assigned to, and passwords inside of URLs.
//!
//! A finding needs a telling name and a value that looks random; placeholders, look-ups, paths and names of
//! other things are let pass, because a gate that cries wolf is switched off.

use super::finding::{Finding, Severity, masked};
use super::place;
use super::tokens::is_placeholder;

/// Parts of names that hold secrets, without `_` and `-`, in lower case.
const NAMES: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "authkey",
    "privatekey",
    "secretkey",
    "encryptionkey",
    "signingkey",
    "credential",
    "dbpass",
    "dbpwd",
    "clientsecret",
];

/// Ends of names that hold something about a secret.
const ABOUT: [&str; 34] = [
    "name",
    "url",
    "uri",
    "id",
    "path",
    "file",
    "field",
    "type",
    "arn",
    "ref",
    "hash",
    "label",
    "length",
    "regex",
    "pattern",
    "header",
    "prefix",
    "suffix",
    "endpoint",
    "issuer",
    "policy",
    "key_ref",
    "expiry",
    "ttl",
    "env",
    "count",
    "limit",
    "hint",
    "placeholder",
    "digest",
    "checksum",
    "var",
    "algorithm",
    "version",
];

const MAX_LINE: usize = 4096;

/// Adds a finding for each assignment of a value that looks like a secret.
pub(super) fn find(path: &str, lines: &[&str], found: &mut Vec<Finding>) {
    let bare = place::has_bare_values(path);
    for (at, line) in lines.iter().enumerate() {
        if line.len() > MAX_LINE {
            continue;
        }
        let before = found.len();
        for (start, name, value) in assigned(line, bare) {
            if let Some(severity) = judge(path, name, value) {
                found.push(Finding {
                    severity,
                    rule: "assigned-secret",
                    file: path.to_owned(),
                    line: at + 1,
                    column: Some(line[..start].chars().count() + 1),
                    message: format!("`{name}` is set to what looks like a real secret: {}; take it from the secrets' manager", masked(value)),
                });
            }
        }
        if found.len() == before {
            url_password(path, at, line, found);
        }
    }
}

/// Each `name = value`, `name: value`, `"name": "value"`, `name := "value"`, `name => 'value'` of a line.
fn assigned(line: &str, bare: bool) -> Vec<(usize, &str, &str)> {
    let mut all = Vec::new();
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    for (at, sign) in line.char_indices().filter(|(_, c)| *c == '=' || *c == ':').take(64) {
        let left = line[..at].trim_end().trim_end_matches([':', '"', '\'', ']', ' ']);
        let name_start = left
            .char_indices()
            .rev()
            .take_while(|(_, c)| in_name(*c))
            .last()
            .map_or(left.len(), |(at, _)| at);
        let name = &left[name_start..];
        let right = line[at + sign.len_utf8()..].trim_start_matches(['=', '>']).trim_start();
        let value = match right.chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => {
                let inside = &right[1..];
                inside.find(quote).map(|end| &inside[..end])
            }
            Some(_) if bare => Some(right.split([' ', '\t', ',', ';']).next().unwrap_or(right)),
            _ => None,
        };
        if let (false, Some(value)) = (name.is_empty(), value) {
            all.push((line.len() - right.len(), name, value));
        }
    }
    all
}

fn judge(path: &str, name: &str, value: &str) -> Option<Severity> {
    if !is_secret_name(name) || is_harmless(value) {
        return None;
    }
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    let marks = value.bytes().any(|byte| byte.is_ascii_punctuation() && !b"-_./:".contains(&byte));
    if !letters || !(digits || marks) {
        return None;
    }
    let entropy = entropy(value);
    let severity = if value.len() >= 16 && digits && entropy >= 3.5 {
        Severity::Error
    } else if value.len() >= 8 && entropy >= 2.75 {
        Severity::Warning
    } else {
        return None;
    };
    match (place::is_example(path), severity) {
        (false, severity) => Some(severity),
        (true, Severity::Error) => Some(Severity::Warning),
        (true, Severity::Warning | Severity::Note) => None,
    }
}

fn is_secret_name(name: &str) -> bool {
    // `config.db.password` is about its last part.
    let last = name.rsplit('.').next().unwrap_or(name);
    let snake: String = last
        .char_indices()
        .flat_map(|(at, c)| {
            let hump = at > 0
                && c.is_ascii_uppercase()
                && last[..at].ends_with(|before: char| before.is_ascii_lowercase());
            [hump.then_some('_'), Some(if c == '-' { '_' } else { c.to_ascii_lowercase() })]
                .into_iter()
                .flatten()
        })
        .collect();
    let plain = snake.replace('_', "");
    NAMES.iter().any(|word| plain.contains(word))
        && !ABOUT.iter().any(|word| snake.ends_with(&format!("_{word}")))
}

/// Values that are no secrets, however random they look.
fn is_harmless(value: &str) -> bool {
    let lower = value.to_lowercase();
    let looked_up = [
        "${",
        "$(",
        "{{",
        "%(",
        "<%",
        "#{",
        "ENC[",
        "env.",
        "env:",
        "process.env",
        "getenv",
        "environ",
        "vault:",
        "arn:",
        "secret://",
        "op://",
        "ref+",
        "sha256:",
        "sha512-",
        "sha256-",
        "sha1-",
        "!vault",
        "file://",
    ];
    let words = [
        "password",
        "passwd",
        "secret",
        "token",
        "test",
        "demo",
        "fake",
        "mock",
        "todo",
        "none",
        "null",
        "true",
        "false",
        "undefined",
        "default",
        "localhost",
        "-----begin",
    ];
    value.len() > 512
        || value.len() < 8
        || !value.is_ascii()
        || value.starts_with(['$', '<', '/', '.', '{', '[', '(', '&', '*', '@', '%', '!', '|'])
        || value.contains([' ', '\t', '(', '{', '\\', '<'])
        || value.contains("://")
        || value.contains("::")
        || value.contains("->")
        || looked_up.iter().any(|mark| lower.contains(&mark.to_lowercase()))
        || words.iter().any(|word| lower.contains(word))
        || is_placeholder(&format!("....{value}"))
        || is_words(value)
}

/// Words of letters joined by `-`, `_` or `.`, with a short number at most: a name, not a secret.
fn is_words(value: &str) -> bool {
    let mut parts = 0;
    value.split(['-', '_', '.', '/', ':']).all(|part| {
        parts += 1;
        let letters = part.bytes().take_while(u8::is_ascii_alphabetic).count();
        let number = part.len() - letters;
        part[letters..].bytes().all(|byte| byte.is_ascii_digit())
            && number <= 3
            && (part[..letters].bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
                || part[..letters].bytes().all(|byte| byte.is_ascii_uppercase()))
    }) && (parts > 1 || value.len() < 12)
}

/// Shannon's entropy in bits per character.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = value.len().max(1) as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}

/// `scheme://user:password@host`, unless it is plainly an example.
fn url_password(path: &str, at: usize, line: &str, found: &mut Vec<Finding>) {
    let mut from = 0;
    while let Some(place) = line[from..].find("://") {
        let start = from + place + 3;
        from = start;
        let rest = &line[start..];
        let end = rest.find(['/', ' ', '"', '\'', '`', '<', '>', ')', ']', '?', ',']).unwrap_or(rest.len());
        let Some((user, host)) = rest[..end].rsplit_once('@') else { continue };
        let Some((name, password)) = user.split_once(':') else { continue };
        let host = host.split(':').next().unwrap_or(host).to_lowercase();
        let local =
            ["localhost", "127.0.0.1", "db", "postgres", "redis", "mysql", "host", "0.0.0.0", "example.com"]
                .contains(&host.as_str())
                || host.ends_with(".example.com")
                || host.ends_with(".local")
                || host.contains("example");
        let mixed = password.bytes().any(|byte| byte.is_ascii_digit())
            && password.bytes().any(|byte| byte.is_ascii_alphabetic());
        if local
            || password.eq_ignore_ascii_case(name)
            || !mixed
            || is_harmless(password)
            || entropy(password) < 2.75
        {
            continue;
        }
        found.push(Finding {
            severity: if place::is_example(path) { Severity::Warning } else { Severity::Error },
            rule: "url-password",
            file: path.to_owned(),
            line: at + 1,
            column: Some(line[..start + name.len() + 1].chars().count() + 1),
            message: format!(
                "a URL holds a password: {}; take it from the secrets' manager",
                masked(password)
            ),
        });
    }
}
