use super::*;
use crate::simulation::{Fault, Generator, Service, alone};

const PROMOTED: i64 = 1_000;

fn watching(baseline: Option<Window>) -> Watching {
    Watching {
        since: PROMOTED,
        duration: 60,
        limits: Limits { cpu_percent: Some(80.0), error_percent: Some(5.0) },
        baseline,
        effect: SmallestEffect::default(),
        planned_looks: 20,
    }
}

/// Looks as planned until the watch ends: the last look, and when it was.
fn watch(watching: &Watching, window: &Window, cpu: impl Fn(i64) -> f64) -> (Watched, i64) {
    let mut now = watching.since;
    for number in 1.. {
        now += watching.duration as i64 / i64::from(watching.planned_looks);
        let readings: Vec<(i64, f64)> = (watching.since..now).map(|at| (at, cpu(at))).collect();
        let watched = watching.look(&window.between(i64::MIN, now), &readings, number, now);
        if watched.verdict.is_some() {
            return (watched, now - watching.since);
        }
    }
    unreachable!("a watch ends")
}

fn traffic(fault: Fault, seconds: i64, seed: u64) -> Window {
    let service = Service::good(40.0, 0.002).quiet().with(fault);
    alone(&service, PROMOTED, seconds, &mut Generator(seed))
}

#[test]
fn a_good_version_is_proven_at_the_end_and_not_before() {
    let old = traffic(Fault::None, 60, 1).compacted();
    let (watched, after) = watch(&watching(Some(old)), &traffic(Fault::None, 60, 2), |_| 30.0);
    assert_eq!((watched.verdict, after), (Some(Verdict::Pass), 60), "{}", watched.because);
}

#[test]
fn errors_over_the_limit_end_the_watch_early() {
    let (watched, after) = watch(&watching(None), &traffic(Fault::Errors(0.2), 60, 3), |_| 30.0);
    assert_eq!(watched.verdict, Some(Verdict::Fail));
    assert!(after < 20, "after {after} s");
    assert!(watched.because.contains("the limit is 5.0 %"), "{}", watched.because);
}

#[test]
fn what_is_under_the_limit_but_worse_than_before_fails_too() {
    let old = traffic(Fault::None, 60, 4).compacted();
    for fault in [Fault::Errors(0.045), Fault::SlowThird(200.0), Fault::Slower(2.0)] {
        let (watched, _) = watch(&watching(Some(old.clone())), &traffic(fault, 60, 5), |_| 30.0);
        assert_eq!(watched.verdict, Some(Verdict::Fail), "{fault:?} {}", watched.because);
        assert!(watched.because.contains("before the promotion"), "{}", watched.because);
    }
}

#[test]
fn a_hot_processor_fails_and_a_short_peak_does_not() {
    let good = traffic(Fault::None, 60, 6);
    let (watched, after) = watch(&watching(None), &good, |_| 95.0);
    assert_eq!((watched.verdict, after), (Some(Verdict::Fail), 30), "{}", watched.because);
    let (watched, _) = watch(&watching(None), &good, |at| if at % 20 < 10 { 99.0 } else { 40.0 });
    assert_eq!(watched.verdict, Some(Verdict::Pass), "{}", watched.because);
    let (watched, after) = watch(&watching(None), &good, |at| if at % 20 == 0 { 79.0 } else { 90.0 });
    assert_eq!((watched.verdict, after), (Some(Verdict::Fail), 60), "{}", watched.because);
}

#[test]
fn silence_is_no_data_and_not_a_pass() {
    let before = Window {
        seconds: traffic(Fault::None, 60, 7)
            .seconds
            .into_iter()
            .map(|s| crate::Second { at: s.at - 100, ..s })
            .collect(),
    };
    let (watched, _) = watch(&watching(Some(before.clone())), &before, |_| 10.0);
    assert_eq!(watched.verdict, Some(Verdict::NoData), "requests before the promotion don't count");
    let watched = watching(None).look(&traffic(Fault::None, 60, 8), &[], 20, PROMOTED + 60);
    assert_eq!(watched.verdict, Some(Verdict::NoData), "{}", watched.because);
}

#[test]
fn good_versions_are_seldom_taken_back_after_their_promotion() {
    let mut random = Generator(2026);
    let (mut taken_back, watches) = (0, 400);
    for _ in 0..watches {
        let service = Service::good(20.0, 0.005);
        let old = alone(&service, PROMOTED, 60, &mut random).compacted();
        let new = alone(&service, PROMOTED, 60, &mut random);
        let watching = Watching { planned_looks: 6, ..watching(Some(old)) };
        taken_back += u32::from(watch(&watching, &new, |_| 30.0).0.verdict == Some(Verdict::Fail));
    }
    assert!(taken_back * 200 < watches, "{taken_back} of {watches} good versions were taken back");
}
