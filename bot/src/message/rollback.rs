//! What is said about going back.

use super::shape::{Message, Tone};

/// Traffic is on its way back.
pub fn started(service: &str, from: &str, to: &str, reason: &str, by: &str) -> Message {
    Message::new(Tone::Working, format!("{service}: rolling back from {from} to {to}"))
        .fields([("reason", reason), ("triggered by", by)])
}

/// Traffic is back.
pub fn done(service: &str, to: &str, reason: &str, took: &str) -> Message {
    Message::new(Tone::Good, format!("{service} is back on {to}"))
        .fields([("reason", reason), ("took", took)])
}

/// There is nothing to go back to, and why.
pub fn nothing_to_go_back_to(service: &str, why: &str) -> Message {
    Message::new(Tone::Bad, format!("{service}: there is nothing to roll back to"))
        .text(format!("{why} Nothing was changed."))
}

/// Going back failed; a person is needed.
pub fn failed(service: &str, to: &str, reason: &str, output: &str) -> Message {
    Message::new(Tone::Bad, format!("{service}: rolling back to {to} failed, a person is needed"))
        .text(reason)
        .code(output)
}
