//! Topic `test_results`: what the tests said.

use super::Status;
use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A test that failed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FailedTest {
    /// Its name as the framework says it.
    pub name: String,
    /// The first line of what it said.
    pub message: String,
}

/// The tests began, passed or failed. `passed + failed = total_tests`, always.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TestResults {
    /// The repository's name.
    pub repo: String,
    /// How many ran.
    pub total_tests: u64,
    /// How many passed.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// Line coverage in percent, where the framework says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// The output, kept by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Digest>,
    /// The agent.
    pub agent: String,
    /// How far it is. `success` with no test at all happens only when the file switches testing off.
    pub status: Status,
    /// How many were skipped; they are not in the total.
    #[serde(default)]
    pub skipped: u64,
    /// The first tests that failed; at most 20.
    #[serde(default)]
    pub failures: Vec<FailedTest>,
    /// Why there are no totals, or why totals that look well still failed, or that testing is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The slice of the test agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TestsResult {
    /// How far it is.
    pub status: Status,
    /// How many ran.
    pub total: u64,
    /// How many passed.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// How many were skipped.
    pub skipped: u64,
    /// The first that failed.
    pub failures: Vec<FailedTest>,
    /// The output.
    pub logs: Option<Digest>,
    /// Why there are no totals, or that testing is off.
    pub reason: Option<String>,
    /// When they began.
    pub started: Timestamp,
    /// When they ended.
    pub ended: Option<Timestamp>,
}

impl Event for TestResults {
    const KIND: &'static str = "orchestra.test_results.v1";
    const TOPIC: Topic = Topic::TestResults;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<TestsResult>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.test_results
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        let started = slice.as_ref().map_or(envelope.time, |before| before.started);
        *slice = Some(TestsResult {
            status: self.status,
            total: self.total_tests,
            passed: self.passed,
            failed: self.failed,
            skipped: self.skipped,
            failures: self.failures.iter().take(10).cloned().collect(),
            logs: self.logs.clone(),
            reason: self.reason.clone(),
            started,
            ended: (self.status != Status::InProgress).then_some(envelope.time),
        });
    }

    fn example() -> Self {
        Self {
            repo: "shop".into(),
            total_tests: 12,
            passed: 11,
            failed: 1,
            coverage: None,
            logs: Some(Digest::of(b"log")),
            agent: "test".into(),
            status: Status::Failed,
            skipped: 0,
            failures: vec![FailedTest { name: "price::rounds".into(), message: "expected 3, got 2".into() }],
            reason: None,
        }
    }
}
