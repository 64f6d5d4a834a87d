//! `abort`: a person stops a run.

use super::line::one_service;
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal};
use orchestra_events::command::Command;

/// `abort`: see [`ChatCommand::long_help`].
pub struct Abort;

impl ChatCommand for Abort {
    fn name(&self) -> &'static str {
        "abort"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["cancel"]
    }

    fn usage(&self) -> &'static str {
        "abort [SERVICE]"
    }

    fn one_line(&self) -> &'static str {
        "stop a run at any point; what was live stays live"
    }

    fn long_help(&self) -> &'static str {
        "Stops a run wherever it is: building, testing, waiting or rolling out. \
         Traffic goes back to the version that was live, and the new one is stopped. \
         In the thread of a run the service may be left out."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["abort checkout", "abort"]
    }

    fn role(&self) -> Role {
        Role::Operator
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Service]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        Ok(Command::Abort { service: one_service(self, words)? })
    }
}
