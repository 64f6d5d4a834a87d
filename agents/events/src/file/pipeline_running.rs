//! The sections of the file that speak of running services; the other half of `pipeline`.

use serde::{Deserialize, Serialize};

use super::pipeline::{AlertKind, CanaryAnalysis, Notice, RollbackAction, Seconds, Strategy};

/// The target that needs nothing: processes on this machine.
pub const LOCAL: &str = "local";

/// What runs where, and how a new version gets there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deployment {
    /// What kind of place is deployed to, as written.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whose cloud is deployed to, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The target: as written, else the provider, else a type that is not local, else `local`.
    pub target: String,
    /// How a new version takes over; `None` where the file leaves the choice open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// The provider's region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The environment.
    pub environment: String,
    /// What runs, each name and port once.
    pub services: Vec<Service>,
    /// The steps of the strategy canary.
    pub canary: Canary,
}

impl Default for Deployment {
    fn default() -> Deployment {
        Deployment {
            kind: None,
            provider: None,
            target: LOCAL.to_owned(),
            strategy: None,
            region: None,
            environment: "default".to_owned(),
            services: Vec::new(),
            canary: Canary::default(),
        }
    }
}

/// One service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Its name, once in the file.
    pub name: String,
    /// What the provider runs it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The port that callers use, once in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Starts one process; `None` where it is left to detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The path that answers once the service is ready; `None`: an open port is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// How many processes run, from 1 to 32.
    pub replicas: u32,
    /// Environment variables, each once.
    pub env: Vec<EnvironmentVariable>,
}

impl Default for Service {
    fn default() -> Service {
        Service {
            name: String::new(),
            runtime: None,
            port: None,
            command: None,
            health: None,
            replicas: 1,
            env: Vec::new(),
        }
    }
}

/// One environment variable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvironmentVariable {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The steps of the strategy canary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Canary {
    /// The steps; the last has the weight 100, the promotion.
    pub steps: Vec<CanaryStep>,
    /// What passes a step; `None` as `metrics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<CanaryAnalysis>,
}

impl Default for Canary {
    /// 10, 50 and 100 percent.
    fn default() -> Canary {
        Canary { steps: [10, 50, 100].map(CanaryStep::bare).to_vec(), analysis: None }
    }
}

/// One step of a canary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CanaryStep {
    /// Percent of the traffic, from 1 to 100.
    pub weight: u8,
    /// Seconds to wait before the step is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Seconds>,
    /// Seconds to compare at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<Seconds>,
}

impl CanaryStep {
    /// A step that is written as a weight alone.
    pub fn bare(weight: u8) -> CanaryStep {
        CanaryStep { weight, pause: None, analysis: None }
    }
}

/// When and how a bad version is undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rollback {
    /// Whether it happens without being asked.
    pub enabled: bool,
    /// What makes a promoted version bad.
    pub threshold: RollbackThreshold,
    /// What undoing means.
    pub action: RollbackAction,
}

impl Default for Rollback {
    fn default() -> Rollback {
        let threshold = RollbackThreshold::default();
        Rollback { enabled: true, threshold, action: RollbackAction::PreviousVersion }
    }
}

/// What makes a promoted version bad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RollbackThreshold {
    /// Processor use in percent.
    pub cpu: f64,
    /// Failed requests in percent.
    pub errors: f64,
    /// Seconds that a promoted version is watched.
    pub duration: Seconds,
}

impl Default for RollbackThreshold {
    fn default() -> RollbackThreshold {
        RollbackThreshold { cpu: 90.0, errors: 5.0, duration: 300 }
    }
}

/// What is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observability {
    /// Whether services are watched.
    pub enabled: bool,
    /// Tools that also watch.
    pub tools: Vec<String>,
    /// What is told when it goes over its threshold.
    pub alerts: Vec<Alert>,
    /// Thresholds for alerts that have none of their own.
    pub thresholds: Thresholds,
}

impl Default for Observability {
    fn default() -> Observability {
        let thresholds = Thresholds::default();
        Observability { enabled: true, tools: Vec::new(), alerts: Vec::new(), thresholds }
    }
}

/// One alert; a file that gives it no threshold takes the one of [`Thresholds`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What is measured, which also says the threshold's unit.
    #[serde(rename = "type")]
    pub kind: AlertKind,
    /// Percent; milliseconds for latency; bytes a second for network.
    pub threshold: f64,
}

/// Thresholds for alerts that have none of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Processor use in percent.
    pub cpu_usage: f64,
    /// Memory in use in percent.
    pub memory_usage: f64,
    /// Disk in use in percent.
    pub disk_usage: f64,
    /// Failed requests in percent.
    pub error_rate: f64,
    /// Time to answer in milliseconds, at the 95th percentile.
    pub request_latency: f64,
    /// Bytes a second in both directions; not watched where the file has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_throughput: Option<f64>,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            cpu_usage: 80.0,
            memory_usage: 85.0,
            disk_usage: 80.0,
            error_rate: 2.0,
            request_latency: 1000.0,
            network_throughput: None,
        }
    }
}

impl Thresholds {
    /// The threshold for one kind of alert, in that kind's unit.
    pub fn of(&self, kind: AlertKind) -> Option<f64> {
        match kind {
            AlertKind::Latency => Some(self.request_latency),
            AlertKind::ErrorRate => Some(self.error_rate),
            AlertKind::Cpu => Some(self.cpu_usage),
            AlertKind::Memory => Some(self.memory_usage),
            AlertKind::Disk => Some(self.disk_usage),
            AlertKind::Network => self.network_throughput,
        }
    }
}

/// What is told in chat, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatOps {
    /// Whether anything is told.
    pub enabled: bool,
    /// The chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What is told.
    pub notify_on: Vec<Notice>,
}

impl Default for ChatOps {
    fn default() -> ChatOps {
        let notify_on = vec![Notice::DeploymentSuccess, Notice::DeploymentFailure, Notice::RollbackTriggered];
        ChatOps { enabled: true, platform: None, channel: None, notify_on }
    }
}
