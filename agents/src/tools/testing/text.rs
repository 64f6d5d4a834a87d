//! Small helpers for reports that are text.

use std::borrow::Cow;

/// Longest message or name that is kept, in characters.
const MAX_LINE: usize = 300;

/// The first line that is not blank, trimmed and bounded, control characters removed.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(MAX_LINE).collect()
}

/// The text without terminal colour sequences and carriage returns.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(['\u{1b}', '\r']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.peek() == Some(&'[') => {
                chars.next();
                // A control sequence ends at its first byte in `@..~` (ECMA-48, 5.4).
                while let Some(&next) = chars.peek() {
                    if next == '\n' {
                        break;
                    }
                    chars.next();
                    if ('@'..='~').contains(&next) {
                        break;
                    }
                }
            }
            '\u{1b}' | '\r' => {}
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// Reads `12 name` at the front of a comma-separated part; the whole part must match.
pub(super) fn count_and_word(part: &str) -> Option<(u64, &str)> {
    let (number, word) = part.trim().split_once(' ')?;
    Some((number.parse().ok()?, word.trim()))
}
