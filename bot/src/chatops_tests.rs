//! From what happened in a run to what stands in its thread and in the channel.

use super::*;
use crate::message::Tone;
use orchestra_agents::context::Situation;
use orchestra_agents::runtime::{Handed, Member};
use orchestra_events::file::PipelineFile;
use orchestra_events::pipeline::{Hold, RollbackStatus, RolloutStep, Status, StepKind, StepVerdict};
use orchestra_events::{Actor, Command, Envelope, Event, EventId, PipelineState, RunId, Timestamp};
use std::collections::BTreeMap;

/// A run's thread and the channel, as they stand after some events.
#[derive(Default)]
struct Thread {
    state: PipelineState,
    inputs: u64,
    posts: BTreeMap<(String, String), Message>,
    last: Vec<(String, String)>,
}

/// A run that was pushed, with a file that asks for these notices.
fn given(notify_on: &[Notice]) -> Thread {
    let mut thread = Thread::default();
    thread.when(PushRequested::example());
    let mut config = PipelineFile::default();
    config.chatops.notify_on = notify_on.to_vec();
    config.chatops.channel = Some("#shop".to_owned());
    thread.when(CodePush { config: Box::new(config), ..CodePush::example() });
    thread
}

impl Thread {
    fn when<E: Event>(&mut self, event: E) -> &mut Self {
        self.inputs += 1;
        let id = EventId(format!("input-{}", self.inputs));
        let now = Timestamp(1_795_692_000_000).plus_seconds(self.inputs);
        let envelope = Envelope {
            specversion: "1.0".to_owned(),
            id: id.clone(),
            source: "/test".to_owned(),
            kind: E::KIND.to_owned(),
            subject: None,
            time: now,
            datacontenttype: "application/json".to_owned(),
            partitionkey: "shop@staging".to_owned(),
            correlationid: Some("RUN-7".to_owned()),
            causationid: None,
            traceparent: None,
            actor: Actor::person("alice"),
            data: serde_json::to_value(event).unwrap(),
        };
        self.state.apply(&envelope);
        let situation = Situation {
            cause: id.clone(),
            input: id,
            now,
            lane: "shop@staging",
            run: Some(RunId(7)),
            actor: &envelope.actor,
            pipeline: &self.state,
            settings: &BTreeMap::new(),
            answered: None,
        };
        let (state, wants) =
            Member::of::<ChatOps>().handle(None, Handed::Event(&envelope), situation).unwrap();
        assert!(state.is_none(), "it remembers nothing");
        assert!(wants.events.is_empty() && wants.effects.is_empty(), "it only tells");
        self.last.clear();
        for (thread, name, message) in wants.posts {
            self.last.push((thread.clone(), name.clone()));
            self.posts.insert((thread, name), serde_json::from_value(message).unwrap());
        }
        self
    }

    fn card(&self) -> &Message {
        &self.posts[&("RUN-7".to_owned(), CARD.to_owned())]
    }

    /// What the last event added to the thread, card aside.
    fn news(&self) -> Option<&Message> {
        let key = self.last.iter().find(|(thread, name)| thread == "RUN-7" && name != CARD)?;
        self.posts.get(key)
    }

    /// What the last event said in the channel.
    fn channel(&self) -> Option<&Message> {
        let key = self.last.iter().find(|(thread, _)| thread == "channel/#shop")?;
        self.posts.get(key)
    }
}

fn rollout(kind: StepKind, weight: u8, status: Status) -> DeploymentTriggered {
    let step = RolloutStep { kind, weight, ..DeploymentTriggered::example().step.unwrap() };
    DeploymentTriggered { status, step: Some(step), decision: None, ..DeploymentTriggered::example() }
}

fn held(hold: Hold) -> DeploymentTriggered {
    DeploymentTriggered { hold: Some(hold), ..rollout(StepKind::Share, 20, Status::InProgress) }
}

fn ended(outcome: Outcome) -> RunEnded {
    RunEnded { outcome, reason: "because".into(), ..RunEnded::example() }
}

#[test]
fn the_card_says_how_the_run_stands() {
    type Happens = fn(&mut Thread) -> &mut Thread;
    let table: [(Happens, &str, Tone); 10] = [
        (|thread| thread, "working", Tone::Working),
        (
            |thread| thread.when(rollout(StepKind::Share, 20, Status::InProgress)),
            "rolling out",
            Tone::Working,
        ),
        (|thread| thread.when(held(Hold::Paused("@bob".into()))), "paused", Tone::Waiting),
        (|thread| thread.when(held(Hold::Run("RUN-6".into()))), "waiting", Tone::Waiting),
        (|thread| thread.when(held(Hold::Approval("APR-7".into()))), "waits for approval", Tone::Waiting),
        (
            |thread| thread.when(rollout(StepKind::Promotion, 100, Status::InProgress)),
            "live, still watched",
            Tone::Good,
        ),
        (|thread| thread.when(ended(Outcome::Live)), "live", Tone::Good),
        (|thread| thread.when(ended(Outcome::Refused)), "refused", Tone::Bad),
        (|thread| thread.when(ended(Outcome::RolledBack)), "rolled back", Tone::Bad),
        (|thread| thread.when(ended(Outcome::Aborted)), "aborted", Tone::Plain),
    ];
    for (happens, says, tone) in table {
        let mut thread = given(&[]);
        happens(&mut thread);
        let card = thread.card();
        assert!(card.headline.starts_with("RUN-7 · "), "{}", card.headline);
        assert!(card.headline.ends_with(&format!(": {says}")), "{} instead of {says}", card.headline);
        assert_eq!(card.tone, tone, "{says}");
    }
}

