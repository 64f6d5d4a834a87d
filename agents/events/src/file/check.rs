//! The front door: the text of a file in, every finding and perhaps the typed file out.

use serde::Serialize;
use serde_json::Value;

use super::finding::{self, Finding, Severity};
use super::meaning;
use super::pipeline::PipelineFile;
use super::schema;
use super::tree::{self, START};
use super::walk::{self, Report};

/// What `check` found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The file, with defaults filled in; `None` if there is any error.
    #[serde(skip)]
    pub pipeline: Option<PipelineFile>,
    /// Every mistake and remark, in the order of the file.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Whether the file can be used: no finding is an error.
    pub fn ok(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    /// `{"ok", "findings": [{"severity", "line", "column", "message", "suggestion"}]}`.
    pub fn to_json(&self) -> Value {
        serde_json::json!({ "ok": self.ok(), "findings": self.findings })
    }
}

/// Reads `devops_orchestra.yaml` and judges it.
///
/// All mistakes are told at once, sorted by place.
/// Text that is no YAML, or breaks a budget (256 KiB, 5,000 values, 16 levels, 16 KiB a scalar), gives one error.
/// Never panics; time and memory are bounded by the budgets, whatever the text.
pub fn check(text: &str) -> Checked {
    let read = tree::read(text);
    let mut report = Report::default();
    let mut pipeline = None;
    report.findings = read.findings;
    if let Some(root) = read.root {
        pipeline = judge(&root, &mut report);
    } else if report.findings.is_empty() {
        report.error(START, "file", "holds nothing", None);
    }
    let mut findings = report.findings;
    finding::sort(&mut findings);
    let checked = Checked { pipeline: None, findings };
    let pipeline = pipeline.filter(|_| checked.ok());
    Checked { pipeline, ..checked }
}

fn judge(root: &tree::Node, report: &mut Report) -> Option<PipelineFile> {
    let mut sound = walk::walk(root, report);
    meaning::settle_alerts(&mut sound, report);
    match serde_json::from_value::<PipelineFile>(sound) {
        Ok(mut file) => {
            meaning::complete(&mut file, report);
            meaning::judge(&file, report);
            Some(file)
        }
        // The table lets through what the types do not take: a defect of ours, told rather than hidden.
        Err(problem) => {
            report.error(root.place, "file", &format!("cannot be read: {problem}"), None);
            None
        }
    }
}

impl PipelineFile {
    /// The JSON Schema (draft 2020-12) of the file, for editors.
    pub fn schema() -> Value {
        schema::schema()
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "hostile_tests.rs"]
mod hostile;

#[cfg(test)]
#[path = "meaning_tests.rs"]
mod meanings;
