//! Where a service goes back to, and where it never does.

use super::*;
use crate::testing_support::{Story, given, push};
use orchestra_events::Event as _;
use orchestra_events::pipeline::{Outcome as Ended, RolloutStep};

fn rollout(version: &str, status: Status, kind: StepKind) -> DeploymentTriggered {
    let step = RolloutStep { kind, ..DeploymentTriggered::example().step.unwrap() };
    let service_name = "web".to_owned();
    DeploymentTriggered {
        service_name,
        version: version.into(),
        status,
        step: Some(step),
        ..DeploymentTriggered::example()
    }
}

fn verdict(verdict: StepVerdict) -> AnalysisFinished {
    AnalysisFinished { verdict, ..AnalysisFinished::example() }
}

fn requested(to: Option<&str>) -> RollbackEvent {
    RollbackEvent {
        status: RollbackStatus::Requested,
        rollback_to: to.map(str::to_owned),
        rollback_from: None,
        ..RollbackEvent::example()
    }
}

fn back() -> Outcome<TargetAnswer> {
    Outcome::Done(TargetAnswer { address: "http://127.0.0.1:8001".to_owned() })
}

fn go_back(to: Option<&str>) -> Command {
    Command::Rollback { service: Some("web".into()), to: to.map(str::to_owned), environment: None }
}

/// These versions were proven, in this order.
fn proven(versions: &[&str]) -> Story {
    let mut story = given::<Rollback>();
    for (run, version) in (1..).zip(versions) {
        story.in_run(run).when(push(version, &["web"]));
        story.when(rollout(version, Status::InProgress, StepKind::Share));
        story.when(rollout(version, Status::Success, StepKind::Proven));
    }
    story
}

/// A version rolls out in run 9.
fn comes(story: &mut Story, version: &str) {
    let context = &mut story.in_run(9).pipeline().repo_context;
    context.config = Some(push(version, &["web"]).config);
    context.environment = "staging".to_owned();
    context.commit_id = Some(format!("{version}0000000"));
    story.when(rollout(version, Status::InProgress, StepKind::Share));
}

