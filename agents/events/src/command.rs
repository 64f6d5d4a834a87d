//! A typed command: what a person asks, after it was understood and before it was permitted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything a person can ask. What is `None` was not said; the thread may supply it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "command", content = "args", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// What can be asked, or how one thing is asked.
    Help {
        /// The command's name, or any word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
    },
    /// Put a kept version of a service live again through its usual rollout, without rebuilding it.
    Deploy {
        /// The service.
        service: String,
        /// The version; the newest kept one when it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        /// The environment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        /// `canary`, `blue-green` or `rolling`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strategy: Option<String>,
    },
    /// What runs where, or how a run or service stands.
    Status {
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
        /// The run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
        /// The incident.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<String>,
    },
    /// Go on to the next step of a rollout that waits, as if its analysis had passed.
    Promote {
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
    /// Stop a run at any point; what was live stays live.
    Abort {
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
    /// Hold a rollout where it is.
    Pause {
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
    /// Let a held rollout go on.
    Resume {
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
    /// Give all traffic back to the last good version, or to a named one.
    Rollback {
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
        /// The version to go back to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// The environment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
    },
    /// Say yes to what waits for approval.
    Approve {
        /// The approval, such as `APR-31`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// Say no to what waits for approval.
    Deny {
        /// The approval, such as `APR-31`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Let nothing be deployed to an environment or a service.
    Freeze {
        /// The environment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
        /// Until when, as typed: a length such as `2h`, or other words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// End a freeze.
    Unfreeze {
        /// The environment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        /// The service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
    /// The last lines that a service wrote.
    Logs {
        /// The service.
        service: String,
        /// The version; the live one when it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
}

impl Command {
    /// The word that the command begins with.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Help { .. } => "help",
            Command::Deploy { .. } => "deploy",
            Command::Status { .. } => "status",
            Command::Promote { .. } => "promote",
            Command::Abort { .. } => "abort",
            Command::Pause { .. } => "pause",
            Command::Resume { .. } => "resume",
            Command::Rollback { .. } => "rollback",
            Command::Approve { .. } => "approve",
            Command::Deny { .. } => "deny",
            Command::Freeze { .. } => "freeze",
            Command::Unfreeze { .. } => "unfreeze",
            Command::Logs { .. } => "logs",
        }
    }
}
