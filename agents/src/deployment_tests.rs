//! Stories of rollouts: gates, steps, holds, people, and what happens when something breaks.

use crate::agent::Outcome;
use crate::deployment::Deployment;
use crate::effects::{Measure, Measured, Target, TargetAnswer, TargetRequest, VersionMeasured};
use crate::rollout::{Lane, Phase, Stage};
use crate::testing_support::{Story, given, push};
use orchestra_events::file::pipeline::Strategy;
use orchestra_events::people::{ApprovalDecided, ApprovalRequested, CommandRefused};
use orchestra_events::pipeline::{
    self, AnalysisFinished, BuildReady, CodeAnalysis, CodePush, DeploymentTriggered, Hold, IaCReady,
    RollbackEvent, RollbackStatus, RunEnded, Status, StepKind, StepVerdict, TestResults,
};
use orchestra_events::{Command, Digest, Event, RunId};
use serde_json::json;

#[path = "deployment_arbitrary_tests.rs"]
mod arbitrary;
#[path = "deployment_people_tests.rs"]
mod people;

fn built() -> BuildReady {
    BuildReady {
        status: Status::Success,
        artefact: Some(Digest::of(b"a")),
        reason: None,
        ..BuildReady::example()
    }
}

fn tested() -> TestResults {
    TestResults { status: Status::Success, failed: 0, total_tests: 3, passed: 3, ..TestResults::example() }
}

fn analysed() -> CodeAnalysis {
    CodeAnalysis { passed: true, errors: vec![], reason: None, ..CodeAnalysis::example() }
}

fn provided() -> IaCReady {
    IaCReady::example()
}

fn done() -> Outcome<TargetAnswer> {
    Outcome::Done(TargetAnswer { address: "http://127.0.0.1:8001".to_owned() })
}

fn broken() -> Outcome<TargetAnswer> {
    Outcome::Failed("the port is taken".to_owned())
}

fn verdict(service: &str, step: u32, verdict: StepVerdict) -> AnalysisFinished {
    AnalysisFinished {
        service: service.to_owned(),
        step,
        verdict,
        lacking: vec![],
        ..AnalysisFinished::example()
    }
}

fn rollback(service: &str, status: RollbackStatus, to: Option<&str>) -> RollbackEvent {
    RollbackEvent {
        service: service.to_owned(),
        status,
        rollback_to: to.map(str::to_owned),
        ..RollbackEvent::example()
    }
}

/// A run that meets all its gates; its traffic is not known.
fn ready(story: &mut Story, run: u64, push: CodePush) {
    story.in_run(run).when(push).when(built()).when(tested()).when(analysed()).when(provided());
    unmeasured(story);
}

/// The traffic that was asked for, if it was, is not known.
fn unmeasured(story: &mut Story) {
    if story.owes::<Measure>() {
        story.when_answered::<Measure>(Outcome::Failed("nobody measures".to_owned()));
    }
}

/// All three steps of a service pass.
fn proves(story: &mut Story, service: &str) {
    for number in 1..=2 {
        story.when(verdict(service, number, StepVerdict::Pass)).when_answered::<Target>(done());
    }
    story.when(verdict(service, 3, StepVerdict::Pass));
    unmeasured(story);
}

/// Versions `aaaaaaa` of these services are live.
fn live(services: &[&str]) -> Story {
    let mut story = given::<Deployment>();
    ready(&mut story, 1, push("aaaaaaa", services));
    for _ in services {
        story.when_answered::<Target>(done()).when_answered::<Target>(done());
    }
    for _ in services {
        story.when_answered::<Target>(done());
    }
    assert!(story.state::<Lane>().runs.is_empty());
    story
}

/// A push by canary of `bbbbbbb` with steps 20, 50, 100.
fn canary(services: &[&str]) -> CodePush {
    let mut push = push("bbbbbbb", services);
    push.config.deployment.strategy = Some(Strategy::Canary);
    push.config.deployment.canary.steps =
        serde_json::from_value(json!([{"weight": 20}, {"weight": 50}])).unwrap();
    push
}

/// Run 2 rolls out over what is live, and its first step is analysed.
fn rolling(services: &[&str]) -> Story {
    let mut story = live(services);
    ready(&mut story, 2, canary(services));
    story.when_answered::<Target>(done()).when_answered::<Target>(done());
    story
}

