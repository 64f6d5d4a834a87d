//! What the analysis reports.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The analysis does not pass.
    Error,
    /// Worth a look; does not stop a run.
    Warning,
    /// For the record: allowed by a comment, an example, a file that was skipped.
    Note,
}

/// One finding, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its weight.
    pub severity: Severity,
    /// The rule's name, such as `github-token`.
    pub rule: &'static str,
    /// The file's path as it was handed in.
    pub file: String,
    /// The line, from 1; 0 when the finding is about the whole file.
    pub line: usize,
    /// The column in characters, from 1, where it is known.
    pub column: Option<usize>,
    /// One sentence; of a secret it shows the first four characters.
    pub message: String,
}

impl Finding {
    /// A finding about a whole file.
    pub(super) fn file(
        severity: Severity,
        rule: &'static str,
        file: &str,
        message: impl Into<String>,
    ) -> Self {
        Self { severity, rule, file: file.to_owned(), line: 0, column: None, message: message.into() }
    }
}

/// The result of one analysis.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Scan {
    /// Findings by file and line, bounded; a note says how many were left out.
    pub findings: Vec<Finding>,
    /// Files that were read.
    pub files: usize,
    /// Files that were not: binary or too large.
    pub skipped: usize,
}

impl Scan {
    /// Whether there is no error; a scan that read no file has not passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.files > 0 && self.count(Severity::Error) == 0
    }

    /// How many findings weigh this much.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// The first four characters of a secret, enough to find it and too few to use it.
pub(super) fn masked(secret: &str) -> String {
    let shown: String = secret.chars().take(4).collect();
    format!("`{shown}…`")
}
