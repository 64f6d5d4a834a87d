//! The closing post of a run: how it ended, what was tested, what changed, and what to do next.

use super::checks::{Totals, names};
use super::shape::{ButtonStyle, Message, Tone};

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is live.
    Live,
    /// A check or a verdict said no.
    Refused,
    /// Something broke.
    Failed,
    /// A newer push took its place.
    Superseded,
    /// It had been live and was rolled back.
    RolledBack,
    /// A person stopped it.
    Aborted,
}

/// Something worth doing next, and why it is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NextStep {
    /// What to do, an imperative.
    pub what: String,
    /// The fact behind it, such as a failed test's name or a compared number.
    pub evidence: String,
    /// The button's label and the command that it types.
    pub button: Option<(String, String)>,
}

/// Everything that the closing post says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closing {
    /// The run, such as `RUN-7`.
    pub run: String,
    /// Service and version, such as `checkout 1.4.2`.
    pub what: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in one clause; empty when it went well.
    pub because: String,
    /// How long the run took, as text.
    pub took: String,
    /// The tests, when they ran.
    pub tests: Option<Totals>,
    /// The change: who and which commit, then the first line of its message.
    pub change: [String; 2],
    /// What to do next; three are shown.
    pub next: Vec<NextStep>,
}

/// The closing post.
pub fn closing(closing: &Closing) -> Message {
    let (tone, word) = match closing.outcome {
        Outcome::Live => (Tone::Good, "is live"),
        Outcome::Refused => (Tone::Bad, "was refused"),
        Outcome::Failed => (Tone::Bad, "failed"),
        Outcome::Superseded => (Tone::Plain, "was superseded"),
        Outcome::RolledBack => (Tone::Bad, "was rolled back"),
        Outcome::Aborted => (Tone::Plain, "was aborted"),
    };
    let because = if closing.because.is_empty() { String::new() } else { format!(": {}", closing.because) };
    let tests = closing.tests.as_ref().map(Totals::sentence).unwrap_or_default();
    let failed = closing.tests.as_ref().map(|totals| names(&totals.failed_names)).unwrap_or_default();
    let mut message = Message::new(tone, format!("{} · {} {word}{because}", closing.run, closing.what))
        .fields([("took", closing.took.as_str()), ("tests", &tests)])
        .text(failed)
        .text(closing.change.join("\n"));
    let next: Vec<&NextStep> = closing.next.iter().take(3).collect();
    if !next.is_empty() {
        let lines: Vec<String> =
            next.iter().map(|step| format!("→ {} ({})", step.what, step.evidence)).collect();
        message = message.text(lines.join("\n"));
    }
    for (label, command) in next.iter().filter_map(|step| step.button.as_ref()) {
        message = message.button(ButtonStyle::Plain, label, command);
    }
    message
}