fn step(story: &Story) -> (StepKind, u8) {
    let step = story.only::<DeploymentTriggered>().step.unwrap();
    (step.kind, step.weight)
}

fn share(story: &Story) -> u8 {
    match story.asked::<Target>().as_slice() {
        [TargetRequest::Share { weight, .. }] => *weight,
        other => panic!("{other:?}"),
    }
}

fn stage(story: &Story, run: u64) -> Stage {
    story.state::<Lane>().runs[&RunId(run)].stage.clone()
}

#[test]
fn gates_met_in_any_order_start_the_rollout() {
    let mut all = Vec::new();
    for order in permutations(4) {
        let mut story = given::<Deployment>();
        story.when(push("aaaaaaa", &["web"]));
        for gate in order {
            assert!(story.wants().effects.is_empty());
            match gate {
                0 => story.when(built()),
                1 => story.when(tested()),
                2 => story.when(analysed()),
                _ => story.when(provided()),
            };
        }
        all.push((story.published::<DeploymentTriggered>(), story.asked::<Target>(), story.state::<Lane>()));
    }
    assert_eq!(all.len(), 24);
    assert!(matches!(all[0].1.as_slice(), [TargetRequest::Start { version, .. }] if version == "aaaaaaa"));
    assert!(all.iter().all(|one| *one == all[0]));
}

fn permutations(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![vec![]];
    }
    let shorter = permutations(of - 1);
    (0..of)
        .flat_map(|place| {
            shorter.iter().map(move |rest| {
                let mut all = rest.clone();
                all.insert(place, of - 1);
                all
            })
        })
        .collect()
}

#[test]
fn a_gate_that_says_no_ends_the_run() {
    type SaysNo = fn(&mut Story);
    let table: [(SaysNo, &str); 4] = [
        (
            |story| {
                story.when(BuildReady { status: Status::Failed, reason: Some("no rule".into()), ..built() });
            },
            "the build failed: no rule",
        ),
        (
            |story| {
                story.when(TestResults {
                    status: Status::Failed,
                    total_tests: 3,
                    failed: 1,
                    passed: 2,
                    ..tested()
                });
            },
            "1 of 3 tests failed",
        ),
        (
            |story| {
                story.when(CodeAnalysis { passed: false, reason: Some("too large".into()), ..analysed() });
            },
            "the code could not be read: too large",
        ),
        (
            |story| {
                story.when(IaCReady { status: Status::Failed, reason: "terraform".into(), ..provided() });
            },
            "the infrastructure is not ready: terraform",
        ),
    ];
    for (says_no, why) in table {
        let mut story = given::<Deployment>();
        story.when(push("aaaaaaa", &["web"]));
        says_no(&mut story);
        let ended = story.only::<RunEnded>();
        assert_eq!((ended.outcome, ended.reason.as_str()), (pipeline::Outcome::Failed, why));
        story.when(built()).wants_nothing();
    }
}

#[test]
fn a_first_version_goes_live_on_its_health_checks() {
    let mut story = given::<Deployment>();
    ready(&mut story, 1, push("aaaaaaa", &["web"]));
    story.when_answered::<Target>(done());
    assert_eq!(share(&story), 100);
    story.when_answered::<Target>(done());
    assert!(matches!(story.asked::<Target>().as_slice(), [TargetRequest::Settle { .. }]));
    story.when_answered::<Target>(done());
    assert_eq!(story.only::<RunEnded>().outcome, pipeline::Outcome::Live);
    assert_eq!(step(&story).0, StepKind::Proven);
    assert_eq!(story.state::<Lane>().services["web"].live.as_deref(), Some("aaaaaaa"));
    assert_eq!(story.set("service/staging/web").unwrap()["version"], "aaaaaaa");
}

