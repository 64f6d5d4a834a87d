//! One file after the other, within limits.

use super::finding::{Finding, Scan, Severity};
use super::{assignments, conflicts, place, syntax, tokens};

/// What a person writes on a line to say that it is meant so.
pub const ALLOW_COMMENT: &str = "devops-orchestra: allow";

/// How much is read and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most files that are read.
    pub files: usize,
    /// Largest file, in bytes.
    pub file_bytes: usize,
    /// Most bytes of all files together.
    pub total_bytes: usize,
    /// Most findings that are kept; errors are kept first.
    pub findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 50_000, file_bytes: 1024 * 1024, total_bytes: 512 * 1024 * 1024, findings: 500 }
    }
}

/// Analyses files one by one, so that a whole tree need not lie in memory.
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    scan: Scan,
    bytes: usize,
    binary: usize,
    dropped: [usize; 3],
    full: bool,
}

/// Analyses all `files`: paths relative to the tree's root, with `/`, and contents.
pub fn scan<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>, limits: Limits) -> Scan {
    let mut scanner = Scanner::new(limits);
    for (path, bytes) in files {
        scanner.file(path, bytes);
    }
    scanner.finish()
}

impl Scanner {
    /// A scanner that has read nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, scan: Scan::default(), bytes: 0, binary: 0, dropped: [0; 3], full: false }
    }

    /// Analyses one file; whatever its content, this ends and does not fail.
    pub fn file(&mut self, path: &str, bytes: &[u8]) {
        if self.scan.files >= self.limits.files
            || self.bytes.saturating_add(bytes.len()) > self.limits.total_bytes
        {
            self.scan.skipped += 1;
            self.full = true;
            return;
        }
        if bytes.len() > self.limits.file_bytes {
            self.skipped_large(path, bytes.len() as u64);
            return;
        }
        self.bytes += bytes.len();
        if bytes.iter().take(8192).any(|byte| *byte == 0) {
            self.scan.skipped += 1;
            self.binary += 1;
            return;
        }
        self.scan.files += 1;
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().collect();
        let mut found = Vec::new();
        tokens::find(path, &lines, &mut found);
        if !place::is_generated(path) {
            assignments::find(path, &lines, &mut found);
        }
        let conflicted = conflicts::find(path, &lines, &mut found);
        if !conflicted {
            // A conflict is why such a file does not parse; one finding is enough.
            syntax::check(path, &text, &mut found);
        }
        for mut finding in found {
            let line = finding.line.checked_sub(1).and_then(|at| lines.get(at));
            if finding.severity != Severity::Note && line.is_some_and(|line| line.contains(ALLOW_COMMENT)) {
                finding.severity = Severity::Note;
                finding.message.push_str("; allowed by a comment on the line");
            }
            self.report(finding);
        }
    }

    /// Notes a file that is too large to be read, where the caller knows its size without reading it.
    pub fn skipped_large(&mut self, path: &str, bytes: u64) {
        self.scan.skipped += 1;
        let message = format!("not analysed: {bytes} bytes, over the limit of {}", self.limits.file_bytes);
        self.report(Finding::file(Severity::Note, "skipped", path, message));
    }

    /// Notes something that was left out, such as a folder that could not be read.
    pub fn skipped_other(&mut self, path: &str, why: &str) {
        self.scan.skipped += 1;
        self.report(Finding::file(Severity::Note, "skipped", path, format!("not analysed: {why}")));
    }

    fn report(&mut self, finding: Finding) {
        // Errors push out the rest, so that no flood of notes hides one.
        if self.scan.findings.len() >= self.limits.findings {
            let lightest = self.scan.findings.iter().enumerate().max_by_key(|(_, kept)| kept.severity);
            match lightest.map(|(at, kept)| (at, kept.severity)) {
                Some((at, severity)) if severity > finding.severity => {
                    self.dropped[severity as usize] += 1;
                    self.scan.findings.remove(at);
                }
                _ => {
                    self.dropped[finding.severity as usize] += 1;
                    return;
                }
            }
        }
        self.scan.findings.push(finding);
    }

    /// Closes the analysis: findings in order, and notes of what was left out.
    #[must_use]
    pub fn finish(mut self) -> Scan {
        let mut scan = self.scan;
        scan.findings.sort_by(|a, b| {
            (a.severity, &a.file, a.line, a.column, a.rule)
                .cmp(&(b.severity, &b.file, b.line, b.column, b.rule))
        });
        scan.findings.dedup();
        let mut note =
            |rule, message: String| scan.findings.push(Finding::file(Severity::Note, rule, "", message));
        if self.binary > 0 {
            note("skipped", format!("{} binary files were not analysed", self.binary));
        }
        if std::mem::take(&mut self.full) {
            note(
                "skipped",
                format!(
                    "the tree is over {} files or {} bytes; the rest was not analysed",
                    self.limits.files, self.limits.total_bytes
                ),
            );
        }
        let [errors, warnings, notes] = self.dropped;
        if errors + warnings + notes > 0 {
            note(
                "further",
                format!("{errors} further errors, {warnings} warnings and {notes} notes are not listed"),
            );
        }
        scan
    }
}
