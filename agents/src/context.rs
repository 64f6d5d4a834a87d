//! What a handler sees and what it wants: the context goes in with the input and comes out with the effects.

use crate::agent::{Agent, Publishes, Tool, Uses, Wake};
use orchestra_bus::EffectClass;
use orchestra_events::{Actor, Envelope, Event, EventId, PipelineState, RunId, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// What is known with every input.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The input's id: consequences derive their ids from it.
    pub input: EventId,
    /// The event that caused it.
    pub cause: EventId,
    /// The clock: the event's time, the timer's due time, or when the answer came.
    pub now: Timestamp,
    /// The lane that orders it.
    pub lane: &'a str,
    /// The run that it belongs to.
    pub run: Option<RunId>,
    /// Who did it.
    pub actor: &'a Actor,
    /// The run's shared state.
    pub pipeline: &'a PipelineState,
    /// The settings in force, by name.
    pub settings: &'a BTreeMap<String, Value>,
    /// The intent or timer that is answered; `None` for an event.
    pub answered: Option<&'a str>,
}

/// An event that a handler publishes.
#[derive(Clone, PartialEq, Debug)]
pub struct Published {
    /// The kind.
    pub kind: &'static str,
    /// The payload.
    pub data: Value,
    /// The lane, when it is another than the input's.
    pub lane: Option<String>,
}

/// An effect that a handler wants performed.
#[derive(Clone, PartialEq, Debug)]
pub struct Wanted {
    /// Its key.
    pub id: String,
    /// The tool.
    pub tool: &'static str,
    /// Its class.
    pub class: EffectClass,
    /// The request.
    pub request: Value,
    /// The run, when it is another than the input's.
    pub run: Option<RunId>,
}

/// A wish to be woken.
#[derive(Clone, PartialEq, Debug)]
pub struct WantedWake {
    /// Its id.
    pub id: String,
    /// When.
    pub due: Timestamp,
    /// What to be told then.
    pub note: String,
    /// The run, when it is another than the input's.
    pub run: Option<RunId>,
}

/// Everything that a handler wants.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Wants {
    /// Events, in order; the run is the second when it is another than the input's.
    pub events: Vec<(Published, Option<RunId>)>,
    /// Effects.
    pub effects: Vec<Wanted>,
    /// Timers.
    pub wakes: Vec<WantedWake>,
    /// Effects and timers no longer wanted.
    pub cancelled: Vec<String>,
    /// Posts: thread, name, message.
    pub posts: Vec<(String, String, Value)>,
    /// Settings to write.
    pub settings: Vec<(String, Option<Value>)>,
    /// Why, for the audit and the log.
    pub reason: Option<String>,
    /// Whether the state is to be forgotten.
    pub forget: bool,
}

/// The context of one handler call.
pub struct Cx<'a, A: Agent> {
    situation: Situation<'a>,
    wants: Wants,
    index: usize,
    agent: PhantomData<A>,
}

impl<'a, A: Agent> Cx<'a, A> {
    /// A fresh context.
    pub fn new(situation: Situation<'a>) -> Self {
        Self { situation, wants: Wants::default(), index: 0, agent: PhantomData }
    }

    /// What the handler wants.
    pub fn into_wants(self) -> Wants {
        self.wants
    }

    /// The input's time.
    pub fn now(&self) -> Timestamp {
        self.situation.now
    }

    /// The run that the input belongs to.
    pub fn run(&self) -> Option<RunId> {
        self.situation.run
    }

