//! `pause`: a person holds a rollout where it is.

use super::line::one_service;
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal};
use orchestra_events::command::Command;

/// `pause`: see [`ChatCommand::long_help`].
pub struct Pause;

impl ChatCommand for Pause {
    fn name(&self) -> &'static str {
        "pause"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["hold"]
    }

    fn usage(&self) -> &'static str {
        "pause [SERVICE]"
    }

    fn one_line(&self) -> &'static str {
        "hold a rollout where it is"
    }

    fn long_help(&self) -> &'static str {
        "The rollout keeps its present weights until someone types `resume`, `promote` or `abort`. \
         In the thread of a run the service may be left out."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["pause checkout", "pause"]
    }

    fn role(&self) -> Role {
        Role::Operator
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Service]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        Ok(Command::Pause { service: one_service(self, words)? })
    }
}
