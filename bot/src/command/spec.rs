//! What a command is, and what a person is told when theirs was not one.

use super::role::Role;
use orchestra_events::command::Command;

/// One thing that people can ask. Each implementation is a unit struct in its own file.
pub trait ChatCommand: Sync {
    /// The word that the command begins with.
    fn name(&self) -> &'static str;
    /// Other single words that begin the same command.
    fn aliases(&self) -> &'static [&'static str];
    /// How it is written: capitals stand for values, brackets for what may be left out.
    fn usage(&self) -> &'static str;
    /// What it does, in one line without a full stop.
    fn one_line(&self) -> &'static str;
    /// What a person should know before the first use, in a few sentences.
    fn long_help(&self) -> &'static str;
    /// Lines that can be typed as they are; every one parses.
    fn examples(&self) -> &'static [&'static str];
    /// The role that a person needs.
    fn role(&self) -> Role;
    /// What the arguments are, in the order in which they are usually typed; completion reads it.
    fn arguments(&self) -> &'static [Argument];
    /// Reads the words after the command's name.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when a word fits nothing, is missing, or stands there twice.
    fn parse(&self, words: &[&str]) -> Result<Command, Refusal>;
}

/// What kind of value an argument is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argument {
    /// The name of a service.
    Service,
    /// A version of the service named before.
    Version,
    /// The name of an environment.
    Environment,
    /// A pipeline run, such as `RUN-7`.
    Run,
    /// An incident, such as `INC-7`.
    Incident,
    /// An approval, such as `APR-31`.
    Approval,
    /// `canary`, `blue-green` or `rolling`.
    Strategy,
    /// The name of a command.
    CommandName,
    /// A length such as `2h`, or a time as people write it.
    Time,
    /// Free words to the end of the line.
    Words,
}

/// A person's mistake: what was wrong with what they typed, and what to type instead.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}; {instead}")]
pub struct Refusal {
    /// What was wrong, a clause in lower case without a full stop.
    pub what: String,
    /// What to type instead, a clause in lower case without a full stop.
    pub instead: String,
}

impl Refusal {
    /// Both halves; text from outside is shortened to 80 characters by the caller's use of [`shown`].
    pub fn new(what: impl Into<String>, instead: impl Into<String>) -> Refusal {
        Refusal { what: what.into(), instead: instead.into() }
    }

    /// A refusal that answers with the usage and the first example of a command.
    pub fn usage(command: &dyn ChatCommand, what: impl Into<String>) -> Refusal {
        let example = command.examples().first().copied().unwrap_or(command.name());
        Refusal::new(what, format!("type `{}`, for example `{example}`", command.usage()))
    }
}

/// A word from outside as a refusal may repeat it: at most 60 characters, visible ones only.
pub fn shown(word: &str) -> String {
    let mut text: String = word.chars().filter(|c| !c.is_control() && *c != '`').take(60).collect();
    if word.chars().count() > 60 {
        text.push('…');
    }
    text
}
