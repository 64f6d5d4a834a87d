//! Topic `observability_alert`: verdicts on a rollout's steps, and alerts that come and go.

use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much an alert matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

/// Whether an alert stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It stands.
    Raised,
    /// It is over.
    Resolved,
}

/// Something about a service is not as it should be, or is again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ObservabilityAlert {
    /// The repository's name.
    pub repo: String,
    /// The service.
    pub service: String,
    /// What it is, in one line with the numbers.
    pub issue: String,
    /// How much it matters.
    pub severity: Severity,
    /// The service's output, kept by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Digest>,
    /// The numbers by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<BTreeMap<String, f64>>,
    /// The agent.
    pub agent: String,
    /// The alert's name within its service, the same while it lasts: `latency`, `died`.
    pub name: String,
    /// Whether it stands.
    pub state: AlertState,
    /// The environment.
    pub environment: String,
}

/// What an analysis says of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepVerdict {
    /// As good as what it is compared with.
    Pass,
    /// Worse, by more than matters.
    Fail,
    /// The numbers do not suffice to say.
    Inconclusive,
    /// There are no numbers.
    NoData,
}

/// One number compared.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ComparedNumber {
    /// What it measures, with its unit.
    pub metric: String,
    /// Of the version that it is compared with.
    pub baseline: Option<f64>,
    /// Of the new version.
    pub canary: Option<f64>,
    /// The difference that would still be tolerated.
    pub tolerated: f64,
    /// The probability of such a difference by chance, where a test was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// What it says.
    pub verdict: StepVerdict,
    /// Why, for a person.
    pub because: String,
}

/// A step was analysed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisFinished {
    /// The repository's name.
    pub repo: String,
    /// The service.
    pub service: String,
    /// The version.
    pub version: String,
    /// The step's number.
    pub step: u32,
    /// What it says.
    pub verdict: StepVerdict,
    /// The numbers compared.
    pub numbers: Vec<ComparedNumber>,
    /// Which numbers are lacking, each in words.
    pub lacking: Vec<String>,
    /// How many requests each side had: what it is compared with, then the new version.
    pub requests: (u64, u64),
    /// The agent.
    pub agent: String,
    /// In one line.
    pub summary: String,
}

/// The slice of the observability agent.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Observability {
    /// The last analysis, by service.
    pub analyses: BTreeMap<String, AnalysisFinished>,
    /// Alerts that stand: their lines by service and name.
    pub alerts: BTreeMap<String, String>,
    /// When the last verdict came.
    pub changed: Timestamp,
}

impl Event for ObservabilityAlert {
    const KIND: &'static str = "orchestra.observability_alert.v1";
    const TOPIC: Topic = Topic::ObservabilityAlert;
    const KEY: &'static str = "repository and environment";
    type Slice = Observability;

    fn slice(state: &mut PipelineState) -> &mut Observability {
        &mut state.observability
    }

    fn fold(&self, slice: &mut Observability, envelope: &Envelope) {
        let name = format!("{}/{}", self.service, self.name);
        match self.state {
            AlertState::Raised => drop(slice.alerts.insert(name, self.issue.clone())),
            AlertState::Resolved => drop(slice.alerts.remove(&name)),
        }
        slice.changed = envelope.time;
    }

    fn example() -> Self {
        Self {
            repo: "shop".into(),
            service: "web".into(),
            issue: "error rate 4.1 % over 2 %".into(),
            severity: Severity::Warning,
            logs: None,
            metrics: Some(BTreeMap::from([("error_rate_percent".into(), 4.1)])),
            agent: "observability".into(),
            name: "error_rate".into(),
            state: AlertState::Raised,
            environment: "staging".into(),
        }
    }
}

impl Event for AnalysisFinished {
    const KIND: &'static str = "orchestra.analysis_finished.v1";
    const TOPIC: Topic = Topic::ObservabilityAlert;
    const KEY: &'static str = "repository and environment";
    type Slice = Observability;

    fn slice(state: &mut PipelineState) -> &mut Observability {
        &mut state.observability
    }

    fn fold(&self, slice: &mut Observability, envelope: &Envelope) {
        slice.analyses.insert(self.service.clone(), self.clone());
        slice.changed = envelope.time;
    }

    fn example() -> Self {
        Self {
            repo: "shop".into(),
            service: "web".into(),
            version: "a1b2c3d".into(),
            step: 1,
            verdict: StepVerdict::Fail,
            numbers: vec![ComparedNumber {
                metric: "errors in percent".into(),
                baseline: Some(0.1),
                canary: Some(5.4),
                tolerated: 1.0,
                p_value: Some(0.000_01),
                verdict: StepVerdict::Fail,
                because: "5.4 % against 0.1 % is more than 1 point above".into(),
            }],
            lacking: vec![],
            requests: (1_840, 460),
            agent: "observability".into(),
            summary: "a1b2c3d fails 5.4 % of its requests, 9f8e7d6 fails 0.1 %".into(),
        }
    }
}