#[test]
fn canary_steps_follow_verdicts_that_pass() {
    let mut story = rolling(&["web"]);
    assert_eq!(step(&story), (StepKind::Share, 20));
    for (number, weight, kind) in [(1, 50, StepKind::Share), (2, 100, StepKind::Promotion)] {
        story.when(verdict("web", number, StepVerdict::Pass));
        assert_eq!(share(&story), weight);
        story.when_answered::<Target>(done());
        assert_eq!(step(&story), (kind, weight));
    }
    story.when(verdict("web", 3, StepVerdict::Pass)).when_answered::<Target>(done());
    assert_eq!(story.only::<RunEnded>().outcome, pipeline::Outcome::Live);
    let record = story.state::<Lane>().services["web"].clone();
    assert_eq!(
        (record.live.as_deref(), record.was),
        (Some("bbbbbbb"), vec!["aaaaaaa".into(), "bbbbbbb".into()])
    );
}

#[test]
fn where_the_file_leaves_the_strategy_open_the_traffic_decides() {
    for (requests, chosen) in [(10_000, "canary"), (3, "blue-green")] {
        let mut story = live(&["web"]);
        story.in_run(2).when(push("bbbbbbb", &["web"]));
        story.when(built()).when(tested()).when(analysed()).when(provided());
        let at = story.now.0 / 1000;
        let mut version = VersionMeasured::default();
        for number in 0..requests {
            version.window.record(at - 60 + number % 60, false, 2_000);
        }
        let measured =
            Measured { at, versions: [("aaaaaaa".to_owned(), version)].into(), ..Measured::default() };
        story.when_answered::<Measure>(Outcome::Done(measured));
        let decision = story.only::<DeploymentTriggered>().decision.unwrap();
        assert_eq!(decision.chosen, chosen);
        assert_eq!(decision.alternatives.len(), 2);
        assert_eq!(decision.known["requests_per_minute"], json!(requests as f64));
    }
}

#[test]
fn a_verdict_on_another_step_or_service_counts_for_nothing() {
    for wrong in [verdict("web", 2, StepVerdict::Pass), verdict("api", 1, StepVerdict::Fail)] {
        let mut story = rolling(&["web"]);
        story.when(wrong).wants_nothing();
        assert!(matches!(stage(&story, 2), Stage::Rolling(rolling) if rolling.phase == Phase::Analysing));
    }
}

#[test]
fn a_step_rests_as_long_as_the_file_says() {
    let mut story = live(&["web"]);
    let mut resting = canary(&["web"]);
    resting.config.deployment.canary.steps =
        serde_json::from_value(json!([{"weight": 20, "pause": 30}])).unwrap();
    ready(&mut story, 2, resting);
    story.when_answered::<Target>(done()).when_answered::<Target>(done());
    let before = story.now;
    story.when(verdict("web", 1, StepVerdict::Pass));
    assert!(story.wants().wakes[0].due >= before.plus_seconds(30));
    story.when_woken();
    assert_eq!(share(&story), 100);
}

#[test]
fn a_refused_version_waits_for_the_rollback_agent() {
    let mut story = rolling(&["web"]);
    story.when(verdict("web", 1, StepVerdict::Fail)).wants_nothing();
    assert!(matches!(stage(&story, 2), Stage::GoingBack { service, .. } if service == "web"));
    story.when(rollback("web", RollbackStatus::InProgress, Some("aaaaaaa"))).wants_nothing();
    story.when(rollback("web", RollbackStatus::Success, Some("aaaaaaa")));
    assert_eq!(story.only::<RunEnded>().outcome, pipeline::Outcome::RolledBack);
    assert_eq!(story.state::<Lane>().services["web"].live.as_deref(), Some("aaaaaaa"));
}

#[test]
fn a_rollback_asked_for_in_an_older_run_s_thread_ends_the_run_that_rolls_out() {
    let mut story = rolling(&["web"]);
    let back = |status| RollbackEvent {
        rollback_from: Some("bbbbbbb".into()),
        ..rollback("web", status, Some("aaaaaaa"))
    };
    story.in_run(1).when(back(RollbackStatus::InProgress)).when(back(RollbackStatus::Success));
    let [(run, ended)] = &story.published::<RunEnded>()[..] else { panic!("{:?}", story.wants()) };
    assert_eq!((*run, ended.outcome), (RunId(2), pipeline::Outcome::RolledBack));
    assert_eq!(story.state::<Lane>().rolling, None);
}

#[test]
fn a_rollback_that_fails_ends_the_run_as_failed() {
    let mut story = rolling(&["web"]);
    story.when(verdict("web", 1, StepVerdict::Fail)).when(rollback("web", RollbackStatus::Failed, None));
    assert_eq!(story.only::<RunEnded>().outcome, pipeline::Outcome::Failed);
}

