//! `freeze`: let nothing be deployed.

use super::line::{is_small, name};
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal, shown};
use super::words::{length, usual_environment};
use orchestra_events::command::Command;

/// `freeze`: see [`ChatCommand::long_help`].
pub struct Freeze;

impl ChatCommand for Freeze {
    fn name(&self) -> &'static str {
        "freeze"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["lock"]
    }

    fn usage(&self) -> &'static str {
        "freeze ENVIRONMENT | SERVICE [until TIME | for LENGTH]"
    }

    fn one_line(&self) -> &'static str {
        "let nothing be deployed to an environment or a service"
    }

    fn long_help(&self) -> &'static str {
        "Runs go on up to their deployment and wait there, in plain sight, until the freeze ends. \
         Rolling back is never frozen. Without a time it holds until someone types `unfreeze`."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["freeze production for 2h", "freeze checkout until 18:00", "freeze production"]
    }

    fn role(&self) -> Role {
        Role::Operator
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Environment, Argument::Service, Argument::Time]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let mut environment = None;
        let mut service = None;
        let mut until = None;
        for (index, word) in words.iter().enumerate() {
            let time = ["until", "till", "for"].iter().any(|start| start.eq_ignore_ascii_case(word));
            let rest = &words[index + 1..];
            if time && (environment.is_some() || service.is_some()) {
                let typed: String = rest.join(" ").chars().take(80).collect();
                let squeezed: String = typed.split_whitespace().collect();
                until = Some(length(&squeezed).unwrap_or(typed)).filter(|text| !text.is_empty());
                break;
            }
            if is_small(word) {
                continue;
            }
            if environment.is_some() || service.is_some() {
                return Err(Refusal::usage(self, format!("`{}` is one target too many", shown(word))));
            }
            match usual_environment(word) {
                Some(full) => environment = Some(full.to_owned()),
                None => service = Some(name(self, word)?),
            }
        }
        Ok(Command::Freeze { environment, service, until })
    }
}
