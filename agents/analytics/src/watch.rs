//! The new version after its promotion.
//!
//! There is no baseline of the same minutes any more. So two things are asked: do the file's limits hold over
//! the file's duration, and is the version no worse than the old one was before the promotion? The second is
//! asked with twice the smallest effect, for traffic changes with the hour.

use serde::{Deserialize, Serialize};

use crate::exact::binomial_at_least;
use crate::spending::{FALSE_REFUSALS, Look};
use crate::verdict::{Comparison, SmallestEffect, Verdict, compare};
use crate::window::Window;

/// The watch's share of the rollout's chance of a false refusal: what the steps should leave over.
pub const WATCH_BUDGET: f64 = 0.1;
/// How many times the smallest effect the new version must be worse than the old one was.
const AGAINST_THE_PAST: f64 = 2.0;
/// Seconds of processor readings at the limit, without a break, that end the watch early.
const HOT_SECONDS: i64 = 30;

/// The limits of the file's `rollback.threshold`; one that is missing is not held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Processor time from which on it is too much, in percent.
    pub cpu_percent: Option<f64>,
    /// Failed requests from which on there are too many, in percent.
    pub error_percent: Option<f64>,
}

/// One watch, from the promotion on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watching {
    /// When the version was promoted, in unix seconds.
    pub since: i64,
    /// How long it is watched, in seconds.
    pub duration: u64,
    /// The file's limits.
    pub limits: Limits,
    /// What the old version did before the promotion, best as [`Window::compacted`]; `None` for a first version.
    pub baseline: Option<Window>,
    /// The smallest effect that matters.
    pub effect: SmallestEffect,
    /// How many looks are planned over the whole duration.
    pub planned_looks: u32,
}

/// How a watch stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// `None` while the watch goes on; then pass, fail, or no data.
    pub verdict: Option<Verdict>,
    /// Why, with the numbers.
    pub because: String,
    /// The comparison with the old version, where there is one and both had requests.
    pub comparison: Option<Comparison>,
}

impl Watching {
    /// The unix second at which the watch ends.
    pub fn ends(&self) -> i64 {
        self.since.saturating_add(i64::try_from(self.duration).unwrap_or(i64::MAX))
    }

    /// Looks at the new version's window and its processor readings (unix second, percent) as of `now`;
    /// `number` counts the looks from 1. What is older than the promotion does not count.
    pub fn look(&self, window: &Window, cpu: &[(i64, f64)], number: u32, now: i64) -> Watched {
        let last = now >= self.ends();
        let look = Look { number, planned: self.planned_looks.max(1), last };
        let window = window.since(self.since);
        let cpu: Vec<(i64, f64)> =
            cpu.iter().copied().filter(|(at, percent)| *at >= self.since && percent.is_finite()).collect();
        let comparison = self.compared(&window, look);
        let fault = self.too_many_errors(&window, look).or_else(|| self.too_hot(&cpu, last));
        let fault = fault.or_else(|| worse_than_before(comparison.as_ref()?));
        let (verdict, because) = match fault {
            Some(because) => (Some(Verdict::Fail), because),
            None if last => self.ended(&window, &cpu),
            None => (
                None,
                format!("{} of {} seconds watched", now.saturating_sub(self.since).max(0), self.duration),
            ),
        };
        Watched { verdict, because, comparison }
    }

    fn compared(&self, window: &Window, look: Look) -> Option<Comparison> {
        let effect = self.effect.sound();
        let effect = SmallestEffect {
            error_points: effect.error_points * AGAINST_THE_PAST,
            latency_ratio: effect.latency_ratio * AGAINST_THE_PAST,
            latency_ms: effect.latency_ms * AGAINST_THE_PAST,
        };
        let comparison = compare(self.baseline.as_ref()?, window, &effect, look, WATCH_BUDGET / 2.0);
        (comparison.verdict != Verdict::NoData).then_some(comparison)
    }

    /// Before the end the limit must be passed beyond chance, at the end it is enough that it is passed.
    fn too_many_errors(&self, window: &Window, look: Look) -> Option<String> {
        let limit = self.limits.error_percent.filter(|limit| limit.is_finite())?;
        let totals = window.total();
        let seen = totals.error_percent()?;
        let rest = window.without_worst_second(|second| second.errors as f64).total();
        let rate = (limit / 100.0).clamp(0.0, 1.0);
        let chance = binomial_at_least(rest.errors as f64, rest.requests as f64, rate);
        let sure = chance <= FALSE_REFUSALS * WATCH_BUDGET / 2.0 * look.share();
        let passed =
            totals.errors > 0 && seen >= limit && rest.error_percent().is_some_and(|rest| rest >= limit);
        (passed && (look.last || sure)).then(|| {
            let (errors, requests) = (totals.errors, totals.requests);
            format!("{seen:.1} % of the requests failed ({errors} of {requests}), the limit is {limit:.1} %")
        })
    }

    /// Before the end every reading of the last half minute must be at the limit, at the end their mean.
    fn too_hot(&self, cpu: &[(i64, f64)], last: bool) -> Option<String> {
        let limit = self.limits.cpu_percent.filter(|limit| limit.is_finite())?;
        let newest = cpu.last()?.0;
        let recent: Vec<f64> =
            cpu.iter().filter(|(at, _)| *at > newest - HOT_SECONDS).map(|(_, cpu)| *cpu).collect();
        let covered = newest - cpu.first()?.0 >= HOT_SECONDS - 1;
        let hot = covered && recent.len() >= 3 && recent.iter().all(|percent| *percent >= limit);
        let mean = cpu.iter().map(|(_, percent)| percent).sum::<f64>() / cpu.len() as f64;
        if hot {
            Some(format!("cpu was at {limit:.0} % or above for {HOT_SECONDS} seconds without a break"))
        } else if last && mean >= limit {
            Some(format!("cpu was at {mean:.0} % over the whole watch, the limit is {limit:.0} %"))
        } else {
            None
        }
    }

    fn ended(&self, window: &Window, cpu: &[(i64, f64)]) -> (Option<Verdict>, String) {
        let totals = window.total();
        let Some(seen) = totals.error_percent() else {
            let because = format!("no request in the {} seconds of the watch", self.duration);
            return (Some(Verdict::NoData), because);
        };
        if self.limits.cpu_percent.is_some() && cpu.is_empty() {
            return (
                Some(Verdict::NoData),
                format!("no cpu reading in the {} seconds of the watch", self.duration),
            );
        }
        let because =
            format!("{seen:.1} % of {} requests failed in {} seconds", totals.requests, self.duration);
        (Some(Verdict::Pass), because)
    }
}

fn worse_than_before(comparison: &Comparison) -> Option<String> {
    let failed = comparison.rows.iter().find(|row| row.verdict == Verdict::Fail)?;
    Some(format!("worse than before the promotion: {}", failed.because))
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
