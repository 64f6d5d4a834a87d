//! Topic `approvals`: a yes that someone allowed to say it must say.

use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An approval is needed before a deployment goes on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRequested {
    /// Its id, `APR-` and the run's number.
    pub id: String,
    /// The repository's name.
    pub repo: String,
    /// The version.
    pub version: String,
    /// The environment.
    pub environment: String,
    /// What exactly is approved: the artefact's digest. A yes to another digest counts for nothing.
    pub subject: Digest,
    /// Who asked for the run; their own yes does not count.
    pub requester: String,
}

/// Someone said yes or no.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalDecided {
    /// The approval's id.
    pub id: String,
    /// The repository's name.
    pub repo: String,
    /// Whether it was a yes.
    pub granted: bool,
    /// Who.
    pub by: String,
    /// Why, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a run's approval stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Approvals {
    /// Its id.
    pub id: String,
    /// The decision, once there is one.
    pub granted: Option<bool>,
    /// Who decided.
    pub by: String,
    /// When it last changed.
    pub changed: Timestamp,
}

impl Event for ApprovalRequested {
    const KIND: &'static str = "orchestra.approval_requested.v1";
    const TOPIC: Topic = Topic::Approvals;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<Approvals>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.approval
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        *slice =
            Some(Approvals { id: self.id.clone(), granted: None, by: String::new(), changed: envelope.time });
    }

    fn example() -> Self {
        Self {
            id: "APR-7".into(),
            repo: "shop".into(),
            version: "a1b2c3d".into(),
            environment: "production".into(),
            subject: Digest::of(b"artefact"),
            requester: "user:alice".into(),
        }
    }
}

impl Event for ApprovalDecided {
    const KIND: &'static str = "orchestra.approval_decided.v1";
    const TOPIC: Topic = Topic::Approvals;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<Approvals>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.approval
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        *slice = Some(Approvals {
            id: self.id.clone(),
            granted: Some(self.granted),
            by: self.by.clone(),
            changed: envelope.time,
        });
    }

    fn example() -> Self {
        Self { id: "APR-7".into(), repo: "shop".into(), granted: true, by: "user:bob".into(), reason: None }
    }
}
