//! One input, from the stored state to the committed step.

use super::crew::{Handed, Handled, Member};
use super::hands::mask;
use crate::agent::Keyed;
use crate::context::{Situation, Wants, envelope};
use crate::tools::secret::SecretRegistry;
use orchestra_bus::{Act, Claimed, DueTimer, Input, NewIntent, NewPost, NewTimer, Step, Store, StoreError};
use orchestra_events::{Actor, Envelope, EventId, PipelineState, RunId, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that waits to be handled by one agent.
#[derive(Clone, Debug)]
pub(crate) enum Waiting {
    /// An event.
    Delivery(orchestra_bus::Delivery),
    /// An effect's answer: when it came, what it is, and whether nobody knows.
    Answer { claimed: Claimed, outcome: Value, unknown: bool, at: Timestamp },
    /// A timer that came due.
    Timer(DueTimer),
}

impl Waiting {
    /// The agent that it is for.
    pub(crate) fn agent(&self) -> &str {
        match self {
            Waiting::Delivery(delivery) => &delivery.agent,
            Waiting::Answer { claimed, .. } => &claimed.intent.agent,
            Waiting::Timer(due) => &due.timer.agent,
        }
    }

    /// What orders it.
    pub(crate) fn lane(&self) -> &str {
        match self {
            Waiting::Delivery(delivery) => &delivery.event.partitionkey,
            Waiting::Answer { claimed, .. } => &claimed.intent.lane,
            Waiting::Timer(due) => &due.timer.lane,
        }
    }

    fn run(&self) -> Option<RunId> {
        match self {
            Waiting::Delivery(delivery) => delivery.event.run(),
            Waiting::Answer { claimed, .. } => claimed.intent.run,
            Waiting::Timer(due) => due.timer.run,
        }
    }

    /// A short name for the log.
    pub(crate) fn label(&self) -> String {
        match self {
            Waiting::Delivery(delivery) => delivery.event.kind.clone(),
            Waiting::Answer { claimed, .. } => format!("answer of {}", claimed.intent.tool),
            Waiting::Timer(due) => format!("timer {}", due.timer.note),
        }
    }
}

/// Why a step was not committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The agent can't handle it, now or ever.
    #[error(transparent)]
    Handle(#[from] super::crew::HandleError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a committed step leaves to be done in memory.
pub(crate) struct Committed {
    pub(crate) claimed: Vec<Claimed>,
    pub(crate) cancelled: Vec<String>,
    pub(crate) settings_changed: bool,
    pub(crate) earliest_timer: Option<Timestamp>,
}

/// Loads, handles, commits.
pub(crate) async fn step(
    store: &Arc<dyn Store>,
    member: &Member,
    settings: &BTreeMap<String, Value>,
    secrets: &SecretRegistry,
    waiting: &Waiting,
) -> Result<Committed, StepError> {
    let run = waiting.run();
    let key = match (member.keyed, run) {
        (Keyed::Run, Some(run)) => run.to_string(),
        (Keyed::Lane, _) | (Keyed::Run, None) => waiting.lane().to_owned(),
    };
    // Answers and timers go to the state that asked for them, whatever the lane has become meanwhile.
    let key = match waiting {
        Waiting::Delivery(_) => key,
        Waiting::Answer { claimed, .. } => claimed.intent.key.clone(),
        Waiting::Timer(due) => due.timer.key.clone(),
    };
    let (version, state) = match store.state(member.name, &key).await? {
        Some((version, state)) => (version, Some(state)),
        None => (0, None),
    };
    let pipeline = match run {
        Some(run) => store.run(run).await?.map(|row| row.state).unwrap_or_default(),
        None => PipelineState::default(),
    };
    let agent_actor = Actor::agent(member.name);
    let situation = situation(waiting, run, &pipeline, settings, &agent_actor);
    let wake = json!({ "done": null });
    let handed = match waiting {
        Waiting::Delivery(delivery) => Handed::Event(&delivery.event),
        Waiting::Answer { claimed, outcome, .. } => {
            Handed::Answer { tool: &claimed.intent.tool, request: &claimed.intent.request, outcome }
        }
        Waiting::Timer(due) => Handed::Answer { tool: "wake", request: &due.timer.note, outcome: &wake },
    };
    fail::fail_point!("step::before_handle");
    let (state, wants) = member.handle(state, handed, situation.clone())?;
    tracing::info!(
        agent = member.name,
        run = run.map(|run| run.to_string()),
        input = waiting.label(),
        publishes = ?wants.events.iter().map(|(event, _)| event.kind).collect::<Vec<_>>(),
        wants = ?wants.effects.iter().map(|effect| effect.tool).collect::<Vec<_>>(),
        because = wants.reason.as_deref(),
        "decided"
    );
    fail::fail_point!("step::after_handle");
    let cancelled = wants.cancelled.clone();
    let settings_changed = !wants.settings.is_empty();
    let earliest_timer = wants.wakes.iter().map(|wake| wake.due).min();
    let step = written(member, &key, version, (state, wants), &situation, waiting, secrets);
    let claimed = store.commit(step).await?;
    Ok(Committed { claimed, cancelled, settings_changed, earliest_timer })
}

fn situation<'a>(
    waiting: &'a Waiting,
    run: Option<RunId>,
    pipeline: &'a PipelineState,
    settings: &'a BTreeMap<String, Value>,
    agent_actor: &'a Actor,
) -> Situation<'a> {
    let (input, cause, now, actor, answered) = match waiting {
        Waiting::Delivery(delivery) => {
            let event = &delivery.event;
            (event.id.clone(), event.id.clone(), event.time, &event.actor, None)
        }
        Waiting::Answer { claimed, at, .. } => {
            let intent = &claimed.intent;
            let input = EventId(intent.id.clone());
            (input, intent.cause.clone(), *at, agent_actor, Some(intent.id.as_str()))
        }
        Waiting::Timer(due) => {
            let timer = &due.timer;
            let input = EventId(timer.id.clone());
            (input, timer.cause.clone(), timer.due, agent_actor, Some(timer.id.as_str()))
        }
    };
    Situation { input, cause, now, lane: waiting.lane(), run, actor, pipeline, settings, answered }
}

