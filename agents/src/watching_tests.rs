//! Verdicts and alerts from measurements that are made up second by second.

use super::*;
use crate::effects::VersionMeasured;
use crate::testing_support::push;
use orchestra_events::Event as _;

const NOW: Timestamp = Timestamp(1_795_692_000_000);

/// A watch of step 1 (20 % for 30 s), or of the promotion watched for 60 s.
fn watch(kind: StepKind, baseline: Option<&str>, health_only: bool) -> Watch {
    let seconds = if kind == StepKind::Promotion { 60 } else { 30 };
    let number = if kind == StepKind::Promotion { 3 } else { 1 };
    let step = RolloutStep {
        number,
        of: 3,
        kind,
        weight: 20,
        seconds,
        least_seconds: 10,
        health_only,
        baseline: baseline.map(str::to_owned),
    };
    let mut pipeline = PipelineState::default();
    pipeline.repo_context.config = Some(push("bbbbbbb", &["web"]).config);
    let event = DeploymentTriggered { version: "bbbbbbb".into(), ..DeploymentTriggered::example() };
    Watch::begin(RunId(1), &event, step, &pipeline, NOW)
}

fn share() -> Watch {
    watch(StepKind::Share, Some("aaaaaaa"), false)
}

/// One version: so many requests a second, every so-manieth of them failed, about so many milliseconds each.
fn version(seconds: std::ops::Range<i64>, rate: u64, fails_every: u64, millis: u64) -> VersionMeasured {
    let mut measured = VersionMeasured { ready: true, cpu_percent: Some(5.0), ..VersionMeasured::default() };
    let mut number = 0;
    for second in seconds {
        for _ in 0..rate {
            number += 1;
            let failed = fails_every > 0 && number % fails_every == 0;
            // Honest noise that is the same in every run: a sawtooth of a tenth.
            measured.window.record(second, failed, millis * 1000 + (number * 37 % 100) * millis);
        }
    }
    measured
}

fn measured(at: Timestamp, versions: &[(&str, VersionMeasured)]) -> Measured {
    let versions = versions.iter().map(|(name, version)| ((*name).to_owned(), version.clone())).collect();
    Measured { at: at.0 / 1000, versions, ..Measured::default() }
}

