//! Reads JUnit XML by its test cases; a suite's own numbers are only compared with them.
//!
//! There is no one format: Ant's, Jenkins', Surefire's and a dozen runners' files are all taken.
//! No entity of a document type is ever expanded, and size, depth and number of cases are bounded.

use super::text::first_line;
use super::totals::{ReportError, Tally, unclear};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::HashMap;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Deepest nesting of elements.
pub const MAX_DEPTH: usize = 64;
/// Most test cases in one file.
pub const MAX_CASES: usize = 200_000;

/// Counts the cases of one file into `tally`; answers with what was noticed on the way.
///
/// A case is failed with a `failure` or `error` child (once, however many), or a failed `status`;
/// otherwise skipped with a `skipped` child or a status such as `disabled`; otherwise passed.
/// `flakyFailure` and `flakyError` (Surefire, nextest) mark a case that passed in the end.
/// Some runners write each try as a case of its own: cases of the same suite, class, name, file and line
/// count once as soon as one of them failed and a later one followed; the last one decides.
///
/// # Errors
///
/// [`ReportError::NotAReport`] for other XML, [`ReportError::Corrupt`] for damaged XML,
/// [`ReportError::TooLarge`] past a limit, and [`ReportError::Unclear`] where a suite claims failures and
/// none of its cases shows one.
pub fn read_into(tally: &mut Tally, file: &str, bytes: &[u8]) -> Result<Vec<String>, ReportError> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large(file, format!("over {MAX_BYTES} bytes")));
    }
    let text = decode(bytes);
    let mut report = Report {
        file,
        frames: Vec::new(),
        cases: Vec::new(),
        by_key: HashMap::new(),
        remarks: Vec::new(),
        suites: 0,
    };
    let mut reader = Reader::from_str(&text);
    let mut roots = 0;
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                return Err(corrupt(file, format!("{error} near byte {}", reader.error_position())));
            }
        };
        match event {
            Event::Start(start) => {
                roots += usize::from(report.frames.is_empty());
                report.open(&start)?;
            }
            Event::Empty(start) => {
                roots += usize::from(report.frames.is_empty());
                report.open(&start)?;
                report.close()?;
            }
            Event::End(_) => report.close()?,
            Event::Text(text) => report.text(&text.xml10_content()),
            Event::CData(text) => report.text(&text.xml10_content()),
            Event::DocType(doctype) if doctype.contains("<!ENTITY") => {
                return Err(corrupt(file, "it declares entities, which are not expanded".to_owned()));
            }
            Event::Eof => break,
            _ => {}
        }
        if roots > 1 {
            return Err(corrupt(file, "it has more than one root element".to_owned()));
        }
    }
    if !report.frames.is_empty() {
        return Err(corrupt(file, "it ends before its root element does".to_owned()));
    }
    if roots == 0 {
        return Err(corrupt(file, "it has no element at all".to_owned()));
    }
    report.count_into(tally);
    Ok(report.remarks)
}

struct Report<'a> {
    file: &'a str,
    frames: Vec<Frame>,
    cases: Vec<Case>,
    /// Where the newest case of a key stands in `cases`.
    by_key: HashMap<[String; 5], usize>,
    remarks: Vec<String>,
    suites: u64,
}

enum Frame {
    Suite {
        path: String,
        name: String,
        claimed_tests: u64,
        claimed_failures: u64,
        first_case: usize,
    },
    Case {
        key: [String; 5],
        case: Case,
    },
    /// A `failure` or `error`, whose text is the message where no attribute is.
    Problem,
    Other,
}

#[derive(Clone, Default)]
struct Case {
    name: String,
    problem: Option<String>,
    skipped: bool,
    flaky: bool,
}

impl Case {
    fn failed(&self) -> bool {
        self.problem.is_some()
    }
}