#[test]
fn the_card_shows_the_commit_what_it_waits_for_and_the_traffic() {
    let mut thread = given(&[]);
    thread.when(rollout(StepKind::Share, 20, Status::InProgress));
    let shown = serde_json::to_string(thread.card()).unwrap();
    for part in ["Round prices half up", "Alice", "a1b2c3d 20 %", "9f8e7d6 80 %"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    thread.when(held(Hold::Inconclusive(vec!["too few requests".into()])));
    assert!(serde_json::to_string(thread.card()).unwrap().contains("too few requests"));
    thread.when(ended(Outcome::Aborted));
    let shown = serde_json::to_string(thread.card()).unwrap();
    assert!(!shown.contains("too few requests"), "what is over waits for nothing: {shown}");
}

#[test]
fn the_channel_hears_what_the_file_asks_for_and_nothing_else() {
    let table = [
        (Outcome::Live, Notice::DeploymentSuccess),
        (Outcome::Failed, Notice::DeploymentFailure),
        (Outcome::Refused, Notice::PushRefused),
        (Outcome::Superseded, Notice::RunSuperseded),
        (Outcome::Aborted, Notice::RunAborted),
    ];
    for (outcome, notice) in table {
        let mut asked = given(&[notice]);
        asked.when(ended(outcome));
        let headline = asked.news().unwrap().headline.clone();
        let told = asked.channel().unwrap_or_else(|| panic!("{outcome:?} is not told"));
        assert_eq!(
            (told.headline.as_str(), told.sections.len()),
            (headline.as_str(), 0),
            "only the headline"
        );
        for other in Notice::ALL.iter().filter(|other| **other != notice) {
            let mut unasked = given(&[*other]);
            unasked.when(ended(outcome));
            assert!(unasked.channel().is_none(), "{outcome:?} told for {other:?}");
            assert!(unasked.news().is_some(), "the thread always hears");
        }
    }
}

#[test]
fn a_rollback_that_begins_is_told_in_the_channel() {
    let mut thread = given(&[Notice::RollbackTriggered]);
    thread.when(RollbackEvent { status: RollbackStatus::InProgress, ..RollbackEvent::example() });
    assert!(thread.channel().is_some());
    thread.when(RollbackEvent { status: RollbackStatus::Success, ..RollbackEvent::example() });
    assert!(thread.news().is_some());
}

#[test]
fn every_verdict_that_refuses_shows_the_numbers_compared() {
    let mut thread = given(&[]);
    thread.when(rollout(StepKind::Share, 20, Status::InProgress));
    thread.when(AnalysisFinished { verdict: StepVerdict::Fail, ..AnalysisFinished::example() });
    let shown = serde_json::to_string(thread.news().unwrap()).unwrap();
    for part in ["errors", "5.4", "0.1"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn a_file_that_switches_chat_off_is_obeyed_from_then_on() {
    let mut thread = given(&[Notice::DeploymentSuccess]);
    thread.state.repo_context.config.as_mut().unwrap().chatops.enabled = false;
    thread.when(ended(Outcome::Live));
    assert!(thread.last.is_empty(), "{:?}", thread.last);
}

#[test]
fn a_refused_command_is_answered_where_it_was_said() {
    let mut thread = given(&[]);
    thread.when(CommandRefused { thread: "console/1".into(), ..CommandRefused::example() });
    assert_eq!(thread.last.len(), 1);
    let (place, name) = thread.last[0].clone();
    assert_eq!(place, "console/1");
    assert!(thread.posts[&(place, name)].headline.contains("is not rolling out"));
}

#[test]
fn a_command_is_told_with_who_gave_it() {
    let mut thread = given(&[]);
    thread.when(CommandGiven { command: Command::Pause { service: None }, ..CommandGiven::example() });
    assert_eq!(thread.news().unwrap().headline, "@alice: pause");
}

#[test]
fn the_same_event_twice_says_the_same_post_twice() {
    let mut first = given(&[]);
    first.when(ended(Outcome::Live));
    let mut again = given(&[]);
    again.when(ended(Outcome::Live));
    assert_eq!(first.posts, again.posts);
}

#[test]
fn every_example_of_every_event_can_be_told() {
    let mut thread = given(Notice::ALL);
    thread.when(BuildReady::example()).when(CodeAnalysis::example()).when(TestResults::example());
    thread.when(IaCReady::example()).when(DeploymentTriggered::example()).when(AnalysisFinished::example());
    thread.when(ObservabilityAlert::example()).when(RollbackEvent::example()).when(CommandGiven::example());
    thread.when(ApprovalRequested::example()).when(ApprovalDecided::example());
    thread.when(IncidentOpened::example()).when(PostmortemWritten::example()).when(RunEnded::example());
    assert!(thread.posts.values().all(|message| !message.headline.trim().is_empty()));
}
