//! What is said while a rollout goes from step to step.

use super::shape::{ButtonStyle, Message, Tone};
use super::words::list;

/// Which service and version a sentence is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subject<'a> {
    /// The service.
    pub service: &'a str,
    /// The version that is rolled out.
    pub version: &'a str,
}

/// One number of the canary beside that of the baseline, as text with its unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compared {
    /// What was measured, such as `errors` or `latency p95`.
    pub metric: String,
    /// The canary's value.
    pub canary: String,
    /// The baseline's value.
    pub baseline: String,
    /// What the comparison says: `worse`, `no difference`, `better`, `no data`.
    pub verdict: String,
}

/// A rollout begins, and why this strategy was chosen.
pub fn started(subject: Subject<'_>, strategy: &str, steps: &str, because: &str) -> Message {
    Message::new(Tone::Working, format!("{} {}: {strategy} rollout begins", subject.service, subject.version))
        .fields([("steps", steps), ("chosen because", because)])
}

/// A step was taken: the new version gets `weight` percent now.
pub fn stepped(
    subject: Subject<'_>,
    weight: u8,
    step: usize,
    steps: usize,
    compared: &[Compared],
) -> Message {
    let headline = format!(
        "{} {} takes {weight} % of the traffic, step {step} of {steps}",
        subject.service, subject.version
    );
    table(Message::new(Tone::Working, headline), compared)
}

/// The rollout paused because numbers are lacking or decide nothing; a person goes on or stops.
pub fn paused_without_verdict(
    subject: Subject<'_>,
    weight: u8,
    lacking: &[String],
    compared: &[Compared],
) -> Message {
    let headline = format!("{} {} paused at {weight} %: no verdict", subject.service, subject.version);
    let said = if lacking.is_empty() {
        "The numbers do not decide either way.".to_owned()
    } else {
        format!("Lacking: {}.", list(lacking))
    };
    let message = table(Message::new(Tone::Waiting, headline).text(said), compared);
    decide(message, subject.service)
}

/// A person paused the rollout.
pub fn paused_by(subject: Subject<'_>, weight: u8, person: &str) -> Message {
    let headline = format!("{} {} paused at {weight} % by {person}", subject.service, subject.version);
    decide(Message::new(Tone::Waiting, headline), subject.service).button(
        ButtonStyle::Plain,
        "Resume",
        format!("resume {}", subject.service),
    )
}

fn decide(message: Message, service: &str) -> Message {
    message.button(ButtonStyle::Primary, "Promote", format!("promote {service}")).button(
        ButtonStyle::Danger,
        "Abort",
        format!("abort {service}"),
    )
}

/// A person let the rollout go on.
pub fn resumed_by(subject: Subject<'_>, weight: u8, person: &str) -> Message {
    Message::new(
        Tone::Working,
        format!("{} {} resumed at {weight} % by {person}", subject.service, subject.version),
    )
}

/// The new version has all traffic; `watched_for` says how long it is watched, empty when it is not.
pub fn promoted(subject: Subject<'_>, by: Option<&str>, watched_for: &str) -> Message {
    let by = by.map(|person| format!(" by {person}")).unwrap_or_default();
    let headline = format!("{} {} is live with all traffic{by}", subject.service, subject.version);
    let message = Message::new(Tone::Good, headline).button(
        ButtonStyle::Danger,
        "Roll back",
        format!("rollback {}", subject.service),
    );
    if watched_for.is_empty() { message } else { message.text(format!("It is watched for {watched_for}.")) }
}

/// The first version of a service is live: there was nothing to compare it with.
pub fn first_version(subject: Subject<'_>) -> Message {
    Message::new(Tone::Good, format!("{} {} is live", subject.service, subject.version))
        .text("It is the first version, so it went live on its health checks alone: there was nothing to compare it with.")
}

/// The verdict went against the new version.
pub fn refused(subject: Subject<'_>, weight: u8, reason: &str, compared: &[Compared]) -> Message {
    let headline = format!("{} {} refused at {weight} %: {reason}", subject.service, subject.version);
    table(Message::new(Tone::Bad, headline), compared)
}

/// A rollout failed for another reason than its verdict: never healthy, a crash loop, a taken port.
pub fn failed(subject: Subject<'_>, reason: &str, output: &str) -> Message {
    Message::new(Tone::Bad, format!("{} {} failed: {reason}", subject.service, subject.version)).code(output)
}

/// A person stopped the run.
pub fn aborted(what: &str, person: &str, stays_live: Option<&str>) -> Message {
    let message = Message::new(Tone::Plain, format!("{what} aborted by {person}"));
    match stays_live {
        Some(version) => message.text(format!("{version} stays live.")),
        None => message.text("Nothing was live, and nothing is."),
    }
}

/// The rollout waits: another run changes the service, a freeze holds, an approval is missing.
pub fn waits(what: &str, for_what: &[String]) -> Message {
    Message::new(Tone::Waiting, format!("{what} waits for {}", list(for_what)))
}

fn table(message: Message, compared: &[Compared]) -> Message {
    message.table(
        &["metric", "canary", "baseline", "verdict"],
        compared.iter().map(|row| {
            vec![row.metric.clone(), row.canary.clone(), row.baseline.clone(), row.verdict.clone()]
        }),
    )
}
