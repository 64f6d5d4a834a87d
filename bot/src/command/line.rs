//! One typed line to a typed command, strictly: what buttons, slash commands and the command line send.
//!
//! Plain words go through `intent` instead, which also knows threads and names.

use super::COMMANDS;
use super::spec::{ChatCommand, Refusal, shown};
use orchestra_events::command::Command;

/// The longest line that is read, in bytes.
pub const LONGEST_LINE: usize = 2_000;

/// The command with this name or alias, whatever the case.
pub fn command_named(word: &str) -> Option<&'static dyn ChatCommand> {
    COMMANDS.iter().copied().find(|command| {
        command.name().eq_ignore_ascii_case(word)
            || command.aliases().iter().any(|alias| alias.eq_ignore_ascii_case(word))
    })
}

/// Reads `deploy checkout 1.4.2 to production` and its like; a leading `/` is allowed.
///
/// # Errors
///
/// A [`Refusal`] when the first word is no command, or the command refuses its words.
pub fn parse_line(line: &str) -> Result<Command, Refusal> {
    if line.len() > LONGEST_LINE {
        return Err(Refusal::new("that line is too long", "keep it under 2,000 characters"));
    }
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else {
        return Err(Refusal::new("nothing was asked", "type `help` to see what can be"));
    };
    let bare = first.strip_prefix('/').unwrap_or(first);
    let Some(command) = command_named(bare) else {
        let instead = match nearest_command(bare) {
            Some(name) => format!("did you mean `{name}`? `help` lists what I can do"),
            None => "type `help` to see what I can do".to_owned(),
        };
        return Err(Refusal::new(format!("I don't know the command `{}`", shown(bare)), instead));
    };
    command.parse(&words.collect::<Vec<_>>())
}

/// The command whose name or alias is at most two slips of the finger away, the nearest first.
pub fn nearest_command(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let allowed = if word.chars().count() < 6 { 1 } else { 2 };
    COMMANDS
        .iter()
        .flat_map(|command| {
            std::iter::once(command.name())
                .chain(command.aliases().iter().copied())
                .map(|n| (command.name(), n))
        })
        .map(|(name, spelling)| (crate::intent::spelling::slips(&word, spelling), name))
        .filter(|(slips, _)| *slips <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// Reads the one optional service that several commands take; `the` and `on` may stand before it.
pub(super) fn one_service(command: &dyn ChatCommand, words: &[&str]) -> Result<Option<String>, Refusal> {
    let mut service = None;
    for word in words.iter().filter(|word| !is_small(word)) {
        if service.is_some() {
            return Err(Refusal::usage(command, format!("`{}` is one word too many", shown(word))));
        }
        service = Some(name(command, word)?);
    }
    Ok(service)
}

/// A word that must be a name.
pub(super) fn name(command: &dyn ChatCommand, word: &str) -> Result<String, Refusal> {
    if super::words::is_name(word) {
        Ok(word.to_owned())
    } else {
        Err(Refusal::usage(command, format!("`{}` is not a name", shown(word))))
    }
}

/// Small words that people put between arguments and that carry nothing.
pub(super) fn is_small(word: &str) -> bool {
    ["the", "a", "of", "on", "for", "please", "with"].iter().any(|small| small.eq_ignore_ascii_case(word))
}

/// Puts a value where none was yet.
pub(super) fn set_once(
    command: &dyn ChatCommand,
    what: &str,
    slot: &mut Option<String>,
    value: String,
) -> Result<(), Refusal> {
    match slot {
        Some(before) if *before != value => Err(Refusal::usage(
            command,
            format!("`{}` and `{}` cannot both be the {what}", shown(before), shown(&value)),
        )),
        Some(_) | None => {
            *slot = Some(value);
            Ok(())
        }
    }
}
