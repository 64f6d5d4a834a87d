//! Topic `build_ready`: what the build came to.

use super::Status;
use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A build began, succeeded or failed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BuildReady {
    /// The repository's name.
    pub repo: String,
    /// Where the result is: an image's address, or `artefact:` with the digest; empty until it succeeds.
    pub image_url: String,
    /// How far it is.
    pub status: Status,
    /// The build's output, kept by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Digest>,
    /// The agent.
    pub agent: String,
    /// The artefact's digest, once it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artefact: Option<Digest>,
    /// How the artefact is started when the file does not say.
    #[serde(default)]
    pub start: Vec<String>,
    /// Search paths that it needs: variable, and folder within the artefact.
    #[serde(default)]
    pub search_paths: BTreeMap<String, String>,
    /// The build tool.
    pub tool: String,
    /// Why it failed, for a person, with the last lines that matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The slice of the build agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BuildResult {
    /// How far it is.
    pub status: Status,
    /// The tool.
    pub tool: String,
    /// The artefact.
    pub artefact: Option<Digest>,
    /// How it is started when the file does not say.
    pub start: Vec<String>,
    /// Search paths that it needs.
    pub search_paths: BTreeMap<String, String>,
    /// The output.
    pub logs: Option<Digest>,
    /// Why it failed.
    pub reason: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl Event for BuildReady {
    const KIND: &'static str = "orchestra.build_ready.v1";
    const TOPIC: Topic = Topic::BuildReady;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<BuildResult>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.build_result
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        let started = slice.as_ref().map_or(envelope.time, |before| before.started);
        *slice = Some(BuildResult {
            status: self.status,
            tool: self.tool.clone(),
            artefact: self.artefact.clone(),
            start: self.start.clone(),
            search_paths: self.search_paths.clone(),
            logs: self.logs.clone(),
            reason: self.reason.clone(),
            started,
            ended: (self.status != Status::InProgress).then_some(envelope.time),
        });
    }

    fn example() -> Self {
        let artefact = Digest::of(b"artefact");
        Self {
            repo: "shop".into(),
            image_url: format!("artefact:{artefact}"),
            status: Status::Success,
            logs: Some(Digest::of(b"log")),
            agent: "build".into(),
            artefact: Some(artefact),
            start: vec!["./shop".into()],
            search_paths: BTreeMap::new(),
            tool: "cargo".into(),
            reason: None,
        }
    }
}
