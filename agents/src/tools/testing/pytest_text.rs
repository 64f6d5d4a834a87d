//! Reads pytest's text where its JUnit file is missing.
//!
//! Only a last line such as `=== 3 passed, 1 failed in 0.12s ===` counts,
//! and only if it agrees with the number of tests that pytest said it collected.

use super::text::{count_and_word, plain};
use super::totals::{ReportError, Tally, Totals, not_found, unclear};

/// Reads the standard output of `pytest`.
///
/// Errors count as failed; a test that passed and broke in its teardown counts once, as failed.
/// Expected failures count as skipped, as in pytest's own JUnit file.
///
/// # Errors
///
/// [`ReportError::NotFound`] when the last line is no summary,
/// [`ReportError::Unclear`] when nothing says how many tests were collected (`-q`), or the numbers disagree.
pub fn parse(stdout: &str) -> Result<Totals, ReportError> {
    let stdout = plain(stdout);
    let last = stdout.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let Some(counts) = summary(last) else {
        return Err(not_found("pytest's output does not end with its summary line"));
    };
    let selected = collected(&stdout)?;
    let listed = counts.passed + counts.failed + counts.skipped + counts.xfailed + counts.xpassed;
    let stopped_early = ["stopping after ", "Interrupted: ", "KeyboardInterrupt"]
        .iter()
        .any(|word| stdout.lines().any(|line| line.trim_matches(['!', ' ']).starts_with(word)));
    if listed > selected || (!stopped_early && listed + counts.errors < selected) {
        return Err(unclear(format!("{selected} tests were collected and the summary has {listed}")));
    }
    // A test can pass and then break in its teardown; it stands in the line as passed and as an error.
    let twice = if stopped_early { 0 } else { (listed + counts.errors).saturating_sub(selected) };
    let mut tally = Tally::default();
    tally.pass((counts.passed + counts.xpassed).saturating_sub(twice));
    tally.skip(counts.skipped + counts.xfailed);
    let mut named = 0;
    for (name, message) in short_summary(&stdout) {
        if named < counts.failed + counts.errors {
            named += 1;
            tally.fail(name, message);
        }
    }
    tally.fail_unnamed(counts.failed + counts.errors - named);
    Ok(tally.finish())
}

#[derive(Default)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
    xfailed: u64,
    xpassed: u64,
    errors: u64,
}

/// Nobody runs more; larger numbers are no summary.
const MOST: u64 = 1_000_000_000;

fn summary(line: &str) -> Option<Counts> {
    let line = line.strip_prefix('=')?.strip_suffix('=')?.trim_matches('=').trim();
    let (parts, time) = line.rsplit_once(" in ")?;
    let seconds = time.split(' ').next()?.strip_suffix('s')?;
    seconds.parse::<f64>().ok()?;
    let mut counts = Counts::default();
    if parts == "no tests ran" {
        return Some(counts);
    }
    for part in parts.split(", ") {
        let (number, word) = count_and_word(part)?;
        if number > MOST {
            return None;
        }
        match word {
            "passed" => counts.passed = number,
            "failed" => counts.failed = number,
            "skipped" => counts.skipped = number,
            "xfailed" => counts.xfailed = number,
            "xpassed" => counts.xpassed = number,
            "error" | "errors" => counts.errors = number,
            "warning" | "warnings" | "deselected" | "rerun" => {}
            _ => return None,
        }
    }
    Some(counts)
}

/// `collected 5 items / 1 deselected / 4 selected`, or the workers' `4 workers [5 items]`.
fn collected(stdout: &str) -> Result<u64, ReportError> {
    let found: Vec<u64> = stdout.lines().filter_map(collected_line).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(unclear("pytest does not say how many tests it collected")),
        _ => Err(unclear("several lines say how many tests were collected")),
    }
}

fn collected_line(line: &str) -> Option<u64> {
    let small = |number: &str| number.parse::<u64>().ok().filter(|n| *n <= MOST);
    if let Some((_, items)) = line.split_once(" workers [") {
        return small(items.split(' ').next()?);
    }
    let mut parts = line.strip_prefix("collected ")?.split(" / ");
    let (items, word) = parts.next()?.split_once(' ')?;
    if !matches!(word.trim(), "item" | "items") {
        return None;
    }
    let mut selected = small(items)?;
    for part in parts {
        if let Some((number, "selected")) = count_and_word(part) {
            selected = number.min(MOST);
        }
    }
    Some(selected)
}

/// `FAILED tests/test_a.py::test_x - AssertionError` and `ERROR ...` of the short summary.
fn short_summary(stdout: &str) -> impl Iterator<Item = (&str, &str)> {
    let at = stdout.rfind("short test summary info").unwrap_or(stdout.len());
    stdout[at..].lines().filter_map(|line| {
        let rest = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR "))?;
        Some(rest.split_once(" - ").unwrap_or((rest, "")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(collected: &str, last: &str) -> String {
        format!("===== test session starts =====\n{collected}\n\ntests/test_a.py ..F\n\n=== {last} ===\n")
    }

    #[test]
    fn the_last_line_is_read_when_it_agrees() {
        let table = [
            ("collected 4 items", "1 failed, 3 passed in 0.12s", (4, 3, 1, 0)),
            ("collected 1 item", "1 passed in 75.00s (0:01:15)", (1, 1, 0, 0)),
            (
                "collected 6 items / 2 deselected / 4 selected",
                "2 passed, 1 skipped, 2 deselected, 1 xfailed, 1 warning in 1.00s",
                (2, 2, 0, 2),
            ),
            ("collected 3 items", "2 passed, 1 error in 0.10s", (3, 2, 1, 0)),
            ("collected 2 items", "2 passed, 1 error in 0.10s", (2, 1, 1, 0)),
            ("4 workers [3 items]", "3 passed, 1 rerun in 0.10s", (3, 3, 0, 0)),
            ("collected 0 items", "no tests ran in 0.01s", (0, 0, 0, 0)),
            (
                "collected 9 items\n!!! stopping after 1 failures !!!",
                "1 failed, 1 passed in 0.12s",
                (2, 1, 1, 0),
            ),
        ];
        for (collected, last, expected) in table {
            let totals = parse(&report(collected, last)).unwrap_or_else(|error| panic!("{last}: {error}"));
            assert_eq!((totals.total, totals.passed, totals.failed, totals.skipped), expected, "{last}");
        }
    }

    #[test]
    fn failures_are_named_by_the_short_summary() {
        let text = report("collected 2 items", "1 failed, 1 passed in 0.12s").replace(
            "\n\n=== 1",
            "\n=== short test summary info ===\nFAILED tests/test_a.py::test_x - AssertionError: no\n=== 1",
        );
        let failures = parse(&text).unwrap().failures;
        assert_eq!(failures[0].name, "tests/test_a.py::test_x");
        assert_eq!(failures[0].message, "AssertionError: no");
    }

    #[test]
    fn what_disagrees_is_unclear_and_what_is_prose_is_no_report() {
        let fake = report("collected 2 items", "1 failed, 1 passed in 0.1s") + "=== 500 passed in 0.1s ===\n";
        assert!(matches!(parse(&fake), Err(ReportError::Unclear { .. })));
        let quiet = "...\n=== 3 passed in 0.01s ===\n";
        assert!(matches!(parse(quiet), Err(ReportError::Unclear { .. })));
        for text in ["", "all 3 passed in 0.1s", "=== 3 passed, lots of fun in 0.1s ===", "=== 3 passed ==="]
        {
            assert!(matches!(parse(text), Err(ReportError::NotFound { .. })), "{text}");
        }
    }
}
