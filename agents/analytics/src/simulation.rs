//! Seeded services, noise and rollouts for the tests of the verdict; no part of the library.
//!
//! Honest noise is worse here than in most real services: both sides drift together and apart, seconds go bad
//! alone or in a row, on one side or on both, and a bad second makes all of its requests slow and some of them
//! fail.

use crate::verdict::{Comparison, Look, SmallestEffect, Verdict, compare};
use crate::window::Window;

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Generator(pub(crate) u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from 0 to 1, neither included.
    pub(crate) fn even(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.even() < p
    }

    /// Standard normal (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.even().ln()).sqrt() * (2.0 * std::f64::consts::PI * self.even()).cos()
    }

    /// Poisson with the given mean: by arrivals (Knuth), or by its normal limit when the mean is large.
    fn arrivals(&mut self, mean: f64) -> u64 {
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        let (mut arrived, mut product, limit) = (0, self.even(), (-mean).exp());
        while product > limit {
            arrived += 1;
            product *= self.even();
        }
        arrived
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    /// This share of requests fails besides.
    Errors(f64),
    /// A third of the requests takes so many milliseconds longer.
    SlowThird(f64),
    /// All requests take so many times as long.
    Slower(f64),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    pub(crate) requests_per_second: f64,
    pub(crate) error_rate: f64,
    pub(crate) median_ms: f64,
    /// The standard deviation of the logarithm of the latency.
    pub(crate) spread: f64,
    /// The chance that a second begins a bad spell on one side (half of it: on both).
    pub(crate) bad_spells: f64,
    /// The standard deviation of a side's slow drift, as that of the logarithm of its latency.
    pub(crate) drift: f64,
    pub(crate) fault: Fault,
}

impl Service {
    pub(crate) fn good(requests_per_second: f64, error_rate: f64) -> Service {
        Service {
            requests_per_second,
            error_rate,
            median_ms: 45.0,
            spread: 0.5,
            bad_spells: 0.004,
            drift: 0.06,
            fault: Fault::None,
        }
    }

    pub(crate) fn quiet(self) -> Service {
        Service { bad_spells: 0.0, drift: 0.0, ..self }
    }

    pub(crate) fn with(self, fault: Fault) -> Service {
        Service { fault, ..self }
    }
}

#[derive(Default)]
struct Side {
    drift: f64,
    bad_seconds_left: u32,
    window: Window,
}

impl Side {
    fn second(
        &mut self,
        at: i64,
        service: &Service,
        fault: Fault,
        share: f64,
        shared: &Shared,
        random: &mut Generator,
    ) {
        self.drift = 0.8 * self.drift + 0.6 * service.drift * random.normal();
        if random.chance(service.bad_spells) {
            self.bad_seconds_left = 1 + (random.even() * 3.0) as u32;
        }
        let bad = self.bad_seconds_left > 0 || shared.bad;
        self.bad_seconds_left = self.bad_seconds_left.saturating_sub(1);
        let level = (self.drift + shared.drift).exp() * if bad { 4.0 } else { 1.0 };
        for _ in 0..random.arrivals(service.requests_per_second * share) {
            let mut ms = service.median_ms * level * (service.spread * random.normal()).exp();
            let mut failing = service.error_rate + if bad { 0.1 } else { 0.0 };
            match fault {
                Fault::None => {}
                Fault::Errors(more) => failing += more,
                Fault::SlowThird(longer) => ms += if random.chance(1.0 / 3.0) { longer } else { 0.0 },
                Fault::Slower(times) => ms *= times,
            }
            self.window.record(at, random.chance(failing), (ms * 1_000.0) as u64);
        }
    }
}

#[derive(Default)]
struct Shared {
    drift: f64,
    bad: bool,
}

/// What came of a rollout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) refused: bool,
    /// A step ended without a verdict, and the rollout paused there.
    pub(crate) paused: bool,
}

/// How a rollout goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conduct {
    pub(crate) weights: &'static [u32],
    pub(crate) step_seconds: u32,
    pub(crate) seconds_per_look: u32,
    /// Whether a step ends with its first pass.
    pub(crate) early_pass: bool,
    /// Whether a person promotes what is inconclusive, so that the later steps are looked at too.
    pub(crate) always_promoted: bool,
}

pub(crate) fn rollout(service: &Service, conduct: &Conduct, random: &mut Generator) -> Outcome {
    let mut outcome = Outcome::default();
    for weight in conduct.weights {
        let share = f64::from(*weight) / 100.0;
        match step(service, share, conduct, random).verdict {
            Verdict::Fail => return Outcome { refused: true, ..outcome },
            Verdict::Pass => {}
            _ => outcome.paused = true,
        }
        if outcome.paused && !conduct.always_promoted {
            return outcome;
        }
    }
    outcome
}

/// One step with all of its looks: the comparison that ended it.
pub(crate) fn step(service: &Service, share: f64, conduct: &Conduct, random: &mut Generator) -> Comparison {
    let (mut baseline, mut canary, mut shared) = (Side::default(), Side::default(), Shared::default());
    let planned = conduct.step_seconds / conduct.seconds_per_look;
    for number in 1..=planned {
        for second in 0..conduct.seconds_per_look {
            let at = i64::from((number - 1) * conduct.seconds_per_look + second);
            shared.drift = 0.8 * shared.drift + 0.6 * service.drift * random.normal();
            shared.bad = random.chance(service.bad_spells / 2.0);
            baseline.second(at, service, Fault::None, 1.0 - share, &shared, random);
            canary.second(at, service, service.fault, share, &shared, random);
        }
        let look = Look { number, planned, last: number == planned };
        let budget = 0.9 / conduct.weights.len() as f64;
        let comparison = compare(&baseline.window, &canary.window, &SmallestEffect::default(), look, budget);
        let ends = comparison.verdict == Verdict::Fail
            || (conduct.early_pass && comparison.verdict == Verdict::Pass);
        if look.last || ends {
            return comparison;
        }
    }
    compare(&baseline.window, &canary.window, &SmallestEffect::default(), Look::only(), 0.0)
}

/// So many seconds of all traffic to one version.
pub(crate) fn alone(service: &Service, since: i64, seconds: i64, random: &mut Generator) -> Window {
    let (mut side, shared) = (Side::default(), Shared::default());
    for at in since..since + seconds {
        side.second(at, service, service.fault, 1.0, &shared, random);
    }
    side.window
}
