//! What the deployment agent remembers of a lane: who waits, who rolls out, what is live.

use crate::effects::ServiceSpec;
use orchestra_analytics::plan::Pause;
use orchestra_events::file::pipeline::{self as file, CanaryAnalysis, Strategy};
use orchestra_events::pipeline::{Hold, RolloutStep, StepKind};
use orchestra_events::{Digest, RunId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many versions of a service are remembered.
const VERSIONS_REMEMBERED: usize = 10;
/// How long a bare weight is analysed at least, even when the numbers are good before.
pub const LEAST_ANALYSIS_SECONDS: u64 = 10;

/// One repository in one environment. It is the lock as well: one run at a time rolls out here.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Lane {
    /// Runs that have not ended.
    pub runs: BTreeMap<RunId, Plan>,
    /// The one that changes services now.
    pub rolling: Option<RunId>,
    /// What is live, by service.
    pub services: BTreeMap<String, Record>,
}

/// What is live of a service and what was.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The version that takes the traffic.
    pub live: Option<String>,
    /// Versions that were live, newest last.
    pub was: Vec<String>,
}

impl Record {
    /// Notes that a version takes all traffic now.
    pub fn goes_live(&mut self, version: &str) {
        self.was.retain(|old| old != version);
        self.was.push(version.to_owned());
        let surplus = self.was.len().saturating_sub(VERSIONS_REMEMBERED);
        self.was.drain(..surplus);
        self.live = Some(version.to_owned());
    }
}

/// What is known of a gate.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Nothing yet.
    #[default]
    Open,
    /// It is met.
    Met,
}

/// The gates before a deployment, as far as each is built.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Gates {
    /// The artefact is there.
    pub build: Gate,
    /// The tests passed.
    pub tests: Gate,
    /// The analysis passed.
    pub analysis: Gate,
    /// The infrastructure is ready.
    pub infrastructure: Gate,
}

impl Gates {
    /// What is still waited for, in words.
    pub fn open(&self) -> Vec<String> {
        let all = [
            (self.build, "the build"),
            (self.tests, "the tests"),
            (self.analysis, "the code analysis"),
            (self.infrastructure, "the infrastructure"),
        ];
        all.into_iter().filter(|(gate, _)| *gate == Gate::Open).map(|(_, name)| name.to_owned()).collect()
    }
}

/// How a run's approval stands.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Nobody was asked.
    #[default]
    NotAsked,
    /// It was asked for.
    Asked,
    /// Someone allowed to said yes.
    Granted,
}

/// A run on its way to deployment, or in it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The repository's name.
    pub repo: String,
    /// The environment.
    pub environment: String,
    /// The version.
    pub version: String,
    /// Who asked for it.
    pub requester: String,
    /// The file's section.
    pub deployment: file::Deployment,
    /// Whether a bad version is taken back by itself.
    pub rollback: bool,
    /// How long the promotion is watched, in seconds.
    pub watch_seconds: u64,
    /// Names of secrets that services are given.
    pub secrets: Vec<String>,
    /// The gates.
    pub gates: Gates,
    /// The artefact.
    pub artefact: Option<Digest>,
    /// How it is started when the file does not say.
    pub start: Vec<String>,
    /// Search paths that it needs.
    pub search_paths: BTreeMap<String, String>,
    /// A strategy asked for by a person.
    pub asked_strategy: Option<Strategy>,
    /// Its approval.
    pub approval: Approval,
    /// Where it stands.
    pub stage: Stage,
    /// Services already promoted by this run, with what they replaced.
    pub promoted: Vec<(String, Option<String>)>,
    /// Set when a person aborts: what is left to be put back.
    pub aborted_by: Option<String>,
}

/// Where a run stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It waits for gates, an approval, a freeze's end or another run.
    Gathering,
    /// The traffic of the service at this place of the file is looked up, to choose a strategy.
    Choosing(usize),
    /// It changes a service.
    Rolling(Box<Rolling>),
    /// The rollback agent takes a service back.
    GoingBack {
        /// The service.
        service: String,
        /// Why.
        reason: String,
    },
    /// What a person's abort left is put back: services still to do.
    PuttingBack(Vec<(String, Option<String>)>),
    /// Everything is promoted; the old versions are drained and stopped, service by service.
    Settling(Vec<String>),
}