/// Looks as the agent does, until there is a verdict, at the versions as they would be at that time.
fn verdict(
    mut watch: Watch,
    versions: impl Fn(i64) -> Vec<(&'static str, VersionMeasured)>,
) -> AnalysisFinished {
    let mut now = NOW;
    for _ in 0..100 {
        now = watch.next_look(now);
        if let Watched::Finished(finished) = watch.look("web", &measured(now, &versions(now.0 / 1000)), now) {
            return *finished;
        }
    }
    panic!("no verdict after a hundred looks: {watch:#?}");
}

const START: i64 = NOW.0 / 1000;

#[test]
fn a_version_as_good_as_the_one_before_passes_with_its_numbers() {
    let finished = verdict(share(), |now| {
        vec![("aaaaaaa", version(START..now, 80, 0, 20)), ("bbbbbbb", version(START..now, 40, 0, 20))]
    });
    assert_eq!(finished.verdict, StepVerdict::Pass, "{}", finished.summary);
    assert!(finished.summary.starts_with("bbbbbbb is as good as aaaaaaa"), "{}", finished.summary);
    assert!(!finished.numbers.is_empty() && finished.requests.1 > 100);
}

#[test]
fn a_version_that_fails_or_is_slow_is_refused_with_the_numbers() {
    let table = [("errors", 10, 20), ("latency", 0, 90)];
    for (what, fails_every, millis) in table {
        let finished = verdict(share(), |now| {
            vec![
                ("aaaaaaa", version(START..now, 80, 0, 20)),
                ("bbbbbbb", version(START..now, 40, fails_every, millis)),
            ]
        });
        assert_eq!(finished.verdict, StepVerdict::Fail, "{what}: {}", finished.summary);
        assert!(finished.summary.starts_with("bbbbbbb is refused: "), "{}", finished.summary);
        assert!(finished.numbers.iter().any(|number| number.verdict == StepVerdict::Fail));
    }
}

#[test]
fn the_first_seconds_of_a_fresh_process_do_not_count_against_it() {
    let finished = verdict(share(), |now| {
        let mut fresh = version(START + WARM_UP_SECONDS..now, 40, 0, 20);
        fresh.window.merge(&version(START..START + WARM_UP_SECONDS, 40, 2, 400).window);
        vec![("aaaaaaa", version(START..now, 80, 0, 20)), ("bbbbbbb", fresh)]
    });
    assert_eq!(finished.verdict, StepVerdict::Pass, "{}", finished.summary);
}

#[test]
fn silence_is_no_data_and_never_a_pass() {
    let silent = || VersionMeasured { ready: true, ..VersionMeasured::default() };
    let nobody_calls = verdict(share(), |_| vec![("aaaaaaa", silent()), ("bbbbbbb", silent())]);
    let nobody_measures = verdict(share(), |_| vec![]);
    for finished in [nobody_calls, nobody_measures] {
        assert_eq!(finished.verdict, StepVerdict::NoData, "{}", finished.summary);
        assert!(!finished.lacking.is_empty(), "it says what is lacking");
    }
}

#[test]
fn an_unreachable_service_says_why_there_is_no_data() {
    let mut watch = share();
    let end = NOW.plus_seconds(60);
    let gone = Measured { unreachable: Some("the shim does not answer".into()), ..Measured::default() };
    let Watched::Finished(finished) = watch.look("web", &gone, end) else { panic!() };
    assert_eq!(
        (finished.verdict, finished.summary.as_str()),
        (StepVerdict::NoData, "the shim does not answer")
    );
}

#[test]
fn a_crash_loop_fails_at_once_and_so_does_what_is_not_ready_at_the_end() {
    let looping = VersionMeasured {
        crash_loop: true,
        reason: Some("exit code 1".into()),
        ..VersionMeasured::default()
    };
    let mut early = share();
    let now = NOW.plus_seconds(4);
    let Watched::Finished(finished) = early.look("web", &measured(now, &[("bbbbbbb", looping)]), now) else {
        panic!("it waits for the end")
    };
    assert_eq!(finished.verdict, StepVerdict::Fail);
    assert!(finished.summary.contains("does not stay up: exit code 1"), "{}", finished.summary);

    let down = verdict(share(), |now| {
        let down = VersionMeasured { ready: false, ..version(START..now, 40, 0, 20) };
        vec![("aaaaaaa", version(START..now, 80, 0, 20)), ("bbbbbbb", down)]
    });
    assert_eq!(down.verdict, StepVerdict::Fail, "{}", down.summary);
}

#[test]
fn where_the_file_says_so_health_is_enough_but_only_at_the_end() {
    let mut watch = watch(StepKind::Share, Some("aaaaaaa"), true);
    let well = || [("bbbbbbb", VersionMeasured { ready: true, ..VersionMeasured::default() })];
    let early = NOW.plus_seconds(20);
    assert_eq!(watch.look("web", &measured(early, &well()), early), Watched::GoesOn);
    let end = NOW.plus_seconds(40);
    let Watched::Finished(finished) = watch.look("web", &measured(end, &well()), end) else { panic!() };
    assert_eq!(finished.verdict, StepVerdict::Pass);
    assert!(finished.summary.contains("health is enough"), "{}", finished.summary);
}

#[test]
fn after_the_promotion_the_file_s_limits_are_held() {
    let before = || version(START - 50..START, 80, 0, 20);
    let table = [(0, StepVerdict::Pass), (5, StepVerdict::Fail)];
    for (fails_every, wanted) in table {
        let finished = verdict(watch(StepKind::Promotion, Some("aaaaaaa"), false), |now| {
            vec![("aaaaaaa", before()), ("bbbbbbb", version(START..now, 80, fails_every, 20))]
        });
        assert_eq!(finished.verdict, wanted, "{}", finished.summary);
        assert!(finished.summary.contains("after its promotion"), "{}", finished.summary);
    }
}

#[test]
fn a_promotion_that_nobody_calls_has_no_data() {
    let finished = verdict(watch(StepKind::Promotion, Some("aaaaaaa"), false), |_| {
        vec![("bbbbbbb", VersionMeasured { ready: true, ..VersionMeasured::default() })]
    });
    assert_eq!(finished.verdict, StepVerdict::NoData, "{}", finished.summary);
    assert!(!finished.lacking.is_empty());
}

#[test]
fn a_promoted_version_that_vanishes_still_gets_a_verdict() {
    let finished = verdict(watch(StepKind::Promotion, Some("aaaaaaa"), false), |_| vec![]);
    assert_eq!(finished.verdict, StepVerdict::NoData);
}

#[test]
fn looks_are_spread_over_the_step_and_never_in_the_past() {
    for kind in [StepKind::Share, StepKind::Promotion] {
        let mut watch = watch(kind, Some("aaaaaaa"), false);
        let (mut now, mut looks) = (NOW, 0);
        while now < watch.ends() {
            let next = watch.next_look(now);
            assert!(next > now);
            (now, looks) = (next, looks + 1);
            watch.looks += 1;
        }
        assert!((5..=20).contains(&looks), "{looks} looks");
    }
}

fn service() -> LiveService {
    let mut config = PipelineFile::default();
    config.observability.thresholds.error_rate = 2.0;
    let event = DeploymentTriggered { version: "aaaaaaa".into(), ..DeploymentTriggered::example() };
    LiveService::new(RunId(1), &event, &config, None)
}

/// Alarms of so many looks at a version with this share of errors, by name and whether they came or went.
fn alarms(live: &mut LiveService, looks: u32, fails_every: u64) -> Vec<(String, bool)> {
    let looked =
        |_| live.look(&measured(NOW, &[("aaaaaaa", version(START..START + 15, 20, fails_every, 20))]));
    (0..looks).flat_map(looked).map(|alarm| (alarm.name, alarm.raised)).collect()
}

#[test]
fn an_alert_is_raised_once_and_resolves_once() {
    let mut live = service();
    assert_eq!(alarms(&mut live, 5, 0), []);
    assert_eq!(alarms(&mut live, 1, 5), [], "one bad reading wakes nobody");
    assert_eq!(alarms(&mut live, 6, 5), [("error_rate".to_owned(), true)]);
    assert_eq!(alarms(&mut live, 6, 0), [("error_rate".to_owned(), false)]);
}

#[test]
fn a_new_version_inherits_the_alerts_that_stand() {
    let mut live = service();
    alarms(&mut live, 3, 5);
    let event = DeploymentTriggered { version: "aaaaaaa".into(), ..DeploymentTriggered::example() };
    let mut next = LiveService::new(RunId(2), &event, &PipelineFile::default(), Some(live));
    assert_eq!(alarms(&mut next, 3, 5), [], "it was told already");
    assert_eq!(alarms(&mut next, 4, 0), [("error_rate".to_owned(), false)]);
}

#[test]
fn an_alert_of_the_file_replaces_the_general_threshold_of_its_kind() {
    let mut config = PipelineFile::default();
    config.observability.alerts =
        vec![serde_json::from_value(serde_json::json!({"type": "error_rate", "threshold": 50.0})).unwrap()];
    let event = DeploymentTriggered { version: "aaaaaaa".into(), ..DeploymentTriggered::example() };
    let mut live = LiveService::new(RunId(1), &event, &config, None);
    assert_eq!(alarms(&mut live, 5, 5), []);
}

#[test]
fn a_death_is_told_once_and_so_is_being_up_again() {
    let mut live = service();
    let up = || version(START..START + 1, 1, 0, 20);
    let died = |number| (number, Some("aaaaaaa".to_owned()), "exit code 1".to_owned(), true);
    let mut dead = measured(NOW, &[("aaaaaaa", VersionMeasured { ready: false, ..up() })]);
    dead.events = vec![died(1), died(2)];
    let told = live.look(&dead);
    assert_eq!(told.iter().map(|alarm| alarm.raised).collect::<Vec<_>>(), [true]);
    assert!(told[0].issue.contains("exit code 1"));
    dead.events = vec![died(3)];
    assert_eq!(live.look(&dead), [], "it is down already");
    assert_eq!(live.events_seen, 3);
    let told = live.look(&measured(NOW, &[("aaaaaaa", up())]));
    assert_eq!(told.iter().map(|alarm| alarm.raised).collect::<Vec<_>>(), [false]);
    assert_eq!(live.look(&measured(NOW, &[("aaaaaaa", up())])), []);
}

#[test]
fn another_version_s_death_is_not_this_one_s() {
    let mut live = service();
    let mut other = measured(NOW, &[("aaaaaaa", version(START..START + 1, 1, 0, 20))]);
    other.events = vec![(1, Some("bbbbbbb".to_owned()), "exit code 1".to_owned(), true)];
    assert_eq!(live.look(&other), []);
}
