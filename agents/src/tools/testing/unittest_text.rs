//! Reads what Python's `unittest` prints on standard error.
//!
//! The one summary is a rule of 70 dashes, `Ran N tests in X.XXXs`, and a status line;
//! its failures and errors must agree with the `FAIL:` and `ERROR:` headings before it (CPython, `unittest/runner.py`).

use super::text::{count_and_word, plain};
use super::totals::{ReportError, Tally, Totals, not_found, unclear};
use std::collections::BTreeMap;

/// Reads the standard error of `python -m unittest`.
///
/// A test with several failing sub-tests counts once.
/// An expected failure counts as passed, an unexpected success as failed;
/// a fixture of a class or module that breaks counts as one failed test of its own.
///
/// # Errors
///
/// [`ReportError::NotFound`] without a summary, [`ReportError::Unclear`] with several of them
/// or one that does not agree with the headings.
pub fn parse(stderr: &str) -> Result<Totals, ReportError> {
    let stderr = plain(stderr);
    let lines: Vec<&str> = stderr.lines().collect();
    let mut summaries = Vec::new();
    for at in 0..lines.len() {
        if let Some(summary) = Summary::read(&lines[at..]) {
            summaries.push((at, summary));
        }
    }
    match summaries.as_slice() {
        [] => Err(not_found("the output has no `Ran N tests` summary under its rule of dashes")),
        [(at, summary)] => count(&lines[..*at], summary),
        several => Err(unclear(format!("{} `Ran N tests` summaries in one output", several.len()))),
    }
}

fn count(before: &[&str], summary: &Summary) -> Result<Totals, ReportError> {
    let headings = headings(before);
    let written = |kind: &str| headings.iter().filter(|heading| heading.kind == kind).count() as u64;
    for (kind, claimed) in [("FAIL", summary.failures), ("ERROR", summary.errors)] {
        if written(kind) != claimed {
            return Err(unclear(format!(
                "the summary claims {claimed} of `{kind}` and {} are written out",
                written(kind)
            )));
        }
    }
    let broken = summary.failures + summary.errors + summary.unexpected;
    if summary.ok != (broken == 0) {
        return Err(unclear("the status line contradicts its own counts"));
    }
    let mut tally = Tally::default();
    let mut failed: BTreeMap<&str, &str> = BTreeMap::new();
    for heading in headings.iter().filter(|heading| heading.kind != "UNEXPECTED SUCCESS") {
        failed.entry(heading.test()).or_insert(heading.message);
    }
    let fixtures = failed.keys().filter(|name| is_fixture(name)).count() as u64;
    let failed_tests = failed.len() as u64 - fixtures + summary.unexpected;
    let ran = summary.ran.saturating_sub(summary.skipped);
    for (name, message) in failed {
        tally.fail(name, message);
    }
    tally.fail_unnamed(summary.unexpected);
    tally.skip(summary.skipped);
    tally.pass(ran.saturating_sub(failed_tests));
    Ok(tally.finish())
}

/// `setUpClass (m.T)` and its kin are no tests and are not in `Ran N`.
/// A module that cannot be imported is: `unittest.loader._FailedTest` runs as a test.
fn is_fixture(name: &str) -> bool {
    ["setUpClass (", "tearDownClass (", "setUpModule (", "tearDownModule ("]
        .iter()
        .any(|kind| name.starts_with(kind))
}

struct Heading<'a> {
    kind: &'a str,
    title: &'a str,
    message: &'a str,
}

impl<'a> Heading<'a> {
    /// The test without its sub-test: `test_x (m.T.test_x)` of `test_x (m.T.test_x) (i=1)`.
    fn test(&self) -> &'a str {
        self.title.find(')').map_or(self.title, |end| &self.title[..=end])
    }
}

/// Every `====`, `FAIL: title`, ..., message block before the summary.
fn headings<'a>(lines: &[&'a str]) -> Vec<Heading<'a>> {
    let starts: Vec<usize> = (1..lines.len())
        .filter(|&at| is_rule(lines[at - 1], b'=') && heading_kind(lines[at]).is_some())
        .collect();
    let mut headings = Vec::with_capacity(starts.len());
    for (number, &start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).map_or(lines.len(), |next| next - 1);
        let Some((kind, title)) = heading_kind(lines[start]) else { continue };
        let message = message(&lines[start + 1..end]);
        headings.push(Heading { kind, title, message });
    }
    headings
}

fn heading_kind(line: &str) -> Option<(&str, &str)> {
    let (kind, title) = line.split_once(": ")?;
    matches!(kind, "FAIL" | "ERROR" | "UNEXPECTED SUCCESS").then_some((kind, title))
}

/// The exception's line: the first after the traceback's indented frames.
fn message<'a>(lines: &[&'a str]) -> &'a str {
    let traceback = lines.iter().rposition(|line| line.starts_with("Traceback (most recent call last)"));
    let rest = traceback.map_or(lines, |at| &lines[at + 1..]);
    rest.iter()
        .find(|line| !line.is_empty() && !line.starts_with(' ') && !is_rule(line, b'-'))
        .copied()
        .unwrap_or_default()
}

fn is_rule(line: &str, byte: u8) -> bool {
    line.len() == 70 && line.bytes().all(|b| b == byte)
}

struct Summary {
    ran: u64,
    ok: bool,
    failures: u64,
    errors: u64,
    skipped: u64,
    unexpected: u64,
}

impl Summary {
    /// The four lines from the rule of dashes to the status.
    fn read(lines: &[&str]) -> Option<Self> {
        let [rule, ran, blank, status, ..] = lines else { return None };
        if !is_rule(rule, b'-') || !blank.is_empty() {
            return None;
        }
        let (number, rest) = ran.strip_prefix("Ran ")?.split_once(' ')?;
        let seconds =
            rest.strip_prefix("tests in ").or_else(|| rest.strip_prefix("test in "))?.strip_suffix('s')?;
        seconds.parse::<f64>().ok()?;
        let (word, counts) = match status.split_once(" (") {
            Some((word, counts)) => (word, counts.strip_suffix(')')?),
            None => (*status, ""),
        };
        let ok = match word {
            "OK" | "NO TESTS RAN" => true,
            "FAILED" => false,
            _ => return None,
        };
        let mut summary =
            Self { ran: number.parse().ok()?, ok, failures: 0, errors: 0, skipped: 0, unexpected: 0 };
        for part in counts.split(", ").filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            let (value, _) = count_and_word(&format!("{value} x"))?;
            match name {
                "failures" => summary.failures = value,
                "errors" => summary.errors = value,
                "skipped" => summary.skipped = value,
                "unexpected successes" => summary.unexpected = value,
                "expected failures" => {}
                _ => return None,
            }
        }
        // Sums of these stay far from overflow; nobody runs a thousand million tests.
        let largest = 1_000_000_000;
        let all = [summary.ran, summary.failures, summary.errors, summary.skipped, summary.unexpected];
        all.iter().all(|number| *number <= largest).then_some(summary)
    }
}

#[cfg(test)]
#[path = "unittest_text_tests.rs"]
mod tests;
