//! What is said about approvals.

use super::shape::{ButtonStyle, Message, Tone};

/// An approval is asked for.
pub fn asked(id: &str, what: &str, asked_by: &str, who_may: &str) -> Message {
    Message::new(Tone::Waiting, format!("{id}: {what} needs an approval"))
        .fields([("asked by", asked_by), ("who may approve", who_may)])
        .button(ButtonStyle::Primary, "Approve", format!("approve {id}"))
        .button(ButtonStyle::Danger, "Deny", format!("deny {id}"))
}

/// Someone said yes.
pub fn approved(id: &str, what: &str, by: &str) -> Message {
    Message::new(Tone::Good, format!("{id}: {what} approved by {by}"))
}

/// Someone said no.
pub fn denied(id: &str, what: &str, by: &str, reason: Option<&str>) -> Message {
    Message::new(Tone::Bad, format!("{id}: {what} denied by {by}"))
        .fields([("reason", reason.unwrap_or_default())])
}

/// The approval is decided already, or there is none with this id.
pub fn not_open(id: &str, why: &str) -> Message {
    Message::new(Tone::Plain, format!("{id} is not open: {why}"))
}
