//! The numbers of one test run, and why a report can be refused.

use super::text::first_line;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// At most this many failures are kept by name; the counts still hold all of them.
pub const MAX_FAILURES: usize = 100;

/// What a test run came to: `passed + failed = total`, always.
///
/// Skipped and ignored tests are not in `total`.
/// Errors (a fixture that broke, a package that did not build) count as failed.
/// A test that was run again because it had failed counts once, with its last outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Tests that ran to an outcome.
    pub total: u64,
    /// Of those, how many passed.
    pub passed: u64,
    /// Of those, how many failed or broke.
    pub failed: u64,
    /// Tests that were not run: skipped, ignored, disabled, expected to fail.
    pub skipped: u64,
    /// Tests that passed only when run again; they are counted in `passed`.
    pub flaky: u64,
    /// The first [`MAX_FAILURES`] failures.
    pub failures: Vec<Failure>,
}

/// One failed test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The test's name as its framework writes it.
    pub name: String,
    /// The first line of what went wrong, or empty where the report says nothing.
    pub message: String,
}

/// Counts outcomes one by one, so that [`Totals`] cannot contradict itself.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    flaky: u64,
    failures: Vec<Failure>,
}

impl Tally {
    /// Counts `count` passed tests.
    pub fn pass(&mut self, count: u64) {
        self.passed = self.passed.saturating_add(count);
    }

    /// Counts one test that failed at first and passed when run again.
    pub fn pass_again(&mut self) {
        self.pass(1);
        self.flaky = self.flaky.saturating_add(1);
    }

    /// Counts `count` tests that did not run.
    pub fn skip(&mut self, count: u64) {
        self.skipped = self.skipped.saturating_add(count);
    }

    /// Counts one failed test; of `message` the first line is kept.
    pub fn fail(&mut self, name: &str, message: &str) {
        self.failed = self.failed.saturating_add(1);
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(Failure { name: first_line(name), message: first_line(message) });
        }
    }

    /// Counts `count` failed tests that the report does not name.
    pub fn fail_unnamed(&mut self, count: u64) {
        self.failed = self.failed.saturating_add(count);
    }

    /// How many failures were counted so far.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// How many passes were counted so far.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Closes the count.
    #[must_use]
    pub fn finish(self) -> Totals {
        let Self { passed, failed, skipped, flaky, failures } = self;
        Totals { total: passed.saturating_add(failed), passed, failed, skipped, flaky, failures }
    }
}

/// Why a report was not read into totals. None of these is ever a success.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReportError {
    /// The command left nothing that looks like its framework's report.
    #[error("no report found: {what}")]
    NotFound {
        /// Where was looked, and for what.
        what: String,
    },
    /// The report contradicts itself, or something printed lines that look like one.
    #[error("unclear report: {why}")]
    Unclear {
        /// The contradiction.
        why: String,
    },
    /// The file is damaged.
    #[error("corrupt report{}: {why}", in_file(.file))]
    Corrupt {
        /// The file, or empty for a stream.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file is well formed and something else.
    #[error("not a test report{}: {why}", in_file(.file))]
    NotAReport {
        /// The file, or empty for a stream.
        file: String,
        /// What it is instead.
        why: String,
    },
    /// The report is larger, deeper or longer than is read.
    #[error("report too large{}: {why}", in_file(.file))]
    TooLarge {
        /// The file, or empty for a stream.
        file: String,
        /// Which limit it passed.
        why: String,
    },
}

fn in_file(file: &str) -> String {
    if file.is_empty() { String::new() } else { format!(" in `{file}`") }
}

pub(super) fn unclear(why: impl Into<String>) -> ReportError {
    ReportError::Unclear { why: why.into() }
}

pub(super) fn not_found(what: impl Into<String>) -> ReportError {
    ReportError::NotFound { what: what.into() }
}
