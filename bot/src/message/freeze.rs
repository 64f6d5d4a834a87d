//! What is said about freezes.

use super::shape::{ButtonStyle, Message, Tone};

/// A freeze holds now. `until` is empty when it has no end of its own.
pub fn frozen(what: &str, by: &str, until: &str) -> Message {
    Message::new(Tone::Waiting, format!("{what} is frozen by {by}"))
        .text("Nothing is deployed to it; rolling back still works.")
        .fields([("until", if until.is_empty() { "someone types unfreeze" } else { until })])
        .button(ButtonStyle::Plain, "Unfreeze", format!("unfreeze {what}"))
}

/// A freeze is over; `by` is a person, or empty when its time came.
pub fn unfrozen(what: &str, by: &str) -> Message {
    let how = if by.is_empty() { "its time came".to_owned() } else { format!("by {by}") };
    Message::new(Tone::Good, format!("the freeze of {what} is over: {how}"))
}

/// There was no freeze to end.
pub fn not_frozen(what: &str) -> Message {
    Message::new(Tone::Plain, format!("{what} is not frozen"))
}
