//! Topic `iac_ready`: the infrastructure that the deployment needs.

use super::Status;
use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The infrastructure is ready, or can't be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IaCReady {
    /// The repository's name.
    pub repo: String,
    /// What there is.
    pub resources: Vec<String>,
    /// How it ended.
    pub status: Status,
    /// The tool's output, kept by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Digest>,
    /// What it says to those who come after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<BTreeMap<String, String>>,
    /// The agent.
    pub agent: String,
    /// Why not, or why nothing was needed.
    pub reason: String,
}

/// The slice of the infrastructure agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct InfraResult {
    /// How it ended.
    pub status: Status,
    /// Why.
    pub reason: String,
    /// When.
    pub ended: Timestamp,
}

impl Event for IaCReady {
    const KIND: &'static str = "orchestra.iac_ready.v1";
    const TOPIC: Topic = Topic::IacReady;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<InfraResult>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.infra
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        *slice = Some(InfraResult { status: self.status, reason: self.reason.clone(), ended: envelope.time });
    }

    fn example() -> Self {
        Self {
            repo: "shop".into(),
            resources: vec![],
            status: Status::Success,
            logs: None,
            outputs: None,
            agent: "infrastructure".into(),
            reason: "the file asks for none".into(),
        }
    }
}