/// A service's rollout.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rolling {
    /// Its place in the file.
    pub index: usize,
    /// The service.
    pub service: ServiceSpec,
    /// The strategy, or `first`.
    pub strategy: String,
    /// What is live and is compared with.
    pub baseline: Option<String>,
    /// The steps after the start.
    pub steps: Vec<PlannedStep>,
    /// The step that is under way; `None` while the version starts.
    pub at: Option<usize>,
    /// What is waited for.
    pub phase: Phase,
}

/// What a rollout waits for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The target makes it so.
    Shifting,
    /// The step is analysed or watched.
    Analysing,
    /// The step's pause runs, until this timer.
    Pausing(String),
    /// It does not go on by itself.
    Holding(Hold),
}

/// A step as planned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The new version's share in percent.
    pub weight: u8,
    /// How many of it run.
    pub replicas: u32,
    /// How long it is analysed or watched at most.
    pub seconds: u64,
    /// How long at least.
    pub least_seconds: u64,
    /// How long it rests after the analysis.
    pub pause: Option<Pause>,
    /// Whether it is the promotion.
    pub promotion: bool,
}

impl Rolling {
    /// The step under way as events tell it; number 0 while the version starts.
    pub fn told(&self, health_only: bool) -> RolloutStep {
        let of = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        match self.at.and_then(|at| Some((at, self.steps.get(at)?))) {
            None => RolloutStep {
                number: 0,
                of,
                kind: StepKind::Start,
                weight: 0,
                seconds: 0,
                least_seconds: 0,
                health_only,
                baseline: self.baseline.clone(),
            },
            Some((at, step)) => RolloutStep {
                number: u32::try_from(at + 1).unwrap_or(u32::MAX),
                of,
                kind: if step.promotion { StepKind::Promotion } else { StepKind::Share },
                weight: step.weight,
                seconds: step.seconds,
                least_seconds: step.least_seconds,
                health_only,
                baseline: self.baseline.clone(),
            },
        }
    }
}

impl Plan {
    /// Whether the file says that health is enough.
    pub fn health_only(&self) -> bool {
        self.deployment.canary.analysis == Some(CanaryAnalysis::Health)
    }

    /// The service at this place, as the target needs to know it; `None` past the last.
    pub fn service(&self, index: usize) -> Option<ServiceSpec> {
        let service = self.deployment.services.get(index)?;
        Some(ServiceSpec {
            repo: self.repo.clone(),
            environment: self.environment.clone(),
            name: service.name.clone(),
            port: service.port.unwrap_or(0),
            command: service.command.clone(),
            health: service.health.clone(),
            replicas: service.replicas.max(1),
            env: service.env.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect(),
            secrets: self.secrets.clone(),
        })
    }

    /// The steps of a service's rollout by a strategy.
    pub fn steps(&self, strategy: orchestra_analytics::plan::Strategy, replicas: u32) -> Vec<PlannedStep> {
        let canary: Vec<_> = self.deployment.canary.steps.iter().map(canary_step).collect();
        orchestra_analytics::plan::plan(strategy, replicas, &canary)
            .into_iter()
            .map(|step| self.planned(step))
            .collect()
    }

    fn planned(&self, step: orchestra_analytics::plan::Step) -> PlannedStep {
        let asked = self.deployment.canary.steps.iter().find(|asked| asked.weight == step.weight);
        let bare = asked.is_none_or(|asked| asked.analysis.is_none());
        let analysed = step.analysis.unwrap_or(0);
        let (seconds, least_seconds) = match (step.promotion, bare) {
            (true, _) => (self.watch_seconds, self.watch_seconds),
            (false, true) => (analysed, LEAST_ANALYSIS_SECONDS.min(analysed)),
            (false, false) => (analysed, analysed),
        };
        PlannedStep {
            weight: step.weight,
            replicas: step.replicas,
            seconds,
            least_seconds,
            pause: step.pause,
            promotion: step.promotion,
        }
    }

    /// The one step of a first version: all traffic, on its health checks.
    pub fn first_steps(replicas: u32) -> Vec<PlannedStep> {
        vec![PlannedStep {
            weight: 100,
            replicas,
            seconds: 0,
            least_seconds: 0,
            pause: None,
            promotion: true,
        }]
    }
}

fn canary_step(step: &file::CanaryStep) -> orchestra_analytics::plan::CanaryStep {
    orchestra_analytics::plan::CanaryStep {
        weight: step.weight,
        pause: step.pause.map(Pause::Seconds),
        analysis: step.analysis,
    }
}
