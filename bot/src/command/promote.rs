//! `promote`: a person takes a rollout to its next step.

use super::line::one_service;
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal};
use orchestra_events::command::Command;

/// `promote`: see [`ChatCommand::long_help`].
pub struct Promote;

impl ChatCommand for Promote {
    fn name(&self) -> &'static str {
        "promote"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["advance"]
    }

    fn usage(&self) -> &'static str {
        "promote [SERVICE]"
    }

    fn one_line(&self) -> &'static str {
        "take a waiting rollout to its next step, as if its analysis had passed"
    }

    fn long_help(&self) -> &'static str {
        "Goes on to the next step of a rollout that waits or is paused. \
         The thread records that a person decided, and the numbers that were lacking. \
         In the thread of a run the service may be left out."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["promote checkout", "promote"]
    }

    fn role(&self) -> Role {
        Role::Operator
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Service]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        Ok(Command::Promote { service: one_service(self, words)? })
    }
}
