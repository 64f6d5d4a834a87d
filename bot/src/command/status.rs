//! `status`: what runs where.

use super::line::{is_small, name};
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal, shown};
use super::words::id;
use orchestra_events::command::Command;

/// `status`: see [`ChatCommand::long_help`].
pub struct Status;

impl ChatCommand for Status {
    fn name(&self) -> &'static str {
        "status"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["state"]
    }

    fn usage(&self) -> &'static str {
        "status [SERVICE | RUN-7 | INC-7]"
    }

    fn one_line(&self) -> &'static str {
        "what runs where, or how one run, service or incident stands"
    }

    fn long_help(&self) -> &'static str {
        "Without a target: every service, the version that is live and what is under way. \
         In the thread of a run or an incident it is about that one. `status` only reads."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["status", "status checkout", "status RUN-7", "status INC-7"]
    }

    fn role(&self) -> Role {
        Role::Viewer
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Service, Argument::Run, Argument::Incident]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let mut service = None;
        let mut run = None;
        let mut incident = None;
        for (index, word) in words.iter().filter(|word| !is_small(word)).enumerate() {
            if index > 0 {
                return Err(Refusal::usage(self, format!("`{}` is one word too many", shown(word))));
            }
            if let Some(id) = id("RUN", word) {
                run = Some(id);
            } else if let Some(id) = id("INC", word) {
                incident = Some(id);
            } else {
                service = Some(name(self, word)?);
            }
        }
        Ok(Command::Status { service, run, incident })
    }
}
