//! What is said when a service's numbers leave their bounds, and when they come back.

use super::shape::{ButtonStyle, Message, Tone};

/// How bad an alert is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Should be looked at.
    Warning,
    /// Must be looked at now.
    Critical,
}

/// An alert fires.
pub fn fired(severity: Severity, service: &str, issue: &str, metrics: &[(String, String)]) -> Message {
    let (tone, word) = match severity {
        Severity::Info => (Tone::Plain, "info"),
        Severity::Warning => (Tone::Waiting, "warning"),
        Severity::Critical => (Tone::Bad, "critical"),
    };
    let message = Message::new(tone, format!("{service}: {issue} ({word})"))
        .fields(metrics.iter().map(|(name, value)| (name, value)))
        .button(ButtonStyle::Plain, "Logs", format!("logs {service}"));
    match severity {
        Severity::Critical => message.button(ButtonStyle::Danger, "Roll back", format!("rollback {service}")),
        Severity::Info | Severity::Warning => message,
    }
}

/// An alert is over.
pub fn resolved(service: &str, issue: &str, lasted: &str) -> Message {
    Message::new(Tone::Good, format!("{service}: {issue} is over")).fields([("lasted", lasted)])
}

/// Nothing can be measured, which is its own verdict and never counts as well.
pub fn no_data(service: &str, what: &str, since: &str) -> Message {
    Message::new(Tone::Waiting, format!("{service}: no data for {what}"))
        .text(format!("Since {since}. No data is not good news: nothing is known."))
}

/// A service died and was started again.
pub fn restarted(service: &str, version: &str, how_it_ended: &str, times: u64) -> Message {
    Message::new(Tone::Bad, format!("{service} {version} died and was started again"))
        .fields([("how", how_it_ended.to_owned()), ("restarts", times.to_string())])
        .button(ButtonStyle::Plain, "Logs", format!("logs {service} {version}"))
}
