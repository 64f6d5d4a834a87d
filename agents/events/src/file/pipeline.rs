//! The typed file, as it travels in events: plain data, every default filled in.
//!
//! Its JSON is itself a valid file: reading it back with `check` gives the same value.
//! Percentages are from 0 to 100, durations whole seconds.

use serde::{Deserialize, Serialize};

use super::shape::Shape;

/// A length of time in whole seconds.
pub type Seconds = u64;

/// A closed list of words: an enum that knows how each variant is written.
pub(super) trait Words {
    /// Every word, in the order in which help lists them.
    const WORDS: &'static [&'static str];
}

/// The shape of a closed list, for the table.
pub(super) const fn closed_words<W: Words>() -> Shape {
    Shape::Word(W::WORDS)
}

/// Writes an enum, its spelling in the file and its list of words from one place.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$note])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every variant, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word in the file.
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        impl Words for $name {
            const WORDS: &'static [&'static str] = &[$($word),+];
        }
    };
}

words! {
    /// What turns source into something that runs.
    BuildTool {
        /// An image from a Dockerfile.
        Docker = "docker",
        /// Java, from `pom.xml`.
        Maven = "maven",
        /// Java or Kotlin, from `build.gradle`.
        Gradle = "gradle",
        /// JavaScript with `package-lock.json`.
        Npm = "npm",
        /// JavaScript with `yarn.lock`.
        Yarn = "yarn",
        /// JavaScript with `pnpm-lock.yaml`.
        Pnpm = "pnpm",
        /// Python, from `requirements.txt` or `setup.py`.
        Pip = "pip",
        /// Python with `poetry.lock`.
        Poetry = "poetry",
        /// Python with `uv.lock`.
        Uv = "uv",
        /// Rust.
        Cargo = "cargo",
        /// Go.
        Go = "go",
        /// A `Makefile`.
        Make = "make",
        /// The command in the file.
        Custom = "custom",
    }
}

words! {
    /// How a new version takes over from the old one.
    Strategy {
        /// Both run whole, then all traffic moves at once.
        BlueGreen = "blue-green",
        /// The new version gets a growing part of the traffic and is compared with the old one.
        Canary = "canary",
        /// Processes are replaced one after another.
        Rolling = "rolling",
    }
}

impl Default for Strategy {
    /// Canary: the only one that can refuse a version that is healthy and wrong.
    fn default() -> Strategy {
        Strategy::Canary
    }
}

words! {
    /// What passes a step of a canary.
    CanaryAnalysis {
        /// Errors and latency compared with the running version.
        Metrics = "metrics",
        /// Health checks alone.
        Health = "health",
    }
}

words! {
    /// What provisions infrastructure.
    InfrastructureTool {
        /// Nothing to provision.
        None = "none",
        /// HashiCorp Terraform.
        Terraform = "terraform",
        /// AWS CloudFormation.
        CloudFormation = "cloudformation",
    }
}

words! {
    /// What undoing a version means.
    RollbackAction {
        /// Back to the last good version.
        PreviousVersion = "previous_version",
        /// Take down what was provisioned.
        TerraformDestroy = "terraform_destroy",
    }
}

words! {
    /// What an alert measures.
    AlertKind {
        /// Time to answer, in milliseconds at the 95th percentile.
        Latency = "latency",
        /// Failed requests in percent.
        ErrorRate = "error_rate",
        /// Processor use in percent.
        Cpu = "cpu",
        /// Memory in use in percent.
        Memory = "memory",
        /// Disk in use in percent.
        Disk = "disk",
        /// Bytes a second in both directions.
        Network = "network",
    }
}

words! {
    /// What the channel is told of.
    Notice {
        /// A version is live.
        DeploymentSuccess = "deployment_success",
        /// A run ended without its version going live.
        DeploymentFailure = "deployment_failure",
        /// A version is being undone.
        RollbackTriggered = "rollback_triggered",
        /// A run began deploying.
        DeploymentStarted = "deployment_started",
        /// A push was accepted.
        PushReceived = "push_received",
        /// The file or the code was refused before the build.
        PushRefused = "push_refused",
        /// A build failed.
        BuildFailure = "build_failure",
        /// Tests failed.
        TestsFailed = "tests_failed",
        /// Code analysis found errors.
        AnalysisFailed = "analysis_failed",
        /// A person must say yes.
        ApprovalRequested = "approval_requested",
        /// A rollout waits for a person.
        RolloutPaused = "rollout_paused",
        /// A run was stopped by a person.
        RunAborted = "run_aborted",
        /// A newer push took a run's place.
        RunSuperseded = "run_superseded",
        /// Something went over its threshold.
        AlertRaised = "alert_raised",
        /// It came back below its threshold.
        AlertResolved = "alert_resolved",
        /// A service died and was started again.
        ServiceRestarted = "service_restarted",
        /// An incident was opened.
        IncidentOpened = "incident_opened",
        /// A postmortem was written.
        PostmortemWritten = "postmortem_written",
    }
}

/// What a repository says about its own delivery.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PipelineFile {
    /// What the repository is.
    pub project: Project,
    /// How it becomes something that runs.
    pub build: Build,
    /// How the build is tested.
    pub testing: Testing,
    /// What runs where, and how a new version gets there.
    pub deployment: Deployment,
    /// What must stand before a deployment.
    pub infrastructure: Infrastructure,
    /// Values that no file holds.
    pub secrets: Secrets,
    /// When and how a bad version is undone.
    pub rollback: Rollback,
    /// What is watched.
    pub observability: Observability,
    /// What is told in chat, and where.
    pub chatops: ChatOps,
}

/// What the repository is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Project {
    /// The project's name; the repository's where the file has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The main language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The language of the part that runs in a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontend_language: Option<String>,
    /// The language of the part that runs on a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_language: Option<String>,
    /// The main framework.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// Where the repository lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
}

/// How the repository is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Build {
    /// The tool; `None` where the file leaves it to detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<BuildTool>,
    /// The folder to build in, inside the repository.
    pub context: String,
    /// The Dockerfile, inside the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
    /// Builds instead of the tool's usual command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Default for Build {
    fn default() -> Build {
        Build { tool: None, context: ".".to_owned(), dockerfile: None, command: None }
    }
}

/// How the build is tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Testing {
    /// Whether tests run.
    pub enabled: bool,
    /// Whose report is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// Runs the tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether tests are drafted where there are none.
    pub generate: bool,
    /// The least part of the code that tests must reach, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage_min: Option<f64>,
}

impl Default for Testing {
    fn default() -> Testing {
        Testing { enabled: true, framework: None, command: None, generate: false, coverage_min: None }
    }
}

/// What must stand before a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Infrastructure {
    /// What provisions.
    pub tool: InfrastructureTool,
    /// The folder with its files, inside the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Default for Infrastructure {
    fn default() -> Infrastructure {
        Infrastructure { tool: InfrastructureTool::None, path: None }
    }
}

/// Values that no file holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Secrets {
    /// Where the values are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// Environment variables whose values are secret.
    pub keys: Vec<String>,
}

pub use super::pipeline_running::{
    Alert, Canary, CanaryStep, ChatOps, Deployment, EnvironmentVariable, LOCAL, Observability, Rollback,
    RollbackThreshold, Service, Thresholds,
};