    /// The lane that orders the input.
    pub fn lane(&self) -> &'a str {
        self.situation.lane
    }

    /// The run's shared state.
    pub fn pipeline(&self) -> &'a PipelineState {
        self.situation.pipeline
    }

    /// Who did it.
    pub fn actor(&self) -> &'a Actor {
        self.situation.actor
    }

    /// A setting in force.
    pub fn setting(&self, name: &str) -> Option<&'a Value> {
        self.situation.settings.get(name)
    }

    /// Settings whose name begins so.
    pub fn settings(&self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let all = self.situation.settings;
        all.range(prefix.to_owned()..)
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.as_str(), value))
    }

    /// The id of the intent or timer that this input answers.
    pub fn answered(&self) -> Option<&'a str> {
        self.situation.answered
    }

    /// The input's id, unique for ever.
    pub fn input(&self) -> &EventId {
        &self.situation.input
    }

    fn next_id(&mut self) -> String {
        let id = EventId::derived(&self.situation.input, A::NAME, self.index);
        self.index += 1;
        id.0
    }

    /// Publishes an event in the input's lane and run.
    pub fn publish<E: Event>(&mut self, event: E)
    where
        A: Publishes<E>,
    {
        self.push(event, None, None);
    }

    /// Publishes an event in another lane: a run learns its environment when its file is read.
    pub fn publish_in_lane<E: Event>(&mut self, lane: String, event: E)
    where
        A: Publishes<E>,
    {
        self.push(event, Some(lane), None);
    }

    /// Publishes an event that belongs to another run of the same lane.
    pub fn publish_for<E: Event>(&mut self, run: RunId, event: E)
    where
        A: Publishes<E>,
    {
        self.push(event, None, Some(run));
    }

    fn push<E: Event>(&mut self, event: E, lane: Option<String>, run: Option<RunId>) {
        let data = serde_json::to_value(event).unwrap_or(Value::Null);
        self.wants.events.push((Published { kind: E::KIND, data, lane }, run));
    }

    /// Wants a tool's work; the answer comes to [`crate::agent::Answers`]. Returns the effect's key.
    pub fn perform<T: Tool>(&mut self, request: T::Request) -> String
    where
        A: Uses<T>,
    {
        self.perform_for::<T>(None, request)
    }

    /// Wants a tool's work for another run of the same lane.
    pub fn perform_for<T: Tool>(&mut self, run: Option<RunId>, request: T::Request) -> String
    where
        A: Uses<T>,
    {
        let id = self.next_id();
        let request = serde_json::to_value(request).unwrap_or(Value::Null);
        self.wants.effects.push(Wanted { id: id.clone(), tool: T::NAME, class: T::CLASS, request, run });
        id
    }

    /// Wants to be woken. Returns the timer's id.
    pub fn wake(&mut self, due: Timestamp, note: impl Into<String>) -> String
    where
        A: Uses<Wake>,
    {
        self.wake_for(None, due, note)
    }

    /// Wants to be woken about another run of the same lane.
    pub fn wake_for(&mut self, run: Option<RunId>, due: Timestamp, note: impl Into<String>) -> String
    where
        A: Uses<Wake>,
    {
        let id = self.next_id();
        self.wants.wakes.push(WantedWake { id: id.clone(), due, note: note.into(), run });
        id
    }

    /// An effect or timer is no longer wanted.
    pub fn cancel(&mut self, id: impl Into<String>) {
        self.wants.cancelled.push(id.into());
    }

    /// Says what should stand in a thread, under a name: saying it again overwrites it.
    pub fn post(&mut self, thread: impl Into<String>, name: impl Into<String>, message: Value) {
        self.wants.posts.push((thread.into(), name.into(), message));
    }

    /// Writes a setting, or removes it.
    pub fn set(&mut self, name: impl Into<String>, value: Option<Value>) {
        self.wants.settings.push((name.into(), value));
    }

    /// Says why, for the audit and the log; the last word stands.
    pub fn because(&mut self, reason: impl Into<String>) {
        self.wants.reason = Some(reason.into());
    }

    /// Forgets the state: what it was about has ended.
    pub fn forget(&mut self) {
        self.wants.forget = true;
    }
}

/// The envelope of an event that an agent publishes.
pub fn envelope(
    situation: &Situation<'_>,
    agent: &str,
    index: usize,
    published: Published,
    run: Option<RunId>,
) -> Envelope {
    let run = run.or(situation.run);
    // Consequences in the log are numbered apart from effects, so that adding one does not rename the others.
    let id = EventId::derived(&situation.input, &format!("{agent}/event"), index);
    let trace = run.map(|run| orchestra_events::ids::hash_of(&[run.to_string().as_bytes()]));
    Envelope {
        specversion: "1.0".to_owned(),
        source: format!("/agents/{agent}"),
        kind: published.kind.to_owned(),
        subject: run.map(|run| run.to_string()),
        time: situation.now,
        datacontenttype: "application/json".to_owned(),
        partitionkey: published.lane.unwrap_or_else(|| situation.lane.to_owned()),
        correlationid: run.map(|run| run.to_string()),
        causationid: Some(situation.cause.clone()),
        traceparent: trace.map(|trace| format!("00-{}-{}-01", &trace[..32], &id.0[..16])),
        actor: Actor::agent(agent),
        data: published.data,
        id,
    }
}
