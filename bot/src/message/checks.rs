//! What the checks before a deployment found: the file, the code, the build, the tests, the infrastructure.

use super::shape::{Message, Tone};
use super::words::count;

/// One finding, with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// `error` or `warning`.
    pub severity: String,
    /// File and line, such as `src/main.rs:12`.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

/// Totals of a test run; passed and failed add up to the total.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// How many ran.
    pub total: u64,
    /// How many passed.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// The names of those that failed, in their order; may be cut.
    pub failed_names: Vec<String>,
}

impl Totals {
    /// `31 of 31 tests passed`, or `2 of 31 tests failed`.
    pub fn sentence(&self) -> String {
        if self.total == 0 {
            "no tests ran".to_owned()
        } else if self.failed == 0 {
            format!("{} of {} passed", self.passed, count(self.total, "test"))
        } else {
            format!("{} of {} failed", self.failed, count(self.total, "test"))
        }
    }
}

/// What `devops_orchestra.yaml` says wrong. `refused` when there is an error among the findings.
pub fn file_findings(file: &str, refused: bool, findings: &[Finding]) -> Message {
    let headline = if refused { format!("{file} has mistakes") } else { format!("{file} has warnings") };
    table(Message::new(if refused { Tone::Bad } else { Tone::Plain }, headline), findings)
}

/// No file was found; what was assumed instead.
pub fn file_detected(file: &str, assumed: &str) -> Message {
    Message::new(Tone::Plain, format!("no {file}: I looked at the repository instead")).text(assumed)
}

/// What the code analysis found.
pub fn analysis(passed: bool, findings: &[Finding]) -> Message {
    let errors = findings.iter().filter(|finding| finding.severity == "error").count() as u64;
    let warnings = findings.len() as u64 - errors;
    let found = format!("{}, {}", count(errors, "error"), count(warnings, "warning"));
    let message = if passed {
        Message::new(Tone::Good, format!("code analysis passed: {found}"))
    } else {
        Message::new(Tone::Bad, format!("code analysis refused: {found}"))
    };
    table(message, findings)
}

/// The build failed.
pub fn build_failed(tool: &str, reason: &str, output: &str) -> Message {
    Message::new(Tone::Bad, format!("the build with {tool} failed: {reason}")).code(output)
}

/// How the tests went.
pub fn tests(totals: &Totals, output: &str) -> Message {
    let tone = if totals.failed > 0 {
        Tone::Bad
    } else if totals.total == 0 {
        Tone::Plain
    } else {
        Tone::Good
    };
    let message =
        Message::new(tone, format!("tests: {}", totals.sentence())).text(names(&totals.failed_names));
    if totals.failed > 0 { message.code(output) } else { message }
}

/// The tests did not come to totals: they hung, broke, or could not be read.
pub fn tests_broke(reason: &str, output: &str) -> Message {
    Message::new(Tone::Bad, format!("tests: no result, {reason}")).code(output)
}

/// A part of the file that nothing here serves yet: refused by name, with what to set meanwhile.
pub fn not_served(what: &str, instead: &str) -> Message {
    Message::new(Tone::Bad, format!("{what} is not served here")).text(format!("Meanwhile: {instead}"))
}

/// Names as lines, at most twenty, with how many more there are.
pub(super) fn names(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut lines: Vec<String> = names.iter().take(MOST).map(|name| format!("✗ {name}")).collect();
    if names.len() > MOST {
        lines.push(format!("… and {} more", names.len() - MOST));
    }
    lines.join("\n")
}

fn table(message: Message, findings: &[Finding]) -> Message {
    message.table(
        &["severity", "place", "what"],
        findings.iter().map(|f| vec![f.severity.clone(), f.place.clone(), f.message.clone()]),
    )
}
