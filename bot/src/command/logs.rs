//! `logs`: the last lines that a service wrote.

use super::line::{is_small, name, set_once};
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal, shown};
use super::words::is_name;
use orchestra_events::command::Command;

/// `logs`: see [`ChatCommand::long_help`].
pub struct Logs;

impl ChatCommand for Logs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["log", "tail"]
    }

    fn usage(&self) -> &'static str {
        "logs SERVICE [VERSION]"
    }

    fn one_line(&self) -> &'static str {
        "the last lines that a service wrote"
    }

    fn long_help(&self) -> &'static str {
        "Shows the last lines of a service's output, secrets masked. \
         Without a version they are those of the live one; with a version, of that one, also when it was refused."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["logs checkout", "logs checkout 1.4.2"]
    }

    fn role(&self) -> Role {
        Role::Viewer
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Service, Argument::Version]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let mut service = None;
        let mut version = None;
        for word in words.iter().filter(|word| !is_small(word)) {
            if service.is_none() {
                service = Some(name(self, word)?);
            } else if is_name(word) {
                set_once(self, "version", &mut version, (*word).to_owned())?;
            } else {
                return Err(Refusal::usage(self, format!("`{}` is not a version", shown(word))));
            }
        }
        let service = service.ok_or_else(|| Refusal::usage(self, "no service was named"))?;
        Ok(Command::Logs { service, version })
    }
}
