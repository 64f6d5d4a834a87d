//! What the verdict promises over thousands of seeded rollouts.

use crate::Verdict;
use crate::simulation::{Conduct, Fault, Generator, Outcome, Service, rollout, step};

const USUAL: Conduct = Conduct {
    weights: &[10, 25, 50],
    step_seconds: 15,
    seconds_per_look: 3,
    early_pass: true,
    always_promoted: false,
};

#[derive(Debug, Default)]
struct Tally {
    rollouts: u32,
    refused: u32,
    paused: u32,
    promoted: u32,
}

impl Tally {
    fn of(service: &Service, conduct: &Conduct, rollouts: u32, random: &mut Generator) -> Tally {
        let mut tally = Tally { rollouts, ..Tally::default() };
        for _ in 0..rollouts {
            match rollout(service, conduct, random) {
                Outcome { refused: true, .. } => tally.refused += 1,
                Outcome { paused: true, .. } => tally.paused += 1,
                _ => tally.promoted += 1,
            }
        }
        tally
    }
}

/// The shares in percent that one step of the given weight ends with.
fn step_shares(service: &Service, weight: u32, seconds: u32, steps: u32, random: &mut Generator) -> [u32; 3] {
    let conduct = Conduct { step_seconds: seconds, ..USUAL };
    let mut ends = [0; 3];
    for _ in 0..steps {
        match step(service, f64::from(weight) / 100.0, &conduct, random).verdict {
            Verdict::Fail => ends[0] += 1,
            Verdict::Pass => ends[1] += 1,
            _ => ends[2] += 1,
        }
    }
    ends.map(|count| count * 100 / steps)
}

#[test]
fn good_versions_are_refused_in_fewer_than_one_of_200_rollouts() {
    let mut random = Generator(20_261_126);
    let (mut rollouts, mut refused) = (0, 0);
    for (requests_per_second, times) in [(5.0, 40), (20.0, 150), (100.0, 120), (400.0, 70)] {
        let mut at_this_load = Tally::default();
        for error_rate in [0.0, 0.005, 0.02] {
            for step_seconds in [15, 30] {
                // A person promotes whatever is inconclusive, and no pass ends a step: every look is taken.
                let conduct = Conduct { step_seconds, early_pass: false, always_promoted: true, ..USUAL };
                let service = Service::good(requests_per_second, error_rate);
                let tally = Tally::of(&service, &conduct, times, &mut random);
                at_this_load.rollouts += tally.rollouts;
                at_this_load.refused += tally.refused;
            }
        }
        println!("{requests_per_second} requests a second: {at_this_load:?}");
        rollouts += at_this_load.rollouts;
        refused += at_this_load.refused;
        assert!(
            at_this_load.refused * 200 < at_this_load.rollouts,
            "{requests_per_second}/s {at_this_load:?}"
        );
    }
    assert!(rollouts > 2_000);
    println!("{refused} of {rollouts} rollouts of good versions were refused");
}

#[test]
fn a_good_version_usually_passes_at_modest_load() {
    let mut random = Generator(77);
    for (seconds, error_rate, at_least) in [(10, 0.0, 70), (15, 0.0, 85), (15, 0.005, 80), (30, 0.02, 80)] {
        let [refused, passed, unknown] =
            step_shares(&Service::good(50.0, error_rate), 20, seconds, 300, &mut random);
        println!(
            "50/s, 20 %, {seconds} s, {error_rate} errors: {refused} % refused, {passed} % passed, {unknown} % unknown"
        );
        assert!(passed >= at_least, "{seconds} s {error_rate}: only {passed} % passed");
        assert_eq!(refused, 0);
    }
}

/// Requests a second, canary's weight, seconds of the step, the fault, and the share in percent of steps that
/// must refuse it.
const POWER: &[(f64, u32, u32, Fault, u32)] = &[
    (20.0, 20, 30, Fault::Errors(0.05), 20),
    (50.0, 20, 15, Fault::Errors(0.05), 40),
    (50.0, 20, 30, Fault::Errors(0.05), 75),
    (100.0, 20, 15, Fault::Errors(0.05), 80),
    (100.0, 50, 30, Fault::Errors(0.05), 90),
    (200.0, 20, 10, Fault::Errors(0.05), 90),
    (20.0, 20, 15, Fault::SlowThird(150.0), 65),
    (20.0, 20, 30, Fault::SlowThird(150.0), 95),
    (50.0, 20, 10, Fault::SlowThird(150.0), 85),
    (100.0, 25, 15, Fault::SlowThird(150.0), 92),
    (200.0, 50, 10, Fault::SlowThird(150.0), 85),
    (50.0, 20, 30, Fault::Slower(1.3), 35),
    (100.0, 50, 30, Fault::Slower(1.3), 60),
    (200.0, 50, 30, Fault::Slower(1.3), 60),
];

#[test]
fn faults_are_refused_or_at_least_not_passed() {
    let mut random = Generator(4_711);
    let mut misses = Vec::new();
    for (requests_per_second, weight, seconds, fault, at_least) in POWER {
        let service = Service::good(*requests_per_second, 0.002).with(*fault);
        let [refused, passed, unknown] = step_shares(&service, *weight, *seconds, 100, &mut random);
        let row = format!("{requests_per_second}/s, {weight} %, {seconds} s, {fault:?}");
        println!("{row}: {refused} % refused, {passed} % passed, {unknown} % unknown");
        // 30 % more is close to the 20 % that are tolerated: a single step may overlook it.
        let may_pass = if *fault == Fault::Slower(1.3) { 20 } else { 3 };
        if refused < *at_least || passed > may_pass {
            misses.push(format!("{row}: {refused} % refused, {passed} % passed, {at_least} % wanted"));
        }
    }
    assert!(misses.is_empty(), "{misses:#?}");
}

#[test]
fn no_rollout_promotes_a_fault() {
    let mut random = Generator(31);
    for fault in [Fault::Errors(0.05), Fault::SlowThird(150.0), Fault::Slower(1.3), Fault::Slower(1.5)] {
        let mut all = Tally::default();
        for requests_per_second in [5.0, 20.0, 50.0, 100.0, 200.0] {
            let service = Service::good(requests_per_second, 0.005).with(fault);
            let tally = Tally::of(&service, &Conduct { step_seconds: 30, ..USUAL }, 40, &mut random);
            println!("{requests_per_second}/s {fault:?}: {tally:?}");
            all.rollouts += tally.rollouts;
            all.promoted += tally.promoted;
        }
        // 30 % more is close to the 20 % that are tolerated: noise alone may hide it now and then.
        let tolerated = if fault == Fault::Slower(1.3) { all.rollouts / 50 } else { 0 };
        assert!(all.promoted <= tolerated, "{fault:?}: {} of {} were promoted", all.promoted, all.rollouts);
    }
}
