//! `unfreeze`: end a freeze.

use super::line::one_service;
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal};
use super::words::usual_environment;
use orchestra_events::command::Command;

/// `unfreeze`: see [`ChatCommand::long_help`].
pub struct Unfreeze;

impl ChatCommand for Unfreeze {
    fn name(&self) -> &'static str {
        "unfreeze"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["unlock", "thaw"]
    }

    fn usage(&self) -> &'static str {
        "unfreeze ENVIRONMENT | SERVICE"
    }

    fn one_line(&self) -> &'static str {
        "end a freeze"
    }

    fn long_help(&self) -> &'static str {
        "What waited for the end of the freeze goes on at once, in the order in which it came."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["unfreeze production", "unfreeze checkout"]
    }

    fn role(&self) -> Role {
        Role::Operator
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Environment, Argument::Service]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let target = one_service(self, words)?;
        let full = target.as_deref().and_then(usual_environment).map(str::to_owned);
        let service = if full.is_some() { None } else { target };
        Ok(Command::Unfreeze { environment: full, service })
    }
}
