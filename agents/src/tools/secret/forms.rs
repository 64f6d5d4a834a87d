//! The spellings of one value that output may hold: itself, encoded, escaped.

use std::collections::BTreeSet;

/// Shortest encoded spelling worth looking for; a shorter one would hit innocent text.
const SHORTEST: usize = 6;
/// Lines of a value of several lines are masked one by one from this length on.
const SHORTEST_LINE: usize = 12;

/// Every spelling of `value` that is looked for.
///
/// Base64 comes in three alignments, because the value may stand anywhere inside of what was encoded;
/// only the characters that depend on nothing but the value are taken (RFC 4648, section 4).
pub(super) fn spellings(value: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([value.to_owned()]);
    for alignment in 0..3 {
        let standard = base64_inside(value.as_bytes(), alignment);
        all.insert(standard.replace('+', "-").replace('/', "_"));
        all.insert(standard);
    }
    all.insert(percent(value, false, "%20"));
    all.insert(percent(value, true, "%20"));
    all.insert(percent(value, false, "+"));
    all.insert(json(value, false));
    all.insert(json(value, true));
    all.insert(json(value, false).replace('/', "\\/"));
    all.insert(value.escape_debug().to_string());
    all.insert(value.replace('\'', "'\\''"));
    all.insert(value.bytes().map(|byte| format!("{byte:02x}")).collect());
    all.insert(value.bytes().map(|byte| format!("{byte:02X}")).collect());
    // Logs show a value of several lines line by line, each behind its own prefix.
    for line in value.lines().map(str::trim) {
        if line.len() >= SHORTEST_LINE && !line.starts_with("-----") {
            all.insert(line.to_owned());
        }
    }
    all.retain(|spelling| spelling.len() >= SHORTEST);
    all
}

/// The base64 characters that `bytes` alone decide when `alignment` bytes (modulo 3) stand before them.
fn base64_inside(bytes: &[u8], alignment: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |at: usize| -> u8 {
        let bit = at - alignment * 8;
        (bytes[bit / 8] >> (7 - bit % 8)) & 1
    };
    let first = (alignment * 8).div_ceil(6);
    let end = (alignment + bytes.len()) * 8 / 6;
    (first..end)
        .map(|character| {
            let index = (character * 6..character * 6 + 6).fold(0_u8, |index, at| index << 1 | bit(at));
            char::from(ALPHABET[usize::from(index)])
        })
        .collect()
}

/// Percent encoding of all but the unreserved characters (RFC 3986, section 2.3).
fn percent(value: &str, lower: bool, space: &str) -> String {
    let mut out = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        match byte {
            b' ' => out.push_str(space),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other if lower => out.push_str(&format!("%{other:02x}")),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// The inside of a JSON string (RFC 8259, section 7); `ascii` escapes all beyond ASCII, as Python does.
fn json(value: &str, ascii: bool) -> String {
    let quoted = serde_json::Value::String(value.to_owned()).to_string();
    let inside = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    if !ascii {
        return inside.to_owned();
    }
    let mut out = String::with_capacity(inside.len());
    for c in inside.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}
