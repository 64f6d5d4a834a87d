//! From a finished command to a verdict: the report and the exit code must agree.

use super::plan::ReportKind;
use super::totals::{ReportError, Tally, Totals, not_found, unclear};
use super::{cargo_text, go_json, junit, pytest_text, unittest_text};
use serde::Serialize;

/// What a finished test command left behind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Output<'a> {
    /// Standard output, whole: a cut report is refused as unclear.
    pub stdout: &'a str,
    /// Standard error, whole.
    pub stderr: &'a str,
    /// Report files, relative name and content, as [`super::files::find_reports`] gives them.
    pub files: &'a [(String, Vec<u8>)],
    /// The exit code, or nothing if a signal ended the command.
    pub exit_code: Option<i32>,
}

/// What a test run means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "reason")]
pub enum Verdict {
    /// At least one test ran, all passed, and the command says so too.
    Passed,
    /// A test failed, or the command did.
    Failed(String),
    /// The report is in order and holds no test that ran: not a success.
    NoTests,
}

/// A read test run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestRun {
    /// The numbers.
    pub totals: Totals,
    /// What they mean together with the exit code.
    pub verdict: Verdict,
    /// What was noticed while reading and changes nothing, one sentence each.
    pub remarks: Vec<String>,
}

/// Reads the report of `kind` from what the command left, and judges it together with the exit code.
///
/// # Errors
///
/// Any [`ReportError`]; without a report it is [`ReportError::NotFound`], never a success.
pub fn read(kind: &ReportKind, output: &Output<'_>) -> Result<TestRun, ReportError> {
    let mut remarks = Vec::new();
    let totals = match kind {
        ReportKind::CargoText => cargo_text::parse(output.stdout),
        ReportKind::UnittestText => unittest_text::parse(output.stderr),
        ReportKind::GoJson => go_json::parse(output.stdout),
        ReportKind::PytestJunit(path) if output.files.is_empty() => {
            remarks.push(format!("pytest left no `{path}`, so its text was read"));
            pytest_text::parse(output.stdout)
        }
        ReportKind::PytestJunit(path) => files(output.files, path, &mut remarks),
        ReportKind::JunitXml(patterns) => files(output.files, &patterns.join("`, `"), &mut remarks),
    };
    let totals = totals.map_err(|error| with_exit(error, output))?;
    let no_tests_code = matches!(kind, ReportKind::UnittestText | ReportKind::PytestJunit(_)).then_some(5);
    let verdict = match output.exit_code {
        None => Verdict::Failed("a signal ended the test command".to_owned()),
        Some(_) if totals.failed > 0 => {
            Verdict::Failed(format!("{} of {} tests failed", totals.failed, totals.total))
        }
        // pytest, and unittest from Python 3.12 on, end with 5 when there was nothing to run.
        Some(code) if totals.total == 0 && (code == 0 || Some(code) == no_tests_code) => Verdict::NoTests,
        Some(0) => Verdict::Passed,
        Some(code) => Verdict::Failed(format!(
            "no test of the report failed, and yet the command ended with exit code {code}"
        )),
    };
    if totals.failed > 0 && output.exit_code == Some(0) {
        remarks.push("the command ended with exit code 0 although tests failed".to_owned());
    }
    Ok(TestRun { totals, verdict, remarks })
}

fn files(
    files: &[(String, Vec<u8>)],
    wanted: &str,
    remarks: &mut Vec<String>,
) -> Result<Totals, ReportError> {
    if files.is_empty() {
        return Err(not_found(format!("no file matches `{wanted}`")));
    }
    let mut tally = Tally::default();
    for (name, bytes) in files {
        remarks.extend(junit::read_into(&mut tally, name, bytes)?);
    }
    remarks.truncate(20);
    Ok(tally.finish())
}

/// Says how the command ended where its report is missing: that is most often why.
fn with_exit(error: ReportError, output: &Output<'_>) -> ReportError {
    let ended = match output.exit_code {
        Some(0) => return error,
        Some(code) => format!("the command ended with exit code {code}"),
        None => "a signal ended the command".to_owned(),
    };
    match error {
        ReportError::NotFound { what } => not_found(format!("{what}; {ended}")),
        ReportError::Unclear { why } => unclear(format!("{why}; {ended}")),
        other @ (ReportError::Corrupt { .. }
        | ReportError::NotAReport { .. }
        | ReportError::TooLarge { .. }) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn junit(text: &str, exit_code: Option<i32>) -> Result<TestRun, ReportError> {
        let files = [("r.xml".to_owned(), text.as_bytes().to_vec())];
        let output = Output { files: &files, exit_code, ..Output::default() };
        read(&ReportKind::JunitXml(vec!["*.xml".to_owned()]), &output)
    }

    #[test]
    fn report_and_exit_code_must_agree() {
        let good = "<testsuite><testcase name='a'/></testsuite>";
        let bad = "<testsuite><testcase name='a'><failure/></testcase></testsuite>";
        let none = "<testsuite/>";
        assert_eq!(junit(good, Some(0)).unwrap().verdict, Verdict::Passed);
        assert_eq!(junit(none, Some(0)).unwrap().verdict, Verdict::NoTests);
        for (text, code) in
            [(good, Some(1)), (good, None), (bad, Some(0)), (bad, Some(1)), (none, Some(1)), (none, None)]
        {
            assert!(matches!(junit(text, code).unwrap().verdict, Verdict::Failed(_)), "{text} {code:?}");
        }
    }

    #[test]
    fn silence_is_never_success() {
        let kinds = [
            ReportKind::CargoText,
            ReportKind::UnittestText,
            ReportKind::GoJson,
            ReportKind::PytestJunit("r.xml".to_owned()),
            ReportKind::JunitXml(vec!["r.xml".to_owned()]),
        ];
        for kind in kinds {
            let silent = read(&kind, &Output { exit_code: Some(0), ..Output::default() });
            assert!(matches!(silent, Err(ReportError::NotFound { .. })), "{kind:?}: {silent:?}");
            let broken = read(&kind, &Output { exit_code: Some(101), ..Output::default() }).unwrap_err();
            assert!(broken.to_string().contains("exit code 101"), "{broken}");
        }
    }

    #[test]
    fn pytest_ends_with_5_when_it_found_nothing() {
        let files = [("r.xml".to_owned(), b"<testsuites><testsuite tests='0'/></testsuites>".to_vec())];
        let output = Output { files: &files, exit_code: Some(5), ..Output::default() };
        let run = read(&ReportKind::PytestJunit("r.xml".to_owned()), &output).unwrap();
        assert_eq!(run.verdict, Verdict::NoTests);
    }
}
