use super::*;

/// A window of `seconds` with `requests` each, spread from 20 to 60 ms, of which `errors` fail.
fn steady(seconds: i64, requests: u64, errors: u64) -> Window {
    let mut window = Window::default();
    for at in 0..seconds {
        for request in 0..requests {
            window.record(at, request < errors, 20_000 + 40_000 * request / requests);
        }
    }
    window
}

fn slower(window: &Window, millis: u64) -> Window {
    let mut slower = window.clone();
    for second in &mut slower.seconds {
        second.latency = second.latency.mapped(|micros| micros + millis * 1_000);
    }
    slower
}

fn judged(baseline: &Window, canary: &Window) -> Comparison {
    compare(baseline, canary, &SmallestEffect::default(), Look::only(), DEFAULT_BUDGET)
}

#[test]
fn a_canary_like_its_baseline_passes_and_shows_its_numbers() {
    let comparison = judged(&steady(20, 40, 0), &steady(20, 10, 0));
    assert_eq!(comparison.verdict, Verdict::Pass, "{:#?}", comparison.rows);
    assert_eq!((comparison.baseline_requests, comparison.canary_requests), (800, 200));
    assert_eq!(
        comparison.rows.iter().map(|row| row.metric).collect::<Vec<_>>(),
        [Metric::ErrorRate, Metric::LatencyP95, Metric::LatencyShift]
    );
    assert!(comparison.lacking.is_empty());
    assert!(comparison.rows.iter().all(|row| row.because.contains("would have been noticed")));
}

#[test]
fn a_baseline_without_errors_is_no_excuse() {
    let baseline = steady(20, 40, 0);
    let mut canary = steady(20, 10, 0);
    for second in [2, 7, 12, 17] {
        canary.seconds[second].errors = 1;
    }
    let comparison = judged(&baseline, &canary);
    let row = comparison.row(Metric::ErrorRate).unwrap();
    assert_eq!(row.verdict, Verdict::Inconclusive, "4 of 200 could be chance: {}", row.because);
    assert!(comparison.lacking[0].contains("the canary served 200 requests"), "{:?}", comparison.lacking);
    for second in &mut canary.seconds {
        second.errors = 1;
    }
    let comparison = judged(&baseline, &canary);
    let row = comparison.row(Metric::ErrorRate).unwrap();
    assert_eq!((comparison.verdict, row.verdict), (Verdict::Fail, Verdict::Fail), "{}", row.because);
    assert_eq!((row.baseline, row.canary, row.difference, row.tolerated), (0.0, 10.0, 10.0, 1.0));
    assert!(row.p_value.unwrap() <= row.alpha);
}

#[test]
fn no_canary_with_a_point_of_errors_more_ever_passes() {
    for requests in [1, 5, 50] {
        for errors in 0..=requests {
            let comparison = judged(&steady(20, 100, 1), &steady(20, requests, errors));
            let row = comparison.row(Metric::ErrorRate).unwrap();
            let excess = row.difference >= 1.0 - 1e-9;
            assert!(!(excess && row.verdict == Verdict::Pass), "{errors} of {requests}: {}", row.because);
        }
    }
}

#[test]
fn one_bad_second_does_not_refuse_however_bad_it_is() {
    let baseline = steady(20, 400, 1);
    let mut canary = steady(20, 100, 0);
    canary.seconds[7].errors = 100;
    canary.seconds[7].latency = canary.seconds[7].latency.mapped(|_| 5_000_000);
    let comparison = judged(&baseline, &canary);
    assert_eq!(comparison.verdict, Verdict::Inconclusive, "{:#?}", comparison.rows);
    assert!(comparison.row(Metric::ErrorRate).unwrap().because.contains("a few bad seconds"));
}

#[test]
fn slower_by_more_than_the_effect_fails_and_by_less_passes() {
    let baseline = steady(20, 40, 0);
    for (millis, verdict) in [(4, Verdict::Pass), (30, Verdict::Fail), (150, Verdict::Fail)] {
        let comparison = judged(&baseline, &slower(&steady(20, 20, 0), millis));
        assert_eq!(comparison.verdict, verdict, "{millis} ms more: {:#?}", comparison.rows);
    }
}

#[test]
fn ten_milliseconds_are_nothing_that_matters_to_a_fast_service() {
    let fast = |millis: u64| {
        let mut window = steady(20, 40, 0);
        for second in &mut window.seconds {
            second.latency = second.latency.mapped(|micros| micros / 40 + millis * 1_000);
        }
        window
    };
    assert_eq!(judged(&fast(0), &fast(3)).verdict, Verdict::Pass, "four times as slow, but by 3 ms");
    assert_eq!(judged(&fast(0), &fast(14)).verdict, Verdict::Fail);
}