fn restores(story: &Story) -> Option<String> {
    match story.asked::<Target>().as_slice() {
        [] => None,
        [TargetRequest::Restore { to, .. }] => Some(to.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_verdict_goes_back_to_the_last_good_version_at_once() {
    let mut story = proven(&["aaaaaaa", "bbbbbbb"]);
    comes(&mut story, "ccccccc");
    story.when(verdict(StepVerdict::Fail));
    assert_eq!(restores(&story).as_deref(), Some("bbbbbbb"));
    let begun = story.only::<RollbackEvent>();
    assert_eq!(begun.status, RollbackStatus::InProgress);
    assert_eq!(
        (begun.rollback_from.as_deref(), begun.rollback_to.as_deref()),
        (Some("ccccccc"), Some("bbbbbbb"))
    );
    story.when_answered::<Target>(back());
    assert_eq!(story.only::<RollbackEvent>().status, RollbackStatus::Success);
    let history = story.state::<Histories>().0["web"].clone();
    assert_eq!(
        (history.good.last().unwrap().as_str(), history.refused),
        ("bbbbbbb", vec!["ccccccc".to_owned()])
    );
}

#[test]
fn other_verdicts_take_nothing_back() {
    for word in [StepVerdict::Pass, StepVerdict::Inconclusive, StepVerdict::NoData] {
        let mut story = proven(&["aaaaaaa"]);
        comes(&mut story, "bbbbbbb");
        story.when(verdict(word)).wants_nothing();
    }
}

#[test]
fn a_file_that_switches_rollback_off_is_obeyed() {
    let mut story = proven(&["aaaaaaa"]);
    comes(&mut story, "bbbbbbb");
    story.pipeline().repo_context.config.as_mut().unwrap().rollback.enabled = false;
    story.when(verdict(StepVerdict::Fail)).wants_nothing();
}

#[test]
fn a_verdict_on_a_run_that_is_over_takes_nothing_back() {
    let mut story = proven(&["aaaaaaa"]);
    comes(&mut story, "bbbbbbb");
    story.pipeline().status.outcome = Some(Ended::Aborted);
    story.when(verdict(StepVerdict::Fail)).wants_nothing();
}

#[test]
fn with_nothing_to_go_back_to_it_says_so() {
    let mut story = given::<Rollback>();
    comes(&mut story, "aaaaaaa");
    story.when(verdict(StepVerdict::Fail));
    let told = story.only::<RollbackEvent>();
    assert_eq!(told.status, RollbackStatus::Failed);
    assert!(told.reason.contains("no earlier good version"), "{}", told.reason);
    assert_eq!(restores(&story), None);
    story.when_told(go_back(None));
    assert!(story.only::<CommandRefused>().reason.contains("no earlier good version"));
}

#[test]
fn it_never_goes_back_to_a_version_that_was_refused() {
    let mut story = proven(&["aaaaaaa", "bbbbbbb"]);
    story.when_told(go_back(None)).when_answered::<Target>(back());
    assert_eq!(story.only::<RollbackEvent>().rollback_to.as_deref(), Some("aaaaaaa"));
    comes(&mut story, "ccccccc");
    story.when(verdict(StepVerdict::Fail));
    assert_eq!(restores(&story).as_deref(), Some("aaaaaaa"), "`bbbbbbb` was taken back before");
    story.when_answered::<Target>(back()).when_told(go_back(Some("bbbbbbb")));
    assert!(story.only::<CommandRefused>().reason.contains("was refused before"));
}

#[test]
fn a_refused_version_that_is_proven_later_is_good_again() {
    let mut story = proven(&["aaaaaaa", "bbbbbbb"]);
    story.when_told(go_back(None)).when_answered::<Target>(back());
    story.when(rollout("bbbbbbb", Status::Success, StepKind::Proven));
    story.when(rollout("ccccccc", Status::Success, StepKind::Proven)).when_told(go_back(Some("bbbbbbb")));
    assert_eq!(restores(&story).as_deref(), Some("bbbbbbb"));
}

#[test]
fn a_person_may_name_the_version() {
    let table = [
        ("aaaaaaa", Ok("aaaaaaa")),
        ("bbbbbbb", Ok("bbbbbbb")),
        ("ccccccc", Err("is live already")),
        ("fffffff", Err("was never live here")),
    ];
    for (to, outcome) in table {
        let mut story = proven(&["aaaaaaa", "bbbbbbb", "ccccccc"]);
        story.by("bob").when_told(go_back(Some(to)));
        match outcome {
            Ok(version) => {
                assert_eq!(restores(&story).as_deref(), Some(version));
                assert_eq!(story.only::<RollbackEvent>().triggered_by, "user:bob");
            }
            Err(says) => {
                assert!(story.only::<CommandRefused>().reason.contains(says));
                assert_eq!(restores(&story), None);
            }
        }
    }
}

#[test]
fn it_is_not_begun_twice() {
    let mut story = proven(&["aaaaaaa"]);
    comes(&mut story, "bbbbbbb");
    story.when(verdict(StepVerdict::Fail));
    story.when(requested(None)).wants_nothing();
    story.when_told(go_back(None));
    assert!(story.only::<CommandRefused>().reason.contains("is being taken back already"));
    assert_eq!(restores(&story), None);
}

#[test]
fn one_rollback_after_another_walks_back_through_the_good_versions() {
    let mut story = proven(&["aaaaaaa", "bbbbbbb", "ccccccc"]);
    for to in ["bbbbbbb", "aaaaaaa"] {
        story.when_told(go_back(None));
        assert_eq!(restores(&story).as_deref(), Some(to));
        story.when_answered::<Target>(back());
    }
    story.when_told(go_back(None));
    assert!(story.only::<CommandRefused>().reason.contains("no earlier good version"));
}

#[test]
fn traffic_that_can_t_be_given_back_is_a_failure_with_its_reason() {
    let mut story = proven(&["aaaaaaa"]);
    comes(&mut story, "bbbbbbb");
    story
        .when(verdict(StepVerdict::Fail))
        .when_answered::<Target>(Outcome::Failed("the disk is full".into()));
    let told = story.only::<RollbackEvent>();
    assert_eq!((told.status, told.reason.contains("the disk is full")), (RollbackStatus::Failed, true));
    story.when_told(go_back(None));
    assert_eq!(restores(&story).as_deref(), Some("aaaaaaa"), "it may be tried again");
}

#[test]
fn after_an_abort_what_is_live_counts_and_not_what_was_coming() {
    let mut story = proven(&["aaaaaaa", "bbbbbbb"]);
    comes(&mut story, "ccccccc");
    story.when(RunEnded { outcome: Ended::Aborted, ..RunEnded::example() });
    story.when_told(go_back(None));
    assert_eq!(restores(&story).as_deref(), Some("aaaaaaa"));
}
