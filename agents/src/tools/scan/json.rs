//! JSON, and the JSON with comments that editors and compilers read.

use super::place;

/// Whether tools read this file as JSON with comments and trailing commas.
pub(super) fn allows_comments(path: &str) -> bool {
    let lower = path.to_lowercase();
    let name = place::name(&lower);
    let folder = |wanted: &str| lower.starts_with(wanted) || lower.contains(&format!("/{wanted}"));
    ["jsonc", "code-workspace", "sublime-project", "sublime-settings"]
        .contains(&place::extension(&lower).as_str())
        || name.starts_with("tsconfig")
        || name.starts_with("jsconfig")
        || [
            ".eslintrc",
            ".eslintrc.json",
            ".babelrc",
            ".swcrc",
            ".jshintrc",
            ".hintrc",
            "api-extractor.json",
            "deno.json",
            "turbo.json",
            "devcontainer.json",
            "nx.json",
            "rush.json",
        ]
        .contains(&name)
        || [".vscode/", ".devcontainer/", ".zed/"].iter().any(|wanted| folder(wanted))
}

/// The text with comments and trailing commas made blank, every other character in its place.
pub(super) fn without_comments(text: &str) -> String {
    let mut out: Vec<u8> = text.as_bytes().to_vec();
    let mut at = 0;
    let mut comma: Option<usize> = None;
    while at < out.len() {
        match (out[at], out.get(at + 1)) {
            (b'"', _) => {
                comma = None;
                at += 1;
                while at < out.len() && out[at] != b'"' && out[at] != b'\n' {
                    at += if out[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            (b'/', Some(b'/')) => {
                while at < out.len() && out[at] != b'\n' {
                    out[at] = b' ';
                    at += 1;
                }
            }
            (b'/', Some(b'*')) => {
                let end = text.as_bytes()[at + 2..].windows(2).position(|pair| pair == b"*/");
                let end = end.map_or(out.len(), |end| at + 2 + end + 2);
                for byte in &mut out[at..end] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = end;
            }
            (b',', _) => {
                comma = Some(at);
                at += 1;
            }
            (b'}' | b']', _) => {
                if let Some(comma) = comma.take() {
                    out[comma] = b' ';
                }
                at += 1;
            }
            (byte, _) => {
                if !byte.is_ascii_whitespace() {
                    comma = None;
                }
                at += 1;
            }
        }
    }
    // Only ASCII and whole comments were replaced; a comment's characters became blanks byte by byte.
    String::from_utf8_lossy(&out).into_owned()
}
