//! Topic `rollback_event`: going back, asked for and done.

use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a rollback is. Only a request is acted on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollbackStatus {
    /// Someone asks for it.
    Requested,
    /// It goes on.
    InProgress,
    /// Traffic is back.
    Success,
    /// It could not be done.
    Failed,
}

/// A rollback of one service.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RollbackEvent {
    /// The repository's name.
    pub repo: String,
    /// The service.
    pub service: String,
    /// Why.
    pub reason: String,
    /// Who asked: a person or an agent.
    pub triggered_by: String,
    /// How far it is.
    pub status: RollbackStatus,
    /// The service's output, kept by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Digest>,
    /// The version that traffic goes back to: as asked, then as done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<String>,
    /// The agent.
    pub agent: String,
    /// The version that is taken back, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_from: Option<String>,
    /// The environment.
    pub environment: String,
}

/// The last rollback of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rollbacks {
    /// As last heard.
    pub last: RollbackEvent,
    /// When it was asked for.
    pub requested: Timestamp,
    /// When it was last heard of.
    pub changed: Timestamp,
}

impl Event for RollbackEvent {
    const KIND: &'static str = "orchestra.rollback_event.v1";
    const TOPIC: Topic = Topic::RollbackEvent;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<Rollbacks>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.rollback
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        let requested = match (self.status, slice.as_ref()) {
            (RollbackStatus::Requested, _) | (_, None) => envelope.time,
            (_, Some(before)) => before.requested,
        };
        *slice = Some(Rollbacks { last: self.clone(), requested, changed: envelope.time });
    }

    fn example() -> Self {
        Self {
            repo: "shop".into(),
            service: "web".into(),
            reason: "a1b2c3d fails 5.4 % of its requests, 9f8e7d6 fails 0.1 %".into(),
            triggered_by: "agent:observability".into(),
            status: RollbackStatus::Requested,
            logs: None,
            rollback_to: Some("9f8e7d6".into()),
            agent: "observability".into(),
            rollback_from: Some("a1b2c3d".into()),
            environment: "staging".into(),
        }
    }
}
