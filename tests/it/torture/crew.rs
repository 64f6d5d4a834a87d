//! The crew of the tortured process: real agents over events and tools of their own.

#![expect(unreachable_pub, reason = "an agent is public, and so is the state that its header names")]

use orchestra_agents::agent;
use orchestra_agents::agent::{Answers, Handles, Outcome, Tool, Wake};
use orchestra_agents::context::Cx;
use orchestra_agents::runtime::Member;
use orchestra_bus::{Act, EffectClass, Subscriptions};
use orchestra_events::{Actor, Envelope, Event, EventId, PipelineState, RunId, Timestamp, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the harness: what made brittle events fail is gone.
pub(super) static CURED: AtomicBool = AtomicBool::new(false);

macro_rules! event {
    ($event:ident = $kind:literal { $($field:ident: $type:ty = $example:expr),* }) => {
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
        pub(super) struct $event {
            $(pub(super) $field: $type),*
        }

        impl Event for $event {
            const KIND: &'static str = $kind;
            const TOPIC: Topic = Topic::CodePush;
            const KEY: &'static str = "the lane";
            type Slice = PipelineState;

            fn slice(state: &mut PipelineState) -> &mut PipelineState {
                state
            }

            fn fold(&self, _slice: &mut PipelineState, _envelope: &Envelope) {}

            fn example() -> Self {
                Self { $($field: $example),* }
            }
        }
    };
}

event!(Fed = "torture.fed.v1" { key: u64 = 1, number: u64 = 1 });
event!(Followed = "torture.followed.v1" { number: u64 = 1 });
event!(Brittle = "torture.brittle.v1" { deadly: bool = false });

/// Which class of effect the `number`-th event of a key leads to.
pub(super) fn class_of(number: u64) -> EffectClass {
    match number % 5 {
        0 => EffectClass::Read,
        1 => EffectClass::Content,
        2 => EffectClass::Keyed,
        3 => EffectClass::Asked,
        _ => EffectClass::Opaque,
    }
}

/// Whether the tool does what the `number`-th event leads to and says at first that it did not.
pub(super) fn times_out(number: u64) -> bool {
    number % 20 == 2 || number % 20 == 3 || number % 20 == 6
}

/// Whether the `number`-th event of a key sets a timer.
pub(super) fn wakes(number: u64) -> bool {
    number.is_multiple_of(4)
}

/// What a counting tool is asked: which event it is for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Deed {
    /// The key.
    pub(super) key: u64,
    /// The place within the key.
    pub(super) number: u64,
}

macro_rules! tools {
    ($($tool:ident = $name:literal, $class:ident);* $(;)?) => {
        $(
            #[derive(Clone, Copy, Debug)]
            pub(super) struct $tool;

            impl Tool for $tool {
                const NAME: &'static str = $name;
                const CLASS: EffectClass = EffectClass::$class;
                type Request = Deed;
                type Answer = u64;
            }

            impl Answers<$tool> for Doer {
                fn answer(state: &mut Deeds, request: Deed, outcome: Outcome<u64>, cx: &mut Cx<'_, Self>) {
                    state.answered(EffectClass::$class, &request, &outcome, cx.answered());
                }
            }
        )*
    };
}

tools! {
    CountRead = "count_read", Read;
    CountContent = "count_content", Content;
    CountKeyed = "count_keyed", Keyed;
    CountAsked = "count_asked", Asked;
    CountOpaque = "count_opaque", Opaque;
}

/// What `Doer` remembers.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Deeds {
    /// Events handled.
    pub(super) fed: u64,
    /// Ids of effects and timers that were wanted and not yet answered.
    pub(super) open: BTreeSet<String>,
    /// Answers of each kind, by class and outcome.
    pub(super) answers: BTreeMap<String, u64>,
    /// Numbers of the events whose outcome nobody knows.
    pub(super) unknown: BTreeSet<u64>,
    /// Times woken.
    pub(super) woken: u64,
    /// Whatever should not have happened.
    pub(super) wrong: Vec<String>,
}

impl Deeds {
    fn answered(&mut self, class: EffectClass, deed: &Deed, outcome: &Outcome<u64>, id: Option<&str>) {
        let word = match outcome {
            Outcome::Done(_) => "done",
            Outcome::Failed(why) => {
                self.wrong.push(format!("{class:?} of {} failed: {why}", deed.number));
                "failed"
            }
            Outcome::Unknown(_) => {
                self.unknown.insert(deed.number);
                "unknown"
            }
        };
        *self.answers.entry(format!("{class:?}/{word}")).or_default() += 1;
        self.close(id);
    }

    fn close(&mut self, id: Option<&str>) {
        if !id.is_some_and(|id| self.open.remove(id)) {
            self.wrong.push(format!("{id:?} was answered and is not open"));
        }
    }
}

