//! `rollback`: give all traffic back to a good version.

use super::line::{is_small, name, set_once};
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal, shown};
use super::words::{is_version, usual_environment};
use orchestra_events::command::Command;

/// `rollback`: see [`ChatCommand::long_help`].
pub struct Rollback;

impl ChatCommand for Rollback {
    fn name(&self) -> &'static str {
        "rollback"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["revert", "undo"]
    }

    fn usage(&self) -> &'static str {
        "rollback [SERVICE] [to VERSION] [in ENVIRONMENT]"
    }

    fn one_line(&self) -> &'static str {
        "give all traffic back to the last good version, or to a named one"
    }

    fn long_help(&self) -> &'static str {
        "Goes back at once: the last good version is kept warm until the new one is proven. \
         A version that was refused is never gone back to. When there is nothing to go back to, it says so and changes nothing. \
         In the thread of a run the service may be left out."
    }

    fn examples(&self) -> &'static [&'static str] {
        &[
            "rollback checkout",
            "rollback checkout to 1.4.1",
            "rollback checkout to 1.4.1 in production",
            "rollback",
        ]
    }

    fn role(&self) -> Role {
        Role::Operator
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Service, Argument::Version, Argument::Environment]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let mut service = None;
        let mut to = None;
        let mut environment = None;
        let mut before = "";
        for word in words.iter().filter(|word| !is_small(word)) {
            let previous = std::mem::replace(&mut before, word).to_ascii_lowercase();
            if ["to", "in"].iter().any(|preposition| preposition.eq_ignore_ascii_case(word)) {
                continue;
            }
            if is_version(word) || (previous == "to" && usual_environment(word).is_none()) {
                set_once(self, "version", &mut to, name(self, word)?)?;
            } else if let Some(full) = usual_environment(word) {
                set_once(self, "environment", &mut environment, full.to_owned())?;
            } else if previous == "in" {
                set_once(self, "environment", &mut environment, name(self, word)?)?;
            } else if service.is_none() {
                service = Some(name(self, word)?);
            } else {
                return Err(Refusal::usage(self, format!("`{}` is one word too many", shown(word))));
            }
        }
        Ok(Command::Rollback { service, to, environment })
    }
}
