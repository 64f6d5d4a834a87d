//! The events of a pipeline run, one file per topic.
//!
//! # Layout
//!
//! - [`code_push`]: a push was asked for, was fetched, and how its run ended
//! - [`build_ready`], [`code_analysis`], [`test_results`], [`iac_ready`]: what each agent found
//! - [`deployment_triggered`]: a rollout's steps
//! - [`observability_alert`]: verdicts on steps, and alerts
//! - [`rollback_event`]: a rollback, asked for and done

pub mod build_ready;
pub mod code_analysis;
pub mod code_push;
pub mod deployment_triggered;
pub mod iac_ready;
pub mod observability_alert;
pub mod rollback_event;
pub mod test_results;

pub use build_ready::{BuildReady, BuildResult};
pub use code_analysis::{AnalysisResult, CodeAnalysis, Remark};
pub use code_push::{
    CodePush, CodeRef, Ending, Kept, Outcome, PushRequested, RepoContext, RunEnded, version_of,
};
pub use deployment_triggered::{
    Decision, Deployment, DeploymentTriggered, Hold, Rollout, RolloutStep, StepKind,
};
pub use iac_ready::{IaCReady, InfraResult};
pub use observability_alert::{
    AlertState, AnalysisFinished, ComparedNumber, Observability, ObservabilityAlert, Severity, StepVerdict,
};
pub use rollback_event::{RollbackEvent, RollbackStatus, Rollbacks};
pub use test_results::{FailedTest, TestResults, TestsResult};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far an agent's part has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on.
    InProgress,
    /// It ended well.
    Success,
    /// It ended badly.
    Failed,
}
