//! The shared state of a run: the fold of its events, one slice per agent.
//!
//! An agent changes its own slice only, and only by publishing its event: each event names its slice as a type,
//! and the fold that writes it lives in the event's file.

use crate::catalog::AnyEvent;
use crate::envelope::Envelope;
use crate::ids::RunId;
use crate::people::{Approvals, Incidents, LastCommand};
use crate::pipeline::{
    AnalysisResult, BuildResult, Deployment, Ending, InfraResult, Observability, RepoContext, Rollbacks,
    TestsResult,
};
use serde::{Deserialize, Serialize};

/// Everything known of a run. Handlers read it as a value.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct PipelineState {
    /// The run.
    pub run: Option<RunId>,
    /// GitOps: what is delivered.
    pub repo_context: RepoContext,
    /// Code analysis: what was found.
    pub code_analysis: Option<AnalysisResult>,
    /// Build: what it came to.
    pub build_result: Option<BuildResult>,
    /// Test: the totals.
    pub test_results: Option<TestsResult>,
    /// Infrastructure: whether it is ready.
    pub infra: Option<InfraResult>,
    /// Deployment: the rollouts.
    pub deployment: Deployment,
    /// Observability: verdicts and alerts.
    pub observability: Observability,
    /// Rollback: the last one.
    pub rollback: Option<Rollbacks>,
    /// Approvals: the run's approval.
    pub approval: Option<Approvals>,
    /// Incidents: what came of a rollback.
    pub incident: Option<Incidents>,
    /// ChatOps: the last command.
    pub chatops_command: Option<LastCommand>,
    /// How the run stands as a whole.
    pub status: Ending,
}

impl PipelineState {
    /// Folds an event into the state. A payload that does not read, or an unknown kind, changes nothing.
    pub fn apply(&mut self, envelope: &Envelope) {
        if self.run.is_none() {
            self.run = envelope.run();
        }
        if let Ok(event) = AnyEvent::decode(envelope) {
            event.fold(self, envelope);
        }
    }

    /// Whether the run is over.
    pub fn ended(&self) -> bool {
        self.status.outcome.is_some()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ids::{Actor, EventId, Timestamp};
    use serde_json::{Value, json};

    pub(crate) fn envelope(kind: &str, data: Value) -> Envelope {
        Envelope {
            specversion: "1.0".into(),
            id: EventId("1".into()),
            source: "/test".into(),
            kind: kind.into(),
            subject: None,
            time: Timestamp(1_000),
            datacontenttype: "application/json".into(),
            partitionkey: "shop@staging".into(),
            correlationid: Some("RUN-7".into()),
            causationid: None,
            traceparent: None,
            actor: Actor("user:alice".into()),
            data,
        }
    }

    #[test]
    fn a_run_that_has_ended_stays_ended_as_it_did() {
        let mut state = PipelineState::default();
        state.apply(&envelope(
            "orchestra.run_ended.v1",
            json!({"repo": "shop", "outcome": "aborted", "reason": "a"}),
        ));
        state.apply(&envelope(
            "orchestra.run_ended.v1",
            json!({"repo": "shop", "outcome": "live", "reason": "b"}),
        ));
        assert_eq!(state.status.reason, "a");
        assert!(state.ended());
    }

    #[test]
    fn an_unknown_kind_and_a_broken_payload_change_nothing() {
        let mut state = PipelineState { run: Some(RunId(7)), ..PipelineState::default() };
        let before = state.clone();
        state.apply(&envelope("orchestra.from_the_future.v9", json!({"x": 1})));
        state.apply(&envelope("orchestra.run_ended.v1", json!("nonsense")));
        assert_eq!(state, before);
    }
}
