//! Reads `go test -json`: one JSON event per line (`go doc test2json`).

use super::text::first_line;
use super::totals::{ReportError, Tally, Totals, not_found, unclear};
use serde::Deserialize;
use std::collections::BTreeMap;

/// More distinct tests than this are refused.
const MAX_TESTS: usize = 200_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    action: String,
    #[serde(default)]
    package: String,
    #[serde(default)]
    test: String,
    #[serde(default)]
    output: String,
}

#[derive(Default)]
struct Package {
    ended: Option<Outcome>,
    tests: BTreeMap<String, Test>,
    output: String,
}

#[derive(Default)]
struct Test {
    runs: u64,
    outcome: Option<Outcome>,
    output: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Skipped,
    Passed,
    Failed,
}

/// Reads the standard output of `go test -json`.
///
/// Every named test counts, sub-tests and their parents alike, as Go itself reports each.
/// With `-count` above one the worst outcome of a test counts, once.
/// A package that failed without a failed test (it did not build, or its `TestMain` ended it) is one failure.
///
/// # Errors
///
/// [`ReportError::NotFound`] without any event; [`ReportError::Unclear`] for a broken line, an outcome without
/// a run, or a package that passed while one of its tests did not.
pub fn parse(stdout: &str) -> Result<Totals, ReportError> {
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    let mut tests = 0_usize;
    let mut unbuilt: Vec<String> = Vec::new();
    for text in stdout.lines() {
        if !text.starts_with('{') {
            // Before Go 1.24 a package that does not build is told as plain text.
            if let Some(rest) = text.strip_prefix("FAIL\t") {
                unbuilt.push(rest.split([' ', '\t']).next().unwrap_or(rest).to_owned());
            }
            continue;
        }
        let line: Line = serde_json::from_str(text)
            .map_err(|error| unclear(format!("a line is not an event of go test: {error}")))?;
        if line.package.is_empty() {
            continue;
        }
        let package = packages.entry(line.package.clone()).or_default();
        if line.test.is_empty() {
            package.take(&line);
            continue;
        }
        if !package.tests.contains_key(&line.test) {
            tests += 1;
            if tests > MAX_TESTS {
                return Err(ReportError::TooLarge {
                    file: String::new(),
                    why: format!("over {MAX_TESTS} tests"),
                });
            }
        }
        package.tests.entry(line.test.clone()).or_default().take(&line)?;
    }
    if packages.is_empty() && unbuilt.is_empty() {
        return Err(not_found("the output has no event of `go test -json`"));
    }
    let mut tally = Tally::default();
    for (name, package) in &packages {
        package.count_into(name, &mut tally)?;
    }
    for name in unbuilt.iter().filter(|name| !packages.contains_key(*name)) {
        tally.fail(name, "the package does not build");
    }
    Ok(tally.finish())
}

impl Package {
    fn take(&mut self, line: &Line) {
        match line.action.as_str() {
            "pass" => self.ended = Some(Outcome::Passed),
            "fail" => self.ended = Some(Outcome::Failed),
            "skip" => self.ended = Some(Outcome::Skipped),
            "output" => keep(&mut self.output, &line.output),
            _ => {}
        }
    }

    fn count_into(&self, name: &str, tally: &mut Tally) -> Result<(), ReportError> {
        let Some(ended) = self.ended else {
            return Err(unclear(format!("the package `{name}` never ended")));
        };
        let before = tally.failed();
        for (test, seen) in &self.tests {
            let full = format!("{name}.{test}");
            match seen.outcome {
                Some(Outcome::Passed) => tally.pass(1),
                Some(Outcome::Skipped) => tally.skip(1),
                Some(Outcome::Failed) => tally.fail(&full, &message(&seen.output)),
                // The package died under it: a panic, a time limit, `os.Exit`.
                None if ended == Outcome::Failed => tally.fail(&full, "the test never ended"),
                None => return Err(unclear(format!("the test `{full}` began and never ended"))),
            }
        }
        let failed = tally.failed() > before;
        match ended {
            Outcome::Failed if !failed => tally.fail(name, &message(&self.output)),
            Outcome::Passed | Outcome::Skipped if failed => {
                return Err(unclear(format!("the package `{name}` passed while one of its tests failed")));
            }
            Outcome::Failed | Outcome::Passed | Outcome::Skipped => {}
        }
        Ok(())
    }
}

