//! Merge conflicts that were committed: a real triple of markers, in order, at the front of lines.
//!
//! A lone `=======` is a heading in Markdown and reStructuredText and is none.

use super::finding::{Finding, Severity};
use super::place;

/// Adds a finding for each complete conflict; true if there was one.
pub(super) fn find(path: &str, lines: &[&str], found: &mut Vec<Finding>) -> bool {
    let document = ["md", "markdown", "rst", "adoc"].contains(&place::extension(path).as_str());
    let before = found.len();
    let mut begun: Option<(usize, bool)> = None;
    let mut divided = false;
    let mut fenced = false;
    for (at, line) in lines.iter().enumerate() {
        if document && (line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~")) {
            fenced = !fenced;
        }
        if marker(line, '<', true) {
            begun = Some((at, fenced));
            divided = false;
        } else if begun.is_some() && marker(line, '=', false) {
            divided = true;
        } else if marker(line, '>', true)
            && divided
            && let Some((start, in_fence)) = begun.take()
        {
            divided = false;
            found.push(Finding {
                // A document may show what a conflict looks like.
                severity: if in_fence { Severity::Warning } else { Severity::Error },
                rule: "conflict-marker",
                file: path.to_owned(),
                line: start + 1,
                column: Some(1),
                message: format!("a merge conflict was committed; it ends on line {}", at + 1),
            });
        }
    }
    found.len() > before
}

/// Exactly seven of `sign` at the line's front, then its end or, where a label may follow, a space.
fn marker(line: &str, sign: char, label: bool) -> bool {
    let rest = line.trim_start_matches(sign);
    line.len() - rest.len() == 7 && (rest.trim_end().is_empty() || (label && rest.starts_with(' ')))
}
