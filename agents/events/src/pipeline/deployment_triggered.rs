//! Topic `deployment_triggered`: a rollout, step by step.

use super::Status;
use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a step of a rollout is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The version is started beside what runs, and takes no traffic yet.
    Start,
    /// The version takes a share of the traffic, and is compared with the rest.
    Share,
    /// The version takes all traffic, and is watched.
    Promotion,
    /// The version is proven; what it replaced is drained and stopped.
    Proven,
}

/// Where a rollout stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RolloutStep {
    /// Its number, counted from 0 (the start).
    pub number: u32,
    /// How many there are after the start.
    pub of: u32,
    /// What it is for.
    pub kind: StepKind,
    /// The new version's share of the traffic in percent.
    pub weight: u8,
    /// How long the step is analysed or watched at most, in seconds; 0 when it isn't.
    pub seconds: u64,
    /// How long at least, even when the numbers are good before.
    #[serde(default)]
    pub least_seconds: u64,
    /// Whether health is enough, as the file may say.
    #[serde(default)]
    pub health_only: bool,
    /// The version that it is compared with; `None` for a first version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// Why this strategy: what else there was, how likely the choice was, and what was known.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// The strategy chosen.
    pub chosen: String,
    /// The others that could have been.
    pub alternatives: Vec<String>,
    /// The probability with which it was chosen, from 0 to 1.
    pub propensity: f64,
    /// Why, for a person.
    pub because: String,
    /// What was known when it was chosen.
    pub known: BTreeMap<String, serde_json::Value>,
}

/// Why a rollout does not go on by itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// A gate is not met yet: what it waits for, each in words.
    Gates(Vec<String>),
    /// Another run changes a service in this environment.
    Run(String),
    /// A person must approve; the approval's id.
    Approval(String),
    /// The file's step says to pause until a person promotes.
    Step,
    /// A person paused it.
    Paused(String),
    /// The numbers do not suffice; what is lacking.
    Inconclusive(Vec<String>),
    /// A freeze; who and why.
    Freeze(String),
    /// An effect's outcome is unknown.
    Unknown(String),
}

/// A deployment began, took a step, holds, succeeded or failed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeploymentTriggered {
    /// The repository's name.
    pub repo: String,
    /// The service.
    pub service_name: String,
    /// The version.
    pub version: String,
    /// `canary`, `blue-green`, `rolling`, or `first` for a version with nothing to compare with.
    pub strategy: String,
    /// How far it is.
    pub status: Status,
    /// The service's output, kept by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Digest>,
    /// The agent.
    pub agent: String,
    /// Why this strategy; with the first event of a rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The environment.
    pub environment: String,
    /// Where the rollout stands; `None` before its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<RolloutStep>,
    /// Why it does not go on by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Why it failed, or what is worth knowing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the service can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// One service's rollout, as last heard.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rollout {
    /// The version.
    pub version: String,
    /// The strategy.
    pub strategy: String,
    /// How far it is.
    pub status: Status,
    /// Where it stands.
    pub step: Option<RolloutStep>,
    /// Why it failed or what is worth knowing.
    pub reason: Option<String>,
    /// Where it can be reached.
    pub address: Option<String>,
    /// Why this strategy.
    pub decision: Option<Decision>,
    /// When it began.
    pub started: Timestamp,
    /// When it last changed.
    pub changed: Timestamp,
}

/// The slice of the deployment agent.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// The rollouts, by service.
    pub services: BTreeMap<String, Rollout>,
    /// What it waits for.
    pub hold: Option<Hold>,
}

impl Event for DeploymentTriggered {
    const KIND: &'static str = "orchestra.deployment_triggered.v1";
    const TOPIC: Topic = Topic::DeploymentTriggered;
    const KEY: &'static str = "repository and environment";
    type Slice = Deployment;

    fn slice(state: &mut PipelineState) -> &mut Deployment {
        &mut state.deployment
    }

    fn fold(&self, slice: &mut Deployment, envelope: &Envelope) {
        slice.hold.clone_from(&self.hold);
        if self.service_name.is_empty() {
            return;
        }
        let before = slice.services.get(&self.service_name);
        let rollout = Rollout {
            version: self.version.clone(),
            strategy: self.strategy.clone(),
            status: self.status,
            step: self.step.clone().or_else(|| before.and_then(|rollout| rollout.step.clone())),
            reason: self.reason.clone(),
            address: self.address.clone().or_else(|| before.and_then(|rollout| rollout.address.clone())),
            decision: self.decision.clone().or_else(|| before.and_then(|rollout| rollout.decision.clone())),
            started: before.map_or(envelope.time, |rollout| rollout.started),
            changed: envelope.time,
        };
        slice.services.insert(self.service_name.clone(), rollout);
    }

    fn example() -> Self {
        Self {
            repo: "shop".into(),
            service_name: "web".into(),
            version: "a1b2c3d".into(),
            strategy: "canary".into(),
            status: Status::InProgress,
            logs: None,
            agent: "deployment".into(),
            decision: Some(Decision {
                chosen: "canary".into(),
                alternatives: vec!["blue-green".into(), "rolling".into()],
                propensity: 1.0,
                because: "the file asks for it".into(),
                known: BTreeMap::from([("replicas".into(), 1.into())]),
            }),
            environment: "staging".into(),
            step: Some(RolloutStep {
                number: 1,
                of: 3,
                kind: StepKind::Share,
                weight: 20,
                seconds: 30,
                least_seconds: 10,
                health_only: false,
                baseline: Some("9f8e7d6".into()),
            }),
            hold: None,
            reason: None,
            address: Some("http://127.0.0.1:8080".into()),
        }
    }
}
