//! Topic `code_analysis`: what reading the code found.

use super::Status;
use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::Timestamp;
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing found, with its place.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// The rule that found it.
    pub rule: String,
    /// The file, from the repository's root.
    pub file: String,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What it is, for a person; secrets masked.
    pub message: String,
}

/// The analysis of a commit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CodeAnalysis {
    /// The repository's name.
    pub repo: String,
    /// Whether nothing stands in the way.
    pub passed: bool,
    /// What should be looked at; at most 50.
    pub warnings: Vec<Remark>,
    /// What stands in the way; at most 50.
    pub errors: Vec<Remark>,
    /// What is good to know, such as what was left out; at most 50.
    pub notes: Vec<Remark>,
    /// The agent.
    pub agent: String,
    /// Why it could not be done, when it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The slice of the code-analysis agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AnalysisResult {
    /// How it ended.
    pub status: Status,
    /// What stands in the way.
    pub errors: Vec<Remark>,
    /// How many warnings there were.
    pub warnings: usize,
    /// Why it could not be done.
    pub reason: Option<String>,
    /// When it ended.
    pub ended: Timestamp,
}

impl Event for CodeAnalysis {
    const KIND: &'static str = "orchestra.code_analysis.v1";
    const TOPIC: Topic = Topic::CodeAnalysis;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<AnalysisResult>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.code_analysis
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        *slice = Some(AnalysisResult {
            status: if self.passed { Status::Success } else { Status::Failed },
            errors: self.errors.iter().take(5).cloned().collect(),
            warnings: self.warnings.len(),
            reason: self.reason.clone(),
            ended: envelope.time,
        });
    }

    fn example() -> Self {
        Self {
            repo: "shop".into(),
            passed: false,
            warnings: vec![],
            errors: vec![Remark {
                rule: "conflict-marker".into(),
                file: "src/price.rs".into(),
                line: 12,
                message: "a merge conflict was committed".into(),
            }],
            notes: vec![],
            agent: "code-analysis".into(),
            reason: None,
        }
    }
}
