//! `resume`: a person lets a held rollout go on.

use super::line::one_service;
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal};
use orchestra_events::command::Command;

/// `resume`: see [`ChatCommand::long_help`].
pub struct Resume;

impl ChatCommand for Resume {
    fn name(&self) -> &'static str {
        "resume"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["continue"]
    }

    fn usage(&self) -> &'static str {
        "resume [SERVICE]"
    }

    fn one_line(&self) -> &'static str {
        "let a held rollout go on"
    }

    fn long_help(&self) -> &'static str {
        "Ends a `pause`: the step that was interrupted is analysed again, from its beginning. \
         In the thread of a run the service may be left out."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["resume checkout", "resume"]
    }

    fn role(&self) -> Role {
        Role::Operator
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Service]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        Ok(Command::Resume { service: one_service(self, words)? })
    }
}
