//! How stories about agents are told: given a state, when something comes, then this is wanted.
//!
//! A [`Story`] drives one agent from stored state to stored state, as the runtime does, and keeps each run's shared
//! state by the same fold as the store. What the agent asks of tools and clocks is owed until it is answered.

use crate::agent::{Agent, Outcome, Tool};
use crate::context::{Situation, Wants};
use crate::runtime::crew::HandleError;
use crate::runtime::{Handed, Member};
use orchestra_events::pipeline::CodePush;
use orchestra_events::{Actor, Command, Envelope, Event, EventId, PipelineState, RunId, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Something that the agent asked for and that was not answered yet.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Owed {
    pub(crate) id: String,
    pub(crate) run: Option<RunId>,
    pub(crate) tool: &'static str,
    pub(crate) request: Value,
    pub(crate) due: Timestamp,
}

/// A story about one agent.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    member: Member,
    state: Option<Value>,
    runs: BTreeMap<RunId, PipelineState>,
    settings: BTreeMap<String, Value>,
    run: RunId,
    actor: Actor,
    pub(crate) now: Timestamp,
    inputs: u64,
    pub(crate) owed: Vec<Owed>,
    wants: Wants,
}

/// Begins a story about an agent that remembers nothing: run 1 of lane `shop@staging`, told by alice.
pub(crate) fn given<A: Agent>() -> Story {
    Story {
        member: Member::of::<A>(),
        state: None,
        runs: BTreeMap::new(),
        settings: BTreeMap::new(),
        run: RunId(1),
        actor: Actor::person("alice"),
        now: Timestamp(1_795_692_000_000),
        inputs: 0,
        owed: Vec::new(),
        wants: Wants::default(),
    }
}

impl Story {
    /// What follows belongs to this run.
    pub(crate) fn in_run(&mut self, run: u64) -> &mut Self {
        self.run = RunId(run);
        self
    }

    /// What follows is done by this person.
    pub(crate) fn by(&mut self, person: &str) -> &mut Self {
        self.actor = Actor::person(person);
        self
    }

    /// A setting in force.
    pub(crate) fn setting(&mut self, name: &str, value: Value) -> &mut Self {
        self.settings.insert(name.to_owned(), value);
        self
    }

    /// The shared state of the current run.
    pub(crate) fn pipeline(&mut self) -> &mut PipelineState {
        let run = self.run;
        self.runs.entry(run).or_insert_with(|| PipelineState { run: Some(run), ..PipelineState::default() })
    }

    /// Time passes.
    pub(crate) fn later(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now.plus_seconds(seconds);
        self
    }

    /// When an event comes.
    pub(crate) fn when<E: Event>(&mut self, event: E) -> &mut Self {
        self.try_when(event).unwrap();
        self
    }

    /// When an event comes; the error when it could not be handled.
    pub(crate) fn try_when<E: Event>(&mut self, event: E) -> Result<(), HandleError> {
        let id = self.fresh_id();
        let envelope = self.envelope(E::KIND, id.clone(), self.run, self.actor.clone(), json!(event));
        self.pipeline().apply(&envelope);
        self.hand(Handed::Event(&envelope), id, Some(self.run), self.actor.clone(), None)
    }

    /// When a person gives a command about this run.
    pub(crate) fn when_told(&mut self, command: Command) -> &mut Self {
        self.when(told(command))
    }

    /// When the oldest effect of this tool that is owed comes to this.
    pub(crate) fn when_answered<T: Tool>(&mut self, outcome: Outcome<T::Answer>) -> &mut Self {
        let place = self.owed.iter().position(|owed| owed.tool == T::NAME);
        let owed = self
            .owed
            .remove(place.unwrap_or_else(|| panic!("`{}` is not asked for: {:?}", T::NAME, self.owed)));
        self.answer(&owed, &json!(outcome)).unwrap();
        self
    }

    /// When the earliest timer comes due.
    pub(crate) fn when_woken(&mut self) -> &mut Self {
        let due = self.owed.iter().filter(|owed| owed.tool == "wake").map(|owed| owed.due).min();
        let place = self.owed.iter().position(|owed| owed.tool == "wake" && Some(owed.due) == due);
        let owed = self.owed.remove(place.expect("no timer is set"));
        self.now = self.now.max(owed.due);
        self.answer(&owed, &json!({ "done": null })).unwrap();
        self
    }

    /// Hands an answer to something that is or was owed.
    pub(crate) fn answer(&mut self, owed: &Owed, outcome: &Value) -> Result<(), HandleError> {
        let handed = Handed::Answer { tool: owed.tool, request: &owed.request, outcome };
        let actor = Actor::agent(self.member.name);
        self.hand(handed, EventId(owed.id.clone()), owed.run, actor, Some(&owed.id))
    }

