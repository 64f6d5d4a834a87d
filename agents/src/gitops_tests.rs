//! How a push becomes a run, or does not.

use super::*;
use crate::testing_support::{Story, given};
use orchestra_events::pipeline::CodeRef;
use orchestra_events::{Digest, Event as _};

fn fetched(file: FileRead) -> Outcome<Fetched> {
    Outcome::Done(Fetched {
        branch: "main".into(),
        commit_id: "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678".into(),
        message: "Round prices".into(),
        author: "Alice".into(),
        change: vec![],
        code: CodeRef { digest: Digest::of(b"source"), size: 10 },
        file,
    })
}

fn found(text: &str) -> Outcome<Fetched> {
    fetched(FileRead::Found { name: "devops_orchestra.yaml".into(), text: text.into() })
}

fn fetching() -> Story {
    let mut story = given::<GitOps>();
    story.when(PushRequested::example());
    story
}

const GOOD: &str = "project:\n  name: shop\n  language: rust\ndeployment:\n  environment: production\n";

#[test]
fn a_push_is_fetched_once() {
    let mut story = fetching();
    let wanted = FetchRequest { location: "/srv/git/shop".into(), branch: Some("main".into()) };
    assert_eq!(story.asked::<Fetch>(), [wanted]);
    story.when(PushRequested::example()).wants_nothing();
}

#[test]
fn a_good_file_starts_the_run_in_the_lane_of_its_environment() {
    let mut story = fetching();
    story.when_answered::<Fetch>(found(GOOD));
    let push = story.only::<CodePush>();
    assert_eq!((push.repo.as_str(), push.environment.as_str()), ("shop", "production"));
    assert_eq!(story.wants().events[0].0.lane.as_deref(), Some("shop@production"));
    assert_eq!(story.state::<Stage>(), Stage::Pushed { lane: "shop@production".into() });
}

#[test]
fn a_file_with_mistakes_is_refused_with_all_of_them() {
    let mut story = fetching();
    story.when_answered::<Fetch>(found("project:\n  nmae: shop\nbuild:\n  tool: carg\n"));
    let ended = story.only::<RunEnded>();
    assert_eq!(ended.outcome, pipeline::Outcome::Refused);
    for part in ["devops_orchestra.yaml", "nmae", "carg"] {
        assert!(ended.reason.contains(part), "{part} in {}", ended.reason);
    }
    assert!(story.published::<CodePush>().is_empty());
}

#[test]
fn many_mistakes_are_told_in_part_and_counted() {
    let many: String = (0..40).map(|number| format!("unknown{number}: 1\n")).collect();
    let mut story = fetching();
    story.when_answered::<Fetch>(found(&many));
    let reason = story.only::<RunEnded>().reason;
    assert!(reason.contains("has 40 mistakes") || reason.contains("has 41 mistakes"), "{reason}");
    assert!(reason.trim_end().ends_with("more"), "{reason}");
}

#[test]
fn without_a_file_what_was_detected_is_said() {
    let mut story = fetching();
    let because = vec!["Cargo.toml: a Rust project".to_owned()];
    story.when_answered::<Fetch>(fetched(FileRead::Detected { pipeline: Box::default(), because }));
    assert_eq!(story.only::<CodePush>().notes, ["no devops_orchestra.yaml: Cargo.toml: a Rust project"]);
}

#[test]
fn where_nothing_can_be_detected_the_push_is_refused_with_what_is_needed() {
    let mut story = fetching();
    story.when_answered::<Fetch>(fetched(FileRead::Missing("add a devops_orchestra.yaml".into())));
    let ended = story.only::<RunEnded>();
    assert_eq!(
        (ended.outcome, ended.reason.as_str()),
        (pipeline::Outcome::Refused, "add a devops_orchestra.yaml")
    );
}

#[test]
fn a_repository_that_can_t_be_fetched_fails_the_run() {
    for outcome in
        [Outcome::Failed("no such branch".to_owned()), Outcome::Unknown("no such branch".to_owned())]
    {
        let mut story = fetching();
        story.when_answered::<Fetch>(outcome);
        let ended = story.only::<RunEnded>();
        assert_eq!((ended.outcome, ended.reason.as_str()), (pipeline::Outcome::Failed, "no such branch"));
    }
}

#[test]
fn an_abort_ends_the_fetch_and_its_late_answer_is_ignored() {
    let mut story = fetching();
    let owed = story.owed[0].clone();
    story.by("bob").when_told(Command::Abort { service: None });
    assert_eq!(story.wants().cancelled, std::slice::from_ref(&owed.id));
    let ended = story.only::<RunEnded>();
    assert_eq!((ended.outcome, ended.reason.as_str()), (pipeline::Outcome::Aborted, "@bob aborted it"));
    story.answer(&owed, &serde_json::json!(found(GOOD))).unwrap();
    story.wants_nothing();
}

#[test]
fn other_commands_leave_the_fetch_alone() {
    let mut story = fetching();
    story.when_told(Command::Promote { service: None }).wants_nothing();
}

#[test]
fn a_command_said_before_the_lane_was_known_follows_the_run_there() {
    let mut story = fetching();
    story.when_answered::<Fetch>(found(GOOD)).when_told(Command::Abort { service: None });
    assert_eq!(story.wants().events[0].0.lane.as_deref(), Some("shop@production"));
    assert_eq!(story.published::<CommandGiven>().len(), 1);
}

#[test]
fn a_command_in_the_run_s_own_lane_is_not_repeated() {
    let mut story = fetching();
    let staging = GOOD.replace("production", "staging");
    story.when_answered::<Fetch>(found(&staging)).when_told(Command::Abort { service: None }).wants_nothing();
}

#[test]
fn a_run_that_is_over_is_forgotten() {
    let mut story = fetching();
    story.when(RunEnded::example());
    assert!(story.forgot());
}