fn written(
    member: &Member,
    key: &str,
    version: u64,
    (state, wants): Handled,
    situation: &Situation<'_>,
    waiting: &Waiting,
    secrets: &SecretRegistry,
) -> Step {
    let acts = act(member, &wants, situation);
    let events: Vec<Envelope> = wants
        .events
        .into_iter()
        .enumerate()
        .map(|(index, (event, run))| envelope(situation, member.name, index, event, run))
        .collect();
    let intents = wants.effects.into_iter().map(|wanted| NewIntent {
        id: wanted.id,
        agent: member.name.to_owned(),
        key: key.to_owned(),
        lane: situation.lane.to_owned(),
        run: wanted.run.or(situation.run),
        tool: wanted.tool.to_owned(),
        class: wanted.class,
        request: wanted.request,
        cause: situation.cause.clone(),
    });
    let timers = wants.wakes.into_iter().map(|wake| NewTimer {
        id: wake.id,
        agent: member.name.to_owned(),
        key: key.to_owned(),
        lane: situation.lane.to_owned(),
        run: wake.run.or(situation.run),
        due: wake.due,
        note: Value::String(wake.note),
        cause: situation.cause.clone(),
    });
    let posts = wants.posts.into_iter().map(|(thread, name, mut message)| {
        mask(secrets, &mut message);
        NewPost { name, thread, message }
    });
    Step {
        agent: member.name.to_owned(),
        key: key.to_owned(),
        input: match waiting {
            Waiting::Delivery(delivery) => Input::Delivery(delivery.id),
            Waiting::Answer { claimed, outcome, unknown, .. } => Input::Answer {
                intent: claimed.intent.id.clone(),
                fence: claimed.fence,
                outcome: outcome.clone(),
                unknown: *unknown,
            },
            Waiting::Timer(due) => Input::Timer(due.timer.id.clone()),
        },
        version,
        state,
        events,
        intents: intents.collect(),
        claim: true,
        cancel: wants.cancelled.clone(),
        timers: timers.collect(),
        forget: wants.cancelled,
        posts: posts.collect(),
        settings: wants.settings,
        acts,
    }
}

/// One act for all that a step decided; a step that only remembers something is not an act.
fn act(member: &Member, wants: &Wants, situation: &Situation<'_>) -> Vec<Act> {
    if wants.events.is_empty() && wants.effects.is_empty() && wants.settings.is_empty() {
        return Vec::new();
    }
    let published = wants.events.iter().map(|(event, _)| format!("publish {}", event.kind));
    let performed = wants.effects.iter().map(|effect| format!("perform {}", effect.tool));
    let set = wants.settings.iter().map(|(name, _)| format!("set {name}"));
    vec![Act {
        chain: situation.lane.to_owned(),
        actor: Actor::agent(member.name).0,
        act: published.chain(performed).chain(set).collect::<Vec<_>>().join(", "),
        reason: wants.reason.clone().unwrap_or_default(),
        cause: situation.cause.clone(),
        run: situation.run,
    }]
}
