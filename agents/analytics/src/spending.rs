//! How the chance of a false refusal is shared out over a rollout.
//!
//! Looking often is testing often. By Bonferroni's inequality the chance that any look refuses a good version is
//! at most the sum of all looks' chances, however much they depend on each other; so each step, metric and look
//! gets a share of [`FALSE_REFUSALS`], and the shares add up to it at most. Half of a step's share is kept for
//! its last look, where there is most to see (a two-stage form of Lan and DeMets, Biometrika 1983).

use serde::{Deserialize, Serialize};

/// The chance that a rollout of a good version is refused, over all its steps, metrics and looks: under 1 in 200.
pub const FALSE_REFUSALS: f64 = 0.005;
/// A step's share of it when nothing else is said: a quarter, for three analysed steps and the watch afterwards.
pub const DEFAULT_BUDGET: f64 = 0.25;
/// The share of a step that is kept for its last look.
const LAST_LOOK: f64 = 0.5;
/// The share of a step for errors; the two tests of latency have the rest by halves.
pub(crate) const ERRORS_SHARE: f64 = 0.5;
/// The share of a step for each of the two tests of latency.
pub(crate) const LATENCY_SHARE: f64 = 0.25;

/// Which look at a step this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Counted from 1.
    pub number: u32,
    /// How many looks the step has, the last one included. An early look beyond them can't refuse any more.
    pub planned: u32,
    /// Whether the step ends with it.
    pub last: bool,
}

impl Look {
    /// The only look at a step.
    pub fn only() -> Look {
        Look { number: 1, planned: 1, last: true }
    }

    /// This look's share of what the step may spend, from 0 to 1.
    pub fn share(&self) -> f64 {
        match (self.last, self.planned) {
            (true, 0 | 1) => 1.0,
            (true, _) => LAST_LOOK,
            (false, planned) if planned > 1 && self.number < planned => {
                (1.0 - LAST_LOOK) / f64::from(planned - 1)
            }
            (false, _) => 0.0,
        }
    }

    /// The chance of a false refusal that one metric may spend at this look, within `budget` (0 to 1), the
    /// step's share of the rollout's chance.
    pub fn alpha(&self, budget: f64, metric_share: f64) -> f64 {
        let budget = if budget.is_finite() { budget.clamp(0.0, 1.0) } else { DEFAULT_BUDGET };
        FALSE_REFUSALS * budget * metric_share * self.share()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_looks_of_a_step_together_spend_its_share_and_no_more() {
        for planned in 1..40 {
            let spent: f64 =
                (1..=planned).map(|number| Look { number, planned, last: number == planned }.share()).sum();
            assert!((spent - 1.0).abs() < 1e-12, "{planned} looks spend {spent}");
        }
    }

    #[test]
    fn looks_beyond_the_plan_spend_nothing() {
        assert_eq!(Look { number: 5, planned: 5, last: false }.share(), 0.0);
        assert_eq!(Look { number: 99, planned: 5, last: false }.share(), 0.0);
        assert_eq!(Look { number: 1, planned: 0, last: false }.share(), 0.0);
    }

    #[test]
    fn the_metrics_of_a_step_spend_its_budget() {
        let spent: f64 = [ERRORS_SHARE, LATENCY_SHARE, LATENCY_SHARE]
            .iter()
            .map(|share| Look::only().alpha(1.0, *share))
            .sum();
        assert!((spent - FALSE_REFUSALS).abs() < 1e-12);
        assert!(Look::only().alpha(f64::NAN, 1.0) < FALSE_REFUSALS);
        assert_eq!(Look::only().alpha(-3.0, 1.0), 0.0);
    }
}
