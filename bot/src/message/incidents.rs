//! What is said about incidents and their postmortems.

use super::shape::{Message, Tone};

/// An incident stands.
pub fn opened(id: &str, service: &str, title: &str, run: &str, note_file: &str) -> Message {
    Message::new(Tone::Bad, format!("{id}: {title}")).fields([
        ("service", service),
        ("run", run),
        ("note", note_file),
    ])
}

/// An incident is over.
pub fn resolved(id: &str, service: &str, how: &str, lasted: &str) -> Message {
    Message::new(Tone::Good, format!("{id} is resolved: {how}"))
        .fields([("service", service), ("lasted", lasted)])
}

/// One line of a timeline: when, what, and the event that says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimelineLine {
    /// When, as text.
    pub at: String,
    /// What happened.
    pub what: String,
    /// The id of the event behind the sentence.
    pub event: String,
}

/// The first postmortem is written.
pub fn postmortem(id: &str, file: &str, summary: &str, timeline: &[TimelineLine]) -> Message {
    Message::new(Tone::Plain, format!("{id}: a first postmortem is written"))
        .text(summary)
        .table(
            &["when", "what", "event"],
            timeline.iter().map(|line| vec![line.at.clone(), line.what.clone(), line.event.clone()]),
        )
        .fields([("file", file)])
}