agent! {
    /// Wants an effect for every event, sometimes a timer, and says that it did.
    Doer = "doer",
    keyed by Run,
    state Deeds,
    subscribes { Fed },
    publishes { Followed },
    uses { CountRead, CountContent, CountKeyed, CountAsked, CountOpaque, Wake },
}

impl Handles<Fed> for Doer {
    fn handle(state: &mut Deeds, event: &Fed, cx: &mut Cx<'_, Self>) {
        state.fed += 1;
        let deed = Deed { key: event.key, number: event.number };
        let id = match class_of(event.number) {
            EffectClass::Read => cx.perform::<CountRead>(deed),
            EffectClass::Content => cx.perform::<CountContent>(deed),
            EffectClass::Keyed => cx.perform::<CountKeyed>(deed),
            EffectClass::Asked => cx.perform::<CountAsked>(deed),
            EffectClass::Opaque => cx.perform::<CountOpaque>(deed),
        };
        state.open.insert(id);
        if wakes(event.number) {
            let due = cx.now().plus_millis(10);
            state.open.insert(cx.wake(due, "later"));
        }
        cx.post(format!("key {}", event.key), "card", json!({"fed": state.fed}));
        cx.publish(Followed { number: event.number });
    }
}

impl Answers<Wake> for Doer {
    fn answer(state: &mut Deeds, _request: String, _outcome: Outcome<()>, cx: &mut Cx<'_, Self>) {
        state.woken += 1;
        state.close(cx.answered());
    }
}

/// What `Ledger` remembers of a lane.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// The last number of each kind.
    pub(super) last: BTreeMap<String, u64>,
    /// Numbers that did not follow the one before: kind, before, number.
    pub(super) disorder: Vec<(String, u64, u64)>,
    /// Brittle events handled.
    pub(super) brittle: u64,
}

impl Page {
    fn note(&mut self, kind: &str, number: u64) {
        let last = self.last.insert(kind.to_owned(), number).unwrap_or(0);
        if number != last + 1 {
            self.disorder.push((kind.to_owned(), last, number));
        }
    }
}

agent! {
    /// Writes down in which order it heard things.
    Ledger = "ledger",
    keyed by Lane,
    state Page,
    subscribes { Fed, Followed, Brittle },
    publishes {},
    uses {},
}

impl Handles<Fed> for Ledger {
    fn handle(state: &mut Page, event: &Fed, _cx: &mut Cx<'_, Self>) {
        state.note("fed", event.number);
    }
}

impl Handles<Followed> for Ledger {
    fn handle(state: &mut Page, event: &Followed, _cx: &mut Cx<'_, Self>) {
        state.note("followed", event.number);
    }
}

impl Handles<Brittle> for Ledger {
    fn handle(state: &mut Page, event: &Brittle, _cx: &mut Cx<'_, Self>) {
        if !CURED.load(Ordering::Relaxed) {
            if event.deadly {
                std::process::abort();
            }
            panic!("brittle on purpose");
        }
        state.brittle += 1;
    }
}

/// The crew.
pub(super) fn members() -> [Member; 2] {
    [Member::of::<Doer>(), Member::of::<Ledger>()]
}

/// Who hears what.
pub(super) fn subscriptions() -> Subscriptions {
    Subscriptions::new(
        members().iter().flat_map(|member| member.subscribes.iter().map(|kind| (*kind, member.name))),
    )
}

/// An event as it comes from outside. Its id derives from what it says, so that saying it again changes nothing.
pub(super) fn envelope<E: Event>(id: String, key: u64, event: &E) -> Envelope {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Envelope {
        specversion: "1.0".to_owned(),
        id: EventId(id),
        source: "/torture".to_owned(),
        kind: E::KIND.to_owned(),
        subject: None,
        time: Timestamp(i64::try_from(since.as_millis()).unwrap()),
        datacontenttype: "application/json".to_owned(),
        partitionkey: lane(key),
        correlationid: Some(RunId(key).to_string()),
        causationid: None,
        traceparent: None,
        actor: Actor::person("alice"),
        data: serde_json::to_value(event).unwrap(),
    }
}

/// The `number`-th event of a key.
pub(super) fn fed(key: u64, number: u64) -> Envelope {
    envelope(format!("fed-{key}-{number}"), key, &Fed { key, number })
}

/// The lane of a key.
pub(super) fn lane(key: u64) -> String {
    format!("shop-{key}@staging")
}

/// The act that goes with an accepted event.
pub(super) fn act(event: &Envelope) -> Act {
    Act {
        chain: event.partitionkey.clone(),
        actor: event.actor.0.clone(),
        act: "feed".to_owned(),
        reason: "allowed: operator".to_owned(),
        cause: event.id.clone(),
        run: event.run(),
    }
}
