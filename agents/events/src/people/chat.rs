//! Topic `chat`: a person's command, permitted and addressed.

use crate::catalog::{Event, Topic};
use crate::command::Command;
use crate::envelope::Envelope;
use crate::ids::Timestamp;
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A command that may be followed: understood, permitted, and addressed to the lane that it concerns.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CommandGiven {
    /// The command, with everything that was known of its arguments.
    pub command: Command,
    /// The thread in which it was said.
    pub thread: String,
    /// The service that it concerns, where it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Why it was permitted: the role that allowed it.
    pub permitted: String,
}

/// An agent could not follow a command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CommandRefused {
    /// The command's word.
    pub command: String,
    /// What was wrong.
    pub reason: String,
    /// What to do instead.
    pub instead: String,
    /// The thread in which it was said.
    pub thread: String,
}

/// The slice of the ChatOps agent: the last thing a person asked of the run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LastCommand {
    /// The command's word.
    pub command: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why it was not followed, when it was not.
    pub refused: Option<String>,
}

impl Event for CommandGiven {
    const KIND: &'static str = "orchestra.command_given.v1";
    const TOPIC: Topic = Topic::Chat;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<LastCommand>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.chatops_command
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        *slice = Some(LastCommand {
            command: self.command.name().to_owned(),
            by: envelope.actor.0.clone(),
            at: envelope.time,
            refused: None,
        });
    }

    fn example() -> Self {
        Self {
            command: Command::Promote { service: Some("web".into()) },
            thread: "RUN-7".into(),
            service: Some("web".into()),
            permitted: "operator".into(),
        }
    }
}

impl Event for CommandRefused {
    const KIND: &'static str = "orchestra.command_refused.v1";
    const TOPIC: Topic = Topic::Chat;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<LastCommand>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.chatops_command
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        *slice = Some(LastCommand {
            command: self.command.clone(),
            by: envelope.actor.0.clone(),
            at: envelope.time,
            refused: Some(self.reason.clone()),
        });
    }

    fn example() -> Self {
        Self {
            command: "promote".into(),
            reason: "`web` is not rolling out".into(),
            instead: "status web".into(),
            thread: "RUN-7".into(),
        }
    }
}