impl Report<'_> {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), ReportError> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_large(self.file, format!("elements nest deeper than {MAX_DEPTH}")));
        }
        let element = start.local_name();
        let element: &str = element.as_ref();
        let mut attributes = attributes(start);
        if self.frames.is_empty() && !matches!(element, "testsuites" | "testsuite") {
            let why = format!("its root element is `{}`", first_line(element));
            return Err(ReportError::NotAReport { file: self.file.to_owned(), why });
        }
        let frame = match (element, self.frames.last_mut()) {
            ("testsuites" | "testsuite", None | Some(Frame::Suite { .. })) => self.suite(&attributes),
            ("testcase", Some(Frame::Suite { path, .. })) => {
                let take = |name: &str| attributes.get(name).cloned().unwrap_or_default();
                let (class, name) = (take("classname"), take("name"));
                let key = [path.clone(), class.clone(), name.clone(), take("file"), take("line")];
                let name = if class.is_empty() { name } else { format!("{class}.{name}") };
                let status = [take("status"), take("result")].map(|word| word.to_lowercase());
                let has = |words: &[&str]| status.iter().any(|word| words.contains(&word.as_str()));
                let problem = has(&["failed", "failure", "fail", "error", "errored"]).then(String::new);
                let skipped = has(&["skipped", "disabled", "notrun", "ignored", "pending"]);
                Frame::Case { key, case: Case { name, problem, skipped, flaky: false } }
            }
            ("failure" | "error", Some(Frame::Case { case, .. })) => {
                let message = attributes.remove("message").unwrap_or_default();
                if case.problem.as_ref().is_none_or(String::is_empty) {
                    case.problem = Some(first_line(&message));
                }
                Frame::Problem
            }
            // A suite can break outside of any case: it counts as one failed test.
            ("failure" | "error", Some(Frame::Suite { name, .. })) => {
                let message =
                    attributes.remove("message").or_else(|| attributes.remove("type")).unwrap_or_default();
                self.cases.push(Case {
                    name: name.clone(),
                    problem: Some(first_line(&message)),
                    ..Case::default()
                });
                Frame::Other
            }
            ("skipped" | "disabled" | "ignored", Some(Frame::Case { case, .. })) => {
                case.skipped = true;
                Frame::Other
            }
            ("flakyFailure" | "flakyError", Some(Frame::Case { case, .. })) => {
                case.flaky = true;
                Frame::Other
            }
            _ => Frame::Other,
        };
        self.frames.push(frame);
        Ok(())
    }

    fn suite(&mut self, attributes: &HashMap<String, String>) -> Frame {
        let number =
            |name: &str| attributes.get(name).and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
        self.suites += 1;
        // Two suites of one name are two suites, so the path carries its number.
        let path = self.suites.to_string();
        Frame::Suite {
            path,
            name: attributes.get("name").cloned().unwrap_or_default(),
            claimed_tests: number("tests"),
            claimed_failures: number("failures").saturating_add(number("errors")),
            first_case: self.cases.len(),
        }
    }

    fn text(&mut self, text: &str) {
        if let [.., Frame::Case { case, .. }, Frame::Problem] = self.frames.as_mut_slice()
            && case.problem.as_ref().is_none_or(String::is_empty)
        {
            case.problem = Some(first_line(text));
        }
    }

    fn close(&mut self) -> Result<(), ReportError> {
        match self.frames.pop() {
            Some(Frame::Case { key, case }) => self.case(key, case),
            Some(Frame::Suite { name, claimed_tests, claimed_failures, first_case, .. }) => {
                self.compare(&name, claimed_tests, claimed_failures, first_case)
            }
            Some(Frame::Problem | Frame::Other) | None => Ok(()),
        }
    }

    fn case(&mut self, key: [String; 5], case: Case) -> Result<(), ReportError> {
        if self.cases.len() >= MAX_CASES {
            return Err(too_large(self.file, format!("over {MAX_CASES} test cases")));
        }
        if let Some(&at) = self.by_key.get(&key)
            && let Some(earlier) = self.cases.get_mut(at)
            && earlier.failed()
            && !case.skipped
        {
            let flaky = !case.failed();
            *earlier = Case { flaky, ..case };
            return Ok(());
        }
        self.by_key.insert(key, self.cases.len());
        self.cases.push(case);
        Ok(())
    }

    fn compare(
        &mut self,
        name: &str,
        tests: u64,
        failures: u64,
        first_case: usize,
    ) -> Result<(), ReportError> {
        let cases = self.cases.get(first_case..).unwrap_or_default();
        let shown = cases.len() as u64;
        if failures > 0 && !cases.iter().any(|case| case.failed() || case.flaky) {
            let why = format!(
                "the suite `{}` claims {failures} failures and none of its cases shows one",
                first_line(name)
            );
            return Err(unclear(why));
        }
        if tests > shown && self.remarks.len() < 20 {
            self.remarks.push(format!(
                "the suite `{}` claims {tests} tests and shows {shown}; those shown are counted",
                first_line(name)
            ));
        }
        Ok(())
    }

    fn count_into(&self, tally: &mut Tally) {
        for case in &self.cases {
            match &case.problem {
                Some(message) => tally.fail(&case.name, message),
                None if case.skipped => tally.skip(1),
                None if case.flaky => tally.pass_again(),
                None => tally.pass(1),
            }
        }
    }
}

/// Attributes by name, values bounded; an unreadable one is left out, for no outcome rests on it alone.
fn attributes(start: &BytesStart<'_>) -> HashMap<String, String> {
    let mut all = HashMap::new();
    for attribute in start.attributes().with_checks(false).flatten().take(64) {
        let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.into_owned(),
        };
        all.insert(attribute.key.local_name().as_ref().to_owned(), value.chars().take(1000).collect());
    }
    all
}

/// UTF-8 as most write it, UTF-16 where a byte order mark says so; broken bytes become replacement marks.
fn decode(bytes: &[u8]) -> String {
    let units = |to: fn([u8; 2]) -> u16| -> String {
        let units = bytes[2..].chunks_exact(2).map(|pair| to([pair[0], pair[1]]));
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        other => String::from_utf8_lossy(other).into_owned(),
    }
}

fn corrupt(file: &str, why: String) -> ReportError {
    ReportError::Corrupt { file: file.to_owned(), why }
}

fn too_large(file: &str, why: String) -> ReportError {
    ReportError::TooLarge { file: file.to_owned(), why }
}

#[cfg(test)]
#[path = "junit_tests.rs"]
mod tests;
