//! One mistake with its place, and how a list of them is printed.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Whether a finding stops the file from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is used, and something in it will not do what its author may expect.
    Warning,
}

impl Severity {
    /// The word that is printed: `error` or `warning`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One mistake or remark about the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it stops the file from being used.
    pub severity: Severity,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Begins with the key's path, as in `deployment.services[0].port: must be between 1 and 65535`.
    pub message: String,
    /// What to write instead, where that can be guessed: one word or value, fit to be pasted.
    pub suggestion: Option<String>,
}

/// Sorts by place, errors before warnings, and keeps each finding once.
pub(super) fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|one, other| {
        (one.line, one.column, one.severity, &one.message).cmp(&(
            other.line,
            other.column,
            other.severity,
            &other.message,
        ))
    });
    findings.dedup();
}

/// Prints findings for people, one a line: `file:line:col: error: message (did you mean x?)`.
///
/// `file_name` is printed as given. No findings give an empty string.
pub fn render(findings: &[Finding], file_name: &str) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { severity, line, column, message, suggestion } = finding;
        let hint = suggestion.as_ref().map(|word| format!(" (did you mean `{word}`?)")).unwrap_or_default();
        // Writing to a `String` has no way to fail.
        writeln!(text, "{file_name}:{line}:{column}: {}: {message}{hint}", severity.word()).ok();
    }
    text
}
