//! How everything is asked: printed from the list of commands, so that it is never wrong.

use super::shape::{Message, Tone};
use crate::command::{COMMANDS, ChatCommand, command_named};

/// Every command in one line each.
pub fn all() -> Message {
    Message::new(Tone::Plain, "what you can ask")
        .table(
            &["command", "what it does"],
            COMMANDS.iter().map(|command| vec![command.name().to_owned(), command.one_line().to_owned()]),
        )
        .text(
            "In the thread of a run the target may be left out. `help COMMAND` explains one.\n\
             In this terminal `@RUN-7 promote` speaks in a thread, `@RUN-7` alone stays in it, `@` leaves it.",
        )
}

/// One command, whole.
pub fn one(command: &dyn ChatCommand) -> Message {
    let aliases = command.aliases().join(", ");
    Message::new(Tone::Plain, format!("{}: {}", command.name(), command.one_line()))
        .text(command.long_help())
        .code(command.examples().join("\n"))
        .fields([("written", command.usage()), ("also", &aliases), ("who may", command.role().name())])
}

/// The help for a topic as a person named it: a command's name or alias, else all of it with a word on top.
pub fn topic(topic: Option<&str>) -> Message {
    let Some(topic) = topic else { return all() };
    match topic.split_whitespace().find_map(command_named) {
        Some(command) => one(command),
        None => {
            let mut message = all();
            message.headline = super::shape::shortened(
                &format!("I have no help on {topic}; this is what you can ask"),
                super::shape::HEADLINE,
            );
            message
        }
    }
}