    fn hand(
        &mut self,
        handed: Handed<'_>,
        input: EventId,
        run: Option<RunId>,
        actor: Actor,
        answered: Option<&str>,
    ) -> Result<(), HandleError> {
        self.now = self.now.plus_millis(100);
        let pipeline = run.and_then(|run| self.runs.get(&run).cloned()).unwrap_or_default();
        let situation = Situation {
            cause: input.clone(),
            input,
            now: self.now,
            lane: "shop@staging",
            run,
            actor: &actor,
            pipeline: &pipeline,
            settings: &self.settings,
            answered,
        };
        let (state, wants) = self.member.handle(self.state.clone(), handed, situation)?;
        self.state = state;
        for (published, of) in &wants.events {
            let run = of.or(run).expect("every story has a run");
            let id = self.fresh_id();
            let envelope = self.envelope(
                published.kind,
                id,
                run,
                Actor::agent(self.member.name),
                published.data.clone(),
            );
            self.runs.entry(run).or_default().apply(&envelope);
        }
        for (name, value) in &wants.settings {
            match value {
                Some(value) => drop(self.settings.insert(name.clone(), value.clone())),
                None => drop(self.settings.remove(name)),
            }
        }
        self.owed.retain(|owed| !wants.cancelled.contains(&owed.id));
        self.owed.extend(wants.effects.iter().map(|effect| Owed {
            id: effect.id.clone(),
            run: effect.run.or(run),
            tool: effect.tool,
            request: effect.request.clone(),
            due: Timestamp(0),
        }));
        self.owed.extend(wants.wakes.iter().map(|wake| Owed {
            id: wake.id.clone(),
            run: wake.run.or(run),
            tool: "wake",
            request: json!(wake.note),
            due: wake.due,
        }));
        self.wants = wants;
        Ok(())
    }

    fn fresh_id(&mut self) -> EventId {
        self.inputs += 1;
        EventId(format!("input-{}", self.inputs))
    }

    fn envelope(&self, kind: &str, id: EventId, run: RunId, actor: Actor, data: Value) -> Envelope {
        Envelope {
            specversion: "1.0".to_owned(),
            id,
            source: "/test".to_owned(),
            kind: kind.to_owned(),
            subject: None,
            time: self.now,
            datacontenttype: "application/json".to_owned(),
            partitionkey: "shop@staging".to_owned(),
            correlationid: Some(run.to_string()),
            causationid: None,
            traceparent: None,
            actor,
            data,
        }
    }

    /// What the last input made the agent want.
    pub(crate) fn wants(&self) -> &Wants {
        &self.wants
    }

    /// What the agent remembers now; its default when it remembers nothing.
    pub(crate) fn state<S: Default + DeserializeOwned>(&self) -> S {
        self.state.clone().map(|state| serde_json::from_value(state).unwrap()).unwrap_or_default()
    }

    /// Whether the agent remembers nothing.
    pub(crate) fn forgot(&self) -> bool {
        self.state.is_none()
    }

    /// The events of this kind that the last input made the agent publish, with their runs.
    pub(crate) fn published<E: Event>(&self) -> Vec<(RunId, E)> {
        let of_kind = self.wants.events.iter().filter(|(published, _)| published.kind == E::KIND);
        of_kind
            .map(|(published, run)| {
                (run.unwrap_or(self.run), serde_json::from_value(published.data.clone()).unwrap())
            })
            .collect()
    }

    /// The one event of this kind that the last input made the agent publish.
    pub(crate) fn only<E: Event>(&self) -> E {
        let mut all = self.published::<E>();
        assert_eq!(all.len(), 1, "{:#?}", self.wants);
        all.remove(0).1
    }

    /// What the last input made the agent ask of this tool.
    pub(crate) fn asked<T: Tool>(&self) -> Vec<T::Request> {
        let of_tool = self.wants.effects.iter().filter(|effect| effect.tool == T::NAME);
        of_tool.map(|effect| serde_json::from_value(effect.request.clone()).unwrap()).collect()
    }

    /// Whether something asked of this tool was not answered yet.
    pub(crate) fn owes<T: Tool>(&self) -> bool {
        self.owed.iter().any(|owed| owed.tool == T::NAME)
    }

    /// The setting of this name.
    pub(crate) fn set(&self, name: &str) -> Option<&Value> {
        self.settings.get(name)
    }

    /// The last input changed nothing and made the agent want nothing.
    pub(crate) fn wants_nothing(&self) {
        let wants = &self.wants;
        let quiet = wants.events.is_empty() && wants.effects.is_empty() && wants.wakes.is_empty();
        assert!(quiet && wants.cancelled.is_empty() && wants.settings.is_empty(), "{wants:#?}");
    }
}

/// A command as the front door passes it on.
pub(crate) fn told(command: Command) -> orchestra_events::people::CommandGiven {
    orchestra_events::people::CommandGiven {
        command,
        thread: "RUN-1".to_owned(),
        service: Some("web".to_owned()),
        permitted: "operator".to_owned(),
    }
}

/// A push of a commit whose file names these services, on ports from 8001 on.
pub(crate) fn push(commit: &str, services: &[&str]) -> CodePush {
    let mut push = CodePush { commit_id: format!("{commit}0000000"), ..CodePush::example() };
    push.config.rollback.threshold.duration = 60;
    push.config.deployment.environment = push.environment.clone();
    push.config.deployment.services = services
        .iter()
        .zip(8001..)
        .map(|(name, port)| orchestra_events::file::pipeline::Service {
            name: (*name).to_owned(),
            port: Some(port),
            ..Default::default()
        })
        .collect();
    push
}

/// Says that a real part is missing and a test is skipped; fails where `ORCHESTRA_REQUIRE` names the part, with
/// commas between several.
pub(crate) fn skipped(part: &str, why: &str) {
    let required = std::env::var("ORCHESTRA_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == part), "`{part}` is required: {why}");
    eprintln!("SKIPPED for want of {part}: {why}");
}
