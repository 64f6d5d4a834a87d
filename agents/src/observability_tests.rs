//! When the observability agent measures, and what it makes of answers that come late.

use super::*;
use crate::effects::VersionMeasured;
use crate::testing_support::{Story, given, push};
use orchestra_events::Event as _;
use orchestra_events::pipeline::{Hold, RolloutStep, StepVerdict};
use serde_json::json;

fn step(kind: StepKind, seconds: u64) -> DeploymentTriggered {
    let step =
        RolloutStep { kind, seconds, least_seconds: seconds, ..DeploymentTriggered::example().step.unwrap() };
    DeploymentTriggered { step: Some(step), ..DeploymentTriggered::example() }
}

fn proven() -> DeploymentTriggered {
    DeploymentTriggered { status: Status::Success, ..step(StepKind::Proven, 0) }
}

fn watching() -> Story {
    let mut story = given::<Observability>();
    story.pipeline().repo_context.config = Some(push("a1b2c3d", &["web"]).config);
    story.when(step(StepKind::Share, 30));
    story
}

fn silent() -> Outcome<Measured> {
    let version = VersionMeasured { ready: true, ..VersionMeasured::default() };
    Outcome::Done(Measured { versions: [("a1b2c3d".to_owned(), version)].into(), ..Measured::default() })
}

#[test]
fn a_step_is_looked_at_until_there_is_a_verdict_that_is_told_once() {
    let mut story = watching();
    let mut looks = 0;
    while story.published::<AnalysisFinished>().is_empty() {
        story.when_woken();
        assert_eq!(story.asked::<Measure>().len(), 1);
        story.when_answered::<Measure>(silent());
        looks += 1;
        assert!(looks < 50, "no verdict");
    }
    assert_eq!(story.only::<AnalysisFinished>().verdict, StepVerdict::NoData);
    assert!(story.owed.is_empty(), "nothing is looked at any more: {:?}", story.owed);
    assert!(story.state::<Watches>().rollouts.is_empty());
}

#[test]
fn a_step_that_is_not_analysed_is_not_watched() {
    let mut story = given::<Observability>();
    story.when(step(StepKind::Start, 0)).wants_nothing();
}

#[test]
fn a_hold_a_failure_and_a_rollback_end_the_watch() {
    let hold = DeploymentTriggered { hold: Some(Hold::Paused("@bob".into())), ..step(StepKind::Share, 30) };
    let failed = DeploymentTriggered { status: Status::Failed, ..step(StepKind::Share, 30) };
    for event in [hold, failed] {
        let mut story = watching();
        story.when(event).when_woken().wants_nothing();
    }
    let mut story = watching();
    story.when(RollbackEvent { status: RollbackStatus::InProgress, ..RollbackEvent::example() });
    story.when_woken().wants_nothing();
}

#[test]
fn a_timer_of_a_watch_that_began_anew_is_ignored() {
    let mut story = watching();
    let old = story.owed.remove(0);
    story.later(1).when(step(StepKind::Share, 30));
    story.answer(&old, &json!({ "done": null })).unwrap();
    story.wants_nothing();
    story.when_woken();
    assert_eq!(story.asked::<Measure>().len(), 1);
}

#[test]
fn a_measurement_that_failed_is_no_data_and_the_watch_goes_on() {
    let mut story = watching();
    story.when_woken().when_answered::<Measure>(Outcome::Failed("the shim does not answer".into()));
    assert_eq!(story.wants().wakes.len(), 1);
    assert!(story.published::<AnalysisFinished>().is_empty());
}

#[test]
fn a_live_service_is_looked_at_for_ever_in_one_chain_of_timers() {
    let mut story = given::<Observability>();
    story.pipeline().repo_context.config = Some(push("a1b2c3d", &["web"]).config);
    story.when(proven()).when(proven());
    for _ in 0..5 {
        assert_eq!(story.owed.len(), 1, "{:?}", story.owed);
        story.when_woken().when_answered::<Measure>(silent());
    }
}

#[test]
fn a_file_that_switches_observability_off_is_obeyed() {
    let mut story = given::<Observability>();
    let mut config = push("a1b2c3d", &["web"]).config;
    config.observability.enabled = false;
    story.pipeline().repo_context.config = Some(config);
    story.when(proven()).wants_nothing();
}

#[test]
fn after_a_rollback_the_version_that_is_back_is_looked_at() {
    let mut story = given::<Observability>();
    story.pipeline().repo_context.config = Some(push("a1b2c3d", &["web"]).config);
    story.when(proven());
    story.when(RollbackEvent { status: RollbackStatus::Success, ..RollbackEvent::example() });
    assert_eq!(story.state::<Watches>().live["web"].version, "9f8e7d6");
}
