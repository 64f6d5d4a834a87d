//! `deploy`: put a kept version live.

use super::line::{is_small, name, set_once};
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal, shown};
use super::words::{is_version, strategy, usual_environment};
use orchestra_events::command::Command;

/// `deploy`: see [`ChatCommand::long_help`].
pub struct Deploy;

impl ChatCommand for Deploy {
    fn name(&self) -> &'static str {
        "deploy"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["ship", "release"]
    }

    fn usage(&self) -> &'static str {
        "deploy SERVICE [VERSION] [to ENVIRONMENT] [canary | blue-green | rolling]"
    }

    fn one_line(&self) -> &'static str {
        "put a kept version live through its usual rollout"
    }

    fn long_help(&self) -> &'static str {
        "Starts from the artefact that is kept and never builds again. \
         Without a version it takes the newest kept one; without a strategy, the one of the service's file. \
         A new version comes from a push; see `orchestra push --help`."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["deploy checkout 1.4.2", "deploy checkout 1.4.2 to production canary", "deploy checkout"]
    }

    fn role(&self) -> Role {
        Role::Operator
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Service, Argument::Version, Argument::Environment, Argument::Strategy]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let mut service = None;
        let mut version = None;
        let mut environment = None;
        let mut chosen = None;
        let mut before = "";
        for word in words.iter().filter(|word| !is_small(word)) {
            let previous = std::mem::replace(&mut before, word);
            if is_preposition(word) {
                continue;
            }
            if let Some(named) = strategy(word) {
                set_once(self, "strategy", &mut chosen, named.to_owned())?;
            } else if is_version(word) && service.is_some() {
                set_once(self, "version", &mut version, (*word).to_owned())?;
            } else if let Some(full) = usual_environment(word) {
                set_once(self, "environment", &mut environment, full.to_owned())?;
            } else if is_preposition(previous) {
                set_once(self, "environment", &mut environment, name(self, word)?)?;
            } else if service.is_none() {
                service = Some(name(self, word)?);
            } else {
                return Err(Refusal::usage(
                    self,
                    format!("`{}` is neither a version, an environment nor a strategy", shown(word)),
                ));
            }
        }
        let service = service.ok_or_else(|| Refusal::usage(self, "no service was named"))?;
        Ok(Command::Deploy { service, version, environment, strategy: chosen })
    }
}

fn is_preposition(word: &str) -> bool {
    ["to", "in", "into", "on"].iter().any(|preposition| preposition.eq_ignore_ascii_case(word))
}