#[test]
fn a_side_without_requests_is_no_data() {
    let some = steady(10, 20, 0);
    let nothing = Window::default();
    for (baseline, canary, says) in [
        (&some, &nothing, "the canary served no request while"),
        (&nothing, &some, "the baseline served no"),
        (&nothing, &nothing, "neither"),
    ] {
        let comparison = judged(baseline, canary);
        assert_eq!(comparison.verdict, Verdict::NoData);
        assert!(
            comparison.lacking[0].contains(says) || comparison.lacking[0].contains("either version"),
            "{:?}",
            comparison.lacking
        );
        assert!(comparison.rows.is_empty());
    }
}

#[test]
fn too_few_requests_are_inconclusive_and_say_how_many_are_needed() {
    let comparison = judged(&steady(10, 40, 0), &steady(10, 3, 0));
    assert_eq!(comparison.verdict, Verdict::Inconclusive);
    assert!(
        comparison.lacking[0].starts_with("error rate: the canary served 30 requests; about 59"),
        "{:?}",
        comparison.lacking
    );
    let comparison = judged(&steady(2, 5, 0), &steady(10, 40, 0));
    assert!(
        comparison.lacking.iter().any(|lacks| lacks.contains("the baseline served only 10")),
        "{:?}",
        comparison.lacking
    );
}

#[test]
fn counts_without_latency_are_no_data_for_latency() {
    let mut canary = steady(20, 20, 0);
    canary.seconds.iter_mut().for_each(|second| second.latency = crate::sketch::Sketch::default());
    let comparison = judged(&steady(20, 40, 0), &canary);
    assert_eq!(comparison.verdict, Verdict::NoData);
    assert_eq!(comparison.row(Metric::LatencyP95).unwrap().verdict, Verdict::NoData);
}

#[test]
fn a_spent_budget_cannot_refuse_and_nonsense_does_not_panic() {
    let (baseline, canary) = (steady(20, 40, 0), steady(20, 10, 3));
    let comparison = compare(&baseline, &canary, &SmallestEffect::default(), Look::only(), 0.0);
    assert_eq!(comparison.verdict, Verdict::Inconclusive);
    let effect = SmallestEffect { error_points: f64::NAN, latency_ratio: -1.0, latency_ms: f64::INFINITY };
    assert_eq!(effect.sound(), SmallestEffect::default());
    let comparison = compare(&baseline, &canary, &effect, Look::only(), f64::NAN);
    assert_eq!(comparison.verdict, Verdict::Fail);
    let mut lying = canary;
    lying.seconds[0].errors = u64::MAX;
    lying.seconds[1].requests = u64::MAX;
    assert_ne!(judged(&baseline, &lying).verdict, Verdict::Pass);
}

#[test]
fn a_comparison_survives_its_json() {
    let comparison = judged(&steady(20, 40, 1), &steady(20, 10, 2));
    let json = serde_json::to_string(&comparison).unwrap();
    let back: Comparison = serde_json::from_str(&json).unwrap();
    // The last digit of a float may differ, what is said may not.
    let said =
        |of: &Comparison| of.rows.iter().map(|row| (row.verdict, row.because.clone())).collect::<Vec<_>>();
    assert_eq!((back.verdict, said(&back)), (comparison.verdict, said(&comparison)));
    assert!(json.contains(r#""metric":"latency_p95""#));
}

/// Of `requests` a second, every `nth` takes `millis` longer than the 1 ms of the others, always alike.
fn with_slow_tail(seconds: i64, requests: u64, nth: u64, millis: u64) -> Window {
    let mut window = Window::default();
    for at in 0..seconds {
        for request in 0..requests {
            let slow = if request % nth == 0 { millis * 1_000 } else { 0 };
            window.record(at, false, 1_000 + slow);
        }
    }
    window
}

#[test]
fn a_third_of_requests_that_are_all_slow_by_the_same_amount_are_refused_at_every_share() {
    for (before, new) in [(48, 48), (72, 24), (86, 10)] {
        for millis in [40, 100, 150, 400] {
            let comparison =
                judged(&with_slow_tail(10, before, 1_000, 0), &with_slow_tail(10, new, 3, millis));
            let row = comparison.row(Metric::LatencyP95).unwrap();
            assert_eq!(row.verdict, Verdict::Fail, "{new} of {before}, {millis} ms: {}", row.because);
        }
    }
}
