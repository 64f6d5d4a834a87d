//! The comparison of a canary with its baseline of the same minutes.
//!
//! A metric **fails** when the canary's number is beyond what is tolerated *and* chance would hardly bring it:
//! its test stays under the look's share of the false refusals ([`crate::spending`]), with the canary's worst
//! seconds left out and the counts divided by their design effect ([`crate::series`]), and it is so in each part
//! of the time.
//! It **passes** when the number is within what is tolerated *and* a clearly worse canary would hardly have
//! looked so good. Everything else is **inconclusive**, and says which numbers are lacking.
//! The tests themselves are in [`crate::rows`].

use serde::{Deserialize, Serialize};

use crate::rows;
pub use crate::spending::{DEFAULT_BUDGET, FALSE_REFUSALS, Look};
use crate::window::Window;

/// What a comparison, or one row of it, comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As good as the baseline, as far as the smallest effect goes.
    Pass,
    /// Worse than the baseline, beyond chance.
    Fail,
    /// Not enough to tell.
    Inconclusive,
    /// A side had no request at all.
    NoData,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Inconclusive => "inconclusive",
            Verdict::NoData => "no data",
        })
    }
}

/// The smallest difference that matters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SmallestEffect {
    /// More errors, in percentage points.
    pub error_points: f64,
    /// Slower, as a share of the baseline's latency. The larger of this and `latency_ms` counts.
    pub latency_ratio: f64,
    /// Slower, in milliseconds.
    pub latency_ms: f64,
}

impl Default for SmallestEffect {
    fn default() -> Self {
        SmallestEffect { error_points: 1.0, latency_ratio: 0.20, latency_ms: 10.0 }
    }
}

impl SmallestEffect {
    /// The effect with every number that is negative or not finite replaced by the default.
    pub fn sound(&self) -> SmallestEffect {
        let default = SmallestEffect::default();
        let or = |value: f64, other: f64| if value.is_finite() && value >= 0.0 { value } else { other };
        SmallestEffect {
            error_points: or(self.error_points, default.error_points),
            latency_ratio: or(self.latency_ratio, default.latency_ratio),
            latency_ms: or(self.latency_ms, default.latency_ms),
        }
    }

    /// The latency that is worse than `micros` by `times` this effect, in microseconds.
    pub fn slower(&self, micros: u64, times: f64) -> u64 {
        let micros = micros as f64;
        (micros * (1.0 + times * self.latency_ratio)).max(micros + times * self.latency_ms * 1_000.0) as u64
    }
}

/// What a row compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Failed requests, in percent.
    ErrorRate,
    /// The latency that 95 of 100 requests stay within, in milliseconds.
    LatencyP95,
    /// The median latency, in milliseconds, judged by the ranks of all requests.
    LatencyShift,
}

impl std::fmt::Display for Metric {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Metric::ErrorRate => "error rate",
            Metric::LatencyP95 => "latency p95",
            Metric::LatencyShift => "latency median",
        })
    }
}

/// One metric compared; its numbers are in percent or milliseconds, as its [`Metric`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What is compared.
    pub metric: Metric,
    /// The baseline's number.
    pub baseline: f64,
    /// The canary's number.
    pub canary: f64,
    /// Canary less baseline.
    pub difference: f64,
    /// The canary's number from which on it never passes.
    pub tolerated: f64,
    /// The chance that a canary as good as the baseline looks as bad; `None` when too little was seen to test.
    pub p_value: Option<f64>,
    /// The chance of a false refusal that this look may spend: at or under it, what is not tolerated fails.
    pub alpha: f64,
    /// What it comes to.
    pub verdict: Verdict,
    /// Why, in one sentence with the numbers.
    pub because: String,
}

/// A canary compared with its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The worst of the rows: fail, then inconclusive, then pass; no data when a side had no request.
    pub verdict: Verdict,
    /// One row for each metric; empty without data.
    pub rows: Vec<Row>,
    /// The numbers that are lacking, each in words for a person at 3 a.m.
    pub lacking: Vec<String>,
    /// Requests that the baseline served.
    pub baseline_requests: u64,
    /// Requests that the canary served.
    pub canary_requests: u64,
}

impl Comparison {
    /// The row of a metric, if there was data.
    pub fn row(&self, metric: Metric) -> Option<&Row> {
        self.rows.iter().find(|row| row.metric == metric)
    }
}

/// Compares a canary with the baseline of the same minutes.
///
/// `budget` is the step's share (0 to 1) of the rollout's chance of a false refusal; the shares of all steps
/// should add up to 1 at most. [`DEFAULT_BUDGET`] suits three steps and a watch.
pub fn compare(
    baseline: &Window,
    canary: &Window,
    effect: &SmallestEffect,
    look: Look,
    budget: f64,
) -> Comparison {
    let (baseline_total, canary_total) = (baseline.total(), canary.total());
    let mut comparison = Comparison {
        verdict: Verdict::NoData,
        rows: Vec::new(),
        lacking: Vec::new(),
        baseline_requests: baseline_total.requests,
        canary_requests: canary_total.requests,
    };
    if baseline_total.requests == 0 || canary_total.requests == 0 {
        comparison.lacking.push(silence(baseline_total.requests, canary_total.requests));
        return comparison;
    }
    let sides =
        rows::Sides { baseline, canary, baseline_total, canary_total, effect: effect.sound(), look, budget };
    for judged in [sides.errors(), sides.p95(), sides.shift()] {
        comparison.rows.push(judged.row);
        comparison.lacking.extend(judged.lacking);
    }
    let any = |verdict: Verdict| comparison.rows.iter().any(|row| row.verdict == verdict);
    comparison.verdict = if any(Verdict::Fail) {
        Verdict::Fail
    } else if any(Verdict::NoData) {
        Verdict::NoData
    } else if any(Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    };
    comparison
}

fn silence(baseline: u64, canary: u64) -> String {
    match (baseline, canary) {
        (0, 0) => "no request reached either version, so there is nothing to compare".to_owned(),
        (0, canary) => format!(
            "the baseline served no request while the canary served {canary}: nothing to compare with"
        ),
        (baseline, _) => {
            format!(
                "the canary served no request while the baseline served {baseline}: is it reachable and does it answer?"
            )
        }
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