#[test]
fn with_rollback_switched_off_a_refused_version_holds() {
    let mut story = live(&["web"]);
    let mut without = canary(&["web"]);
    without.config.rollback.enabled = false;
    ready(&mut story, 2, without);
    story.when_answered::<Target>(done()).when_answered::<Target>(done());
    story.when(verdict("web", 1, StepVerdict::Fail));
    let Some(Hold::Inconclusive(why)) = story.only::<DeploymentTriggered>().hold else { panic!() };
    assert!(why[0].ends_with("the file switches rollback off"), "{why:?}");
}

#[test]
fn no_data_and_inconclusive_hold_and_say_what_is_lacking() {
    for word in [StepVerdict::NoData, StepVerdict::Inconclusive] {
        let mut story = rolling(&["web"]);
        story.when(AnalysisFinished { lacking: vec!["latency".into()], ..verdict("web", 1, word) });
        assert_eq!(
            story.only::<DeploymentTriggered>().hold,
            Some(Hold::Inconclusive(vec!["latency".into()]))
        );
        assert!(story.wants().effects.is_empty());
    }
}

#[test]
fn a_newer_push_takes_the_place_of_one_that_gathers() {
    let mut story = given::<Deployment>();
    story.in_run(1).when(push("aaaaaaa", &["web"])).in_run(2).when(push("bbbbbbb", &["web"]));
    let [(run, ended)] = &story.published::<RunEnded>()[..] else { panic!() };
    assert_eq!((*run, ended.outcome), (RunId(1), pipeline::Outcome::Superseded));
}

#[test]
fn an_older_push_that_arrives_late_is_superseded_at_once() {
    let mut story = given::<Deployment>();
    story.in_run(2).when(push("bbbbbbb", &["web"])).in_run(1).when(push("aaaaaaa", &["web"]));
    let [(run, ended)] = &story.published::<RunEnded>()[..] else { panic!("{:?}", story.wants()) };
    assert_eq!((*run, ended.outcome), (RunId(1), pipeline::Outcome::Superseded));
    assert!(story.state::<Lane>().runs.contains_key(&RunId(2)));
}

#[test]
fn a_newer_push_waits_behind_one_that_rolls_out_and_begins_when_it_ends() {
    let mut story = rolling(&["web"]);
    ready(&mut story, 3, push("ccccccc", &["web"]));
    assert_eq!(story.only::<DeploymentTriggered>().hold, Some(Hold::Run("RUN-2".into())));
    assert_eq!(story.state::<Lane>().rolling, Some(RunId(2)));
    story.in_run(2).when(verdict("web", 1, StepVerdict::Fail));
    story.when(rollback("web", RollbackStatus::Success, Some("aaaaaaa")));
    assert_eq!(story.state::<Lane>().rolling, Some(RunId(3)));
    unmeasured(&mut story);
    assert!(
        matches!(story.asked::<Target>().as_slice(), [TargetRequest::Start { version, .. }] if version == "ccccccc")
    );
}

#[test]
fn the_second_service_s_failure_takes_the_first_back() {
    let mut story = rolling(&["api", "web"]);
    proves(&mut story, "api");
    story.when_answered::<Target>(done()).when_answered::<Target>(broken());
    assert_eq!(story.only::<RollbackEvent>().service, "web");
    story.when(rollback("web", RollbackStatus::Success, Some("aaaaaaa")));
    let asked = story.only::<RollbackEvent>();
    assert_eq!((asked.service.as_str(), asked.status), ("api", RollbackStatus::Requested));
    story.when(rollback("api", RollbackStatus::Success, Some("aaaaaaa")));
    assert_eq!(story.only::<RunEnded>().outcome, pipeline::Outcome::RolledBack);
}

#[test]
fn a_new_service_between_them_does_not_keep_the_first_from_going_back() {
    let mut story = live(&["api"]);
    ready(&mut story, 2, canary(&["api", "new", "web"]));
    story.when_answered::<Target>(done()).when_answered::<Target>(done());
    proves(&mut story, "api");
    // `new` is a first version: it goes live on its health checks. Then `web`, new as well, does not start.
    story.when_answered::<Target>(done()).when_answered::<Target>(done()).when_answered::<Target>(broken());
    assert_eq!(story.only::<RollbackEvent>().service, "api");
}

