//! What the bot answers to a person who asked: accepted, not understood, not allowed.

use super::shape::{ButtonStyle, Message, Tone};
use crate::command::Refusal;

/// The command was accepted; what follows is told in the thread.
pub fn accepted(what: &str) -> Message {
    Message::new(Tone::Working, what)
}

/// A person's mistake, and what to type instead.
pub fn refused(refusal: &Refusal) -> Message {
    Message::new(Tone::Plain, first_upper(&refusal.what)).text(format!("{}.", first_upper(&refusal.instead)))
}

/// The bot asks back. Candidates that can be typed as they are become buttons.
pub fn asks_back(question: &str, candidates: &[String]) -> Message {
    let mut message = Message::new(Tone::Waiting, question);
    for candidate in candidates.iter().filter(|candidate| crate::command::parse_line(candidate).is_ok()) {
        message = message.button(ButtonStyle::Plain, candidate, candidate);
    }
    message
}

/// The person may not do that. `needed` is the role that may.
pub fn not_allowed(person: &str, act: &str, needed: &str) -> Message {
    Message::new(Tone::Bad, format!("{person} may not {act}")).text(format!("It needs the role {needed}."))
}

/// Something here broke while answering; it was logged.
pub fn broke(what: &str) -> Message {
    Message::new(Tone::Bad, format!("{what} did not work, and that is my fault"))
        .text("It is in the log. Nothing else was changed.")
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
