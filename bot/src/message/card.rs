//! The live card: the first post of a run's thread, edited in place as the run goes on.

use super::shape::{ButtonStyle, Message, Step, StepState, Tone};
use super::words::{commit, list};
use std::time::Duration;

/// Everything that the card of a run shows.
#[derive(Clone, PartialEq, Debug)]
pub struct RunCard {
    /// The run, such as `RUN-7`.
    pub run: String,
    /// The repository, as people call it.
    pub repo: String,
    /// The branch.
    pub branch: String,
    /// The commit's full id; seven digits are shown.
    pub commit_id: String,
    /// The first line of the commit's message.
    pub commit_subject: String,
    /// Who wrote the commit.
    pub commit_author: String,
    /// The service, once it is known.
    pub service: Option<String>,
    /// The version, once it is known.
    pub version: Option<String>,
    /// The environment, once it is known.
    pub environment: Option<String>,
    /// Where the run stands.
    pub state: RunCardState,
    /// What it waits for, one short clause each: people, locks, freezes.
    pub waits_for: Vec<String>,
    /// The pipeline's stages in order.
    pub stages: Vec<Stage>,
    /// Which version gets how many percent of the traffic; empty before and after a rollout.
    pub weights: Vec<(String, u8)>,
}

/// One stage of the pipeline and the agent that does it.
#[derive(Clone, PartialEq, Debug)]
pub struct Stage {
    /// What is done, such as `build`.
    pub name: String,
    /// Who does it, such as `build`; left out where it equals the name.
    pub agent: String,
    /// Where it stands.
    pub state: StepState,
    /// A few words: `31 of 31 passed`.
    pub detail: String,
    /// How long it took, or has taken so far.
    pub duration: Option<Duration>,
}

/// Where a run stands, as its card says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunCardState {
    /// Its agents are working before the rollout.
    Working,
    /// It is rolling out.
    RollingOut,
    /// A person holds it, or its numbers are lacking.
    Paused,
    /// It waits for an approval with this id.
    WaitsForApproval(String),
    /// It waits for something else; `waits_for` says what.
    Waiting,
    /// It is live and proven.
    Live,
    /// It is live and still watched.
    LiveWatched,
    /// A check or the canary's verdict said no.
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

/// The card of a run.
pub fn run_card(card: &RunCard) -> Message {
    let service = card.service.as_deref().unwrap_or(&card.repo);
    let what = match &card.version {
        Some(version) => format!("{service} {version}"),
        None => service.to_owned(),
    };
    let (tone, state) = standing(&card.state);
    let place = card.environment.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
    let message = Message::new(tone, format!("{} · {what}{place}: {state}", card.run));
    let weights: Vec<String> =
        card.weights.iter().map(|(version, weight)| format!("{version} {weight} %")).collect();
    // What is over waits for nobody, whatever was still open when it ended.
    let waits_for = match tone {
        Tone::Working | Tone::Waiting => list(&card.waits_for),
        Tone::Plain | Tone::Good | Tone::Bad => String::new(),
    };
    let message = message
        .fields([("waits for", waits_for), ("traffic", weights.join(" · "))])
        .steps(card.stages.iter().map(stage_step));
    // Before it is fetched nothing is known of the commit.
    let message = if card.commit_id.is_empty() {
        message
    } else {
        message.text(format!(
            "{} on {}@{} by {}\n{}",
            commit(&card.commit_id),
            card.repo,
            card.branch,
            card.commit_author,
            card.commit_subject
        ))
    };
    buttons(message, card, service)
}

fn stage_step(stage: &Stage) -> Step {
    let name = if stage.agent.is_empty() || stage.agent == stage.name {
        stage.name.clone()
    } else {
        format!("{} ({})", stage.name, stage.agent)
    };
    Step { name, state: stage.state, detail: stage.detail.clone(), duration: stage.duration }
}

fn standing(state: &RunCardState) -> (Tone, &'static str) {
    match state {
        RunCardState::Working => (Tone::Working, "working"),
        RunCardState::RollingOut => (Tone::Working, "rolling out"),
        RunCardState::Paused => (Tone::Waiting, "paused"),
        RunCardState::WaitsForApproval(_) => (Tone::Waiting, "waits for approval"),
        RunCardState::Waiting => (Tone::Waiting, "waiting"),
        RunCardState::Live => (Tone::Good, "live"),
        RunCardState::LiveWatched => (Tone::Good, "live, still watched"),
        RunCardState::Refused => (Tone::Bad, "refused"),
        RunCardState::Failed => (Tone::Bad, "failed"),
        RunCardState::Superseded => (Tone::Plain, "superseded by a newer push"),
        RunCardState::RolledBack => (Tone::Bad, "rolled back"),
        RunCardState::Aborted => (Tone::Plain, "aborted"),
    }
}

fn buttons(message: Message, card: &RunCard, service: &str) -> Message {
    let abort = |message: Message| message.button(ButtonStyle::Danger, "Abort", format!("abort {service}"));
    match &card.state {
        RunCardState::Working | RunCardState::Waiting => abort(message),
        RunCardState::RollingOut => {
            abort(message.button(ButtonStyle::Plain, "Pause", format!("pause {service}")))
        }
        RunCardState::Paused => {
            abort(message.button(ButtonStyle::Primary, "Promote", format!("promote {service}")).button(
                ButtonStyle::Plain,
                "Resume",
                format!("resume {service}"),
            ))
        }
        RunCardState::WaitsForApproval(id) => message
            .button(ButtonStyle::Primary, "Approve", format!("approve {id}"))
            .button(ButtonStyle::Danger, "Deny", format!("deny {id}")),
        RunCardState::Live | RunCardState::LiveWatched => {
            message.button(ButtonStyle::Danger, "Roll back", format!("rollback {service}"))
        }
        RunCardState::Refused
        | RunCardState::Failed
        | RunCardState::Superseded
        | RunCardState::RolledBack
        | RunCardState::Aborted => message,
    }
}