impl Test {
    fn take(&mut self, line: &Line) -> Result<(), ReportError> {
        let outcome = match line.action.as_str() {
            "run" => {
                self.runs += 1;
                return Ok(());
            }
            "output" => {
                keep(&mut self.output, &line.output);
                return Ok(());
            }
            "pass" => Outcome::Passed,
            "fail" => Outcome::Failed,
            "skip" => Outcome::Skipped,
            _ => return Ok(()),
        };
        if self.runs == 0 {
            return Err(unclear(format!("the test `{}` ended without having run", first_line(&line.test))));
        }
        self.runs -= 1;
        self.outcome = self.outcome.max(Some(outcome));
        Ok(())
    }
}

/// Keeps the first 4 KiB of a test's output: its message is near the front.
fn keep(kept: &mut String, more: &str) {
    if kept.len() < 4096 {
        kept.push_str(more.get(..more.len().min(4096)).unwrap_or_default());
    }
}

fn message(output: &str) -> String {
    let frame = |line: &&str| {
        let line = line.trim();
        !line.is_empty()
            && !line.starts_with("=== ")
            && !line.starts_with("--- ")
            && !line.starts_with("FAIL")
    };
    first_line(output.lines().find(frame).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(lines: &[(&str, &str, &str)]) -> String {
        let one = |(action, package, test): &(&str, &str, &str)| {
            format!("{{\"Action\":\"{action}\",\"Package\":\"{package}\",\"Test\":\"{test}\"}}\n")
        };
        lines.iter().map(one).collect()
    }

    #[test]
    fn tests_and_packages_are_counted() {
        let text = events(&[
            ("start", "a", ""),
            ("run", "a", "T1"),
            ("pass", "a", "T1"),
            ("run", "a", "T2"),
            ("skip", "a", "T2"),
            ("pass", "a", ""),
            ("run", "b", "T1"),
            ("run", "b", "T1/sub"),
            ("fail", "b", "T1/sub"),
            ("fail", "b", "T1"),
            ("fail", "b", ""),
            ("skip", "no-tests", ""),
        ]);
        let totals = parse(&text).unwrap();
        assert_eq!((totals.total, totals.passed, totals.failed, totals.skipped), (3, 1, 2, 1));
    }

    #[test]
    fn a_package_that_dies_is_a_failure() {
        let exited = events(&[("fail", "a", "")]);
        assert_eq!(parse(&exited).unwrap().failed, 1);
        let panicked = events(&[("run", "a", "T1"), ("fail", "a", "")]);
        assert_eq!(parse(&panicked).unwrap().failures[0].name, "a.T1");
        assert_eq!(parse("FAIL\texample.com/x [build failed]\n").unwrap().failed, 1);
    }

    #[test]
    fn contradictions_are_unclear() {
        for text in [
            events(&[("pass", "a", "T1"), ("pass", "a", "")]),
            events(&[("run", "a", "T1"), ("fail", "a", "T1"), ("pass", "a", "")]),
            events(&[("run", "a", "T1"), ("pass", "a", "T1")]),
            events(&[("run", "a", "T1"), ("pass", "a", "")]),
            events(&[("pass", "a", "")]) + "{\"Action\":\"pa",
        ] {
            assert!(matches!(parse(&text), Err(ReportError::Unclear { .. })), "{text}");
        }
        assert!(matches!(parse("ok  \texample.com/x\t0.1s\n"), Err(ReportError::NotFound { .. })));
    }

    #[test]
    fn run_again_by_count_the_worst_outcome_counts_once() {
        let text = events(&[
            ("run", "a", "T"),
            ("fail", "a", "T"),
            ("run", "a", "T"),
            ("pass", "a", "T"),
            ("fail", "a", ""),
        ]);
        let totals = parse(&text).unwrap();
        assert_eq!((totals.total, totals.failed), (1, 1));
    }
}
