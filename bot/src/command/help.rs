//! `help`: what can be asked.

use super::line::is_small;
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal};
use orchestra_events::command::Command;

/// `help`: see [`ChatCommand::long_help`].
pub struct Help;

impl ChatCommand for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["commands", "?"]
    }

    fn usage(&self) -> &'static str {
        "help [COMMAND]"
    }

    fn one_line(&self) -> &'static str {
        "what can be asked, or how one thing is asked"
    }

    fn long_help(&self) -> &'static str {
        "Lists every command, or explains one with its examples. \
         In a thread the target may be left out: the thread says what is meant. \
         Plain words work too: `roll it back`, `ship checkout 1.4.2 to prod`."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["help", "help deploy"]
    }

    fn role(&self) -> Role {
        Role::Viewer
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::CommandName]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let topic: Vec<&str> = words.iter().copied().filter(|word| !is_small(word)).take(4).collect();
        let topic = topic.join(" ");
        Ok(Command::Help { topic: (!topic.is_empty()).then(|| topic.chars().take(80).collect()) })
    }
}