#[test]
fn a_version_that_does_not_start_is_taken_away_and_the_run_fails() {
    let mut story = given::<Deployment>();
    ready(&mut story, 1, push("aaaaaaa", &["web"]));
    story.when_answered::<Target>(broken());
    assert!(
        matches!(story.asked::<Target>().as_slice(), [TargetRequest::Remove { version, .. }] if version == "aaaaaaa")
    );
    let ended = story.only::<RunEnded>();
    assert_eq!(ended.outcome, pipeline::Outcome::Failed);
    assert!(ended.reason.contains("the port is taken"), "{}", ended.reason);
    story.when_answered::<Target>(done()).wants_nothing();
}

#[test]
fn a_share_that_can_t_be_set_asks_for_the_rollback() {
    let mut story = rolling(&["web"]);
    story.when(verdict("web", 1, StepVerdict::Pass)).when_answered::<Target>(broken());
    assert_eq!(story.only::<DeploymentTriggered>().status, Status::Failed);
    let asked = story.only::<RollbackEvent>();
    assert_eq!((asked.status, asked.rollback_from.as_deref()), (RollbackStatus::Requested, Some("bbbbbbb")));
}

#[test]
fn an_old_version_that_can_t_be_stopped_does_not_cost_the_run() {
    let mut story = rolling(&["web"]);
    proves(&mut story, "web");
    story.when_answered::<Target>(broken());
    assert_eq!(story.only::<RunEnded>().outcome, pipeline::Outcome::Live);
}

#[test]
fn what_no_target_serves_is_refused_by_name() {
    let mut kubernetes = push("aaaaaaa", &["web"]);
    kubernetes.config.deployment.target = "kubernetes".to_owned();
    let mut portless = push("aaaaaaa", &["web"]);
    portless.config.deployment.services[0].port = None;
    for (push, says) in
        [(kubernetes, "kubernetes"), (push("aaaaaaa", &[]), "names no service"), (portless, "has no port")]
    {
        let mut story = given::<Deployment>();
        ready(&mut story, 1, push);
        let ended = story.only::<RunEnded>();
        assert_eq!(ended.outcome, pipeline::Outcome::Refused);
        assert!(ended.reason.contains(says), "{}", ended.reason);
    }
}

#[test]
fn a_kept_version_needs_only_its_infrastructure() {
    let mut story = live(&["web"]);
    let mut kept = push("ddddddd", &["web"]);
    kept.kept = Some(pipeline::Kept {
        artefact: Digest::of(b"kept"),
        start: vec!["./web".into()],
        search_paths: Default::default(),
        strategy: Some("blue-green".into()),
    });
    story.in_run(2).when(kept).when(provided());
    unmeasured(&mut story);
    assert_eq!(story.only::<DeploymentTriggered>().strategy, "blue-green");
    assert!(
        matches!(story.asked::<Target>().as_slice(), [TargetRequest::Start { start, .. }] if start == &["./web"])
    );
}

#[test]
fn a_version_that_is_live_already_ends_at_once() {
    let mut story = live(&["web"]);
    ready(&mut story, 2, push("aaaaaaa", &["web"]));
    assert_eq!(story.only::<RunEnded>().outcome, pipeline::Outcome::Live);
    assert!(story.asked::<Target>().is_empty());
}

#[test]
fn late_answers_and_events_of_a_run_that_ended_are_ignored() {
    let mut story = given::<Deployment>();
    ready(&mut story, 1, push("aaaaaaa", &["web"]));
    let late = story.owed[0].clone();
    story.when_told(Command::Abort { service: None }).when_answered::<Target>(done());
    while !story.owed.is_empty() {
        story.when_answered::<Target>(done());
    }
    assert!(story.state::<Lane>().runs.is_empty());
    story.answer(&late, &json!({ "done": { "address": "x" } })).unwrap();
    story.wants_nothing();
    story.when(built()).wants_nothing();
    story.when(verdict("web", 1, StepVerdict::Fail)).wants_nothing();
    story.when(rollback("web", RollbackStatus::InProgress, None)).wants_nothing();
}
