//! Events, steps and intents for the cases to speak about.

use crate::store::{Act, Delivery, EffectClass, Input, NewIntent, NewTimer, Step, Store};
use orchestra_events::{Actor, Envelope, EventId, RunId, Timestamp};
use serde_json::{Value, json};

/// The kind that two agents subscribe to.
pub(super) const HEARD: &str = "orchestra.heard.v1";

/// The subscriptions that every store under test is opened with.
pub const SUBSCRIPTIONS: &[(&str, &str)] =
    &[(HEARD, "build"), (HEARD, "tell"), ("orchestra.quiet.v1", "tell"), ("orchestra.run_ended.v1", "tell")];

/// An event of the kind that `build` and `tell` subscribe to.
pub fn event(id: &str, key: &str) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: EventId(id.to_owned()),
        source: "/conformance".to_owned(),
        kind: HEARD.to_owned(),
        subject: None,
        time: Timestamp(1_795_692_315_000),
        datacontenttype: "application/json".to_owned(),
        partitionkey: key.to_owned(),
        correlationid: None,
        causationid: None,
        traceparent: None,
        actor: Actor::person("alice"),
        data: json!({"about": id}),
    }
}

/// The same of a run.
pub fn run_event(id: &str, key: &str, run: u64) -> Envelope {
    Envelope { correlationid: Some(RunId(run).to_string()), ..event(id, key) }
}

/// An act of a chain.
pub fn act(chain: &str, what: &str) -> Act {
    Act {
        chain: chain.to_owned(),
        actor: "user:alice".to_owned(),
        act: what.to_owned(),
        reason: "asked".to_owned(),
        cause: EventId("cause".to_owned()),
        run: Some(RunId(1)),
    }
}

/// An intent of `build` for the tool `shell`.
pub fn intent(id: &str) -> NewIntent {
    NewIntent {
        id: id.to_owned(),
        agent: "build".to_owned(),
        key: "shop".to_owned(),
        lane: "shop".to_owned(),
        run: None,
        tool: "shell".to_owned(),
        class: EffectClass::Opaque,
        request: json!({"run": ["make", id]}),
        cause: EventId("cause".to_owned()),
    }
}

/// A timer of `build`.
pub fn timer(id: &str, due: Timestamp) -> NewTimer {
    NewTimer {
        id: id.to_owned(),
        agent: "build".to_owned(),
        key: "shop".to_owned(),
        lane: "shop".to_owned(),
        run: Some(RunId(7)),
        due,
        note: json!({"why": id}),
        cause: EventId("cause".to_owned()),
    }
}

/// A step that handles an input and does nothing else.
pub(super) fn step(agent: &str, key: &str, input: Input, version: u64, state: Option<Value>) -> Step {
    Step {
        agent: agent.to_owned(),
        key: key.to_owned(),
        input,
        version,
        state,
        events: Vec::new(),
        intents: Vec::new(),
        claim: false,
        cancel: Vec::new(),
        timers: Vec::new(),
        forget: Vec::new(),
        posts: Vec::new(),
        settings: Vec::new(),
        acts: Vec::new(),
    }
}

/// A step that handles a delivery, keeps no state and does nothing else.
pub fn delivery_step(delivery: &Delivery) -> Step {
    step(&delivery.agent, "no state", Input::Delivery(delivery.id), 0, None)
}

/// A step that records an answer and does nothing else.
pub(super) fn answer_step(intent: &str, fence: u64, unknown: bool) -> Step {
    let outcome = json!({"exit": 0});
    step("build", "no state", Input::Answer { intent: intent.to_owned(), fence, outcome, unknown }, 0, None)
}

/// Accepts one event and returns its delivery to `build`.
pub(super) async fn delivered(store: &dyn Store, id: &str) -> Delivery {
    store.accept(vec![event(id, "shop")], Vec::new()).await.unwrap();
    let pending = store.pending(0, 1000).await.unwrap();
    let found = pending.into_iter().find(|delivery| delivery.agent == "build" && delivery.event.id.0 == id);
    found.unwrap_or_else(|| panic!("`{id}` was accepted but is not pending for `build`"))
}

/// Commits a step of `build` that wants this intent and claims nothing.
pub(super) async fn wanted(store: &dyn Store, id: &str) {
    let delivery = delivered(store, &format!("wants {id}")).await;
    let step = Step { intents: vec![intent(id)], ..delivery_step(&delivery) };
    store.commit(step).await.unwrap();
}

/// Tools that may claim what [`intent`] wants.
pub(super) fn tools() -> Vec<String> {
    vec!["shell".to_owned()]
}

/// An hour from the store's now.
pub(super) async fn in_an_hour(store: &dyn Store) -> Timestamp {
    store.now().await.unwrap().plus_seconds(3600)
}
