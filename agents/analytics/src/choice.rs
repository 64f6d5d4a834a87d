//! Which strategy a rollout takes, recorded with what was known and what else was possible.
//!
//! The rule is deterministic, so the chosen strategy's propensity is 1. It is recorded all the same: a later
//! rule that sometimes explores can only be evaluated against decisions that carry theirs (Horvitz and
//! Thompson, 1952).

use serde::{Deserialize, Serialize};

use crate::plan::{LONGEST_BARE_ANALYSIS, Strategy};

/// The fewest requests from which a canary without one error can pass: 0.95^59 is under 5 %.
const REQUESTS_TO_PASS: f64 = 60.0;
/// The weight of the default plan's first step, as a share.
const FIRST_SHARE: f64 = 0.10;
/// Replicas from which a full second set costs more than it is worth.
const MANY_REPLICAS: u32 = 4;

/// What was known when a strategy was chosen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// Whether the service has no version yet.
    pub first_version: bool,
    /// Replicas that the service shall have.
    pub replicas: u32,
    /// Traffic of the running version; `None` when it was not measured.
    pub requests_per_minute: Option<f64>,
    /// Whether the environment is production.
    pub production: bool,
}

/// The choice of a strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The strategy that the rollout takes.
    pub chosen: Strategy,
    /// The others.
    pub alternatives: Vec<Strategy>,
    /// The chance with which the rule takes this choice, given what was known: 1, for it does not explore.
    pub propensity: f64,
    /// What was known.
    pub known: Known,
    /// Why, in one sentence.
    pub because: String,
}

/// The traffic from which the first step of a default canary can be judged, in requests a minute.
pub fn traffic_for_a_canary() -> f64 {
    REQUESTS_TO_PASS / FIRST_SHARE / LONGEST_BARE_ANALYSIS as f64 * 60.0
}

/// Chooses: what the file asks for wins; else a canary where traffic is enough to judge one, else rolling where
/// there are many replicas outside production, else blue-green.
pub fn choose(asked: Option<Strategy>, known: &Known) -> Decision {
    let enough = traffic_for_a_canary();
    let (chosen, because) = match (asked, known.requests_per_minute) {
        (Some(asked), _) => (asked, format!("the file asks for {asked}")),
        (None, _) if known.first_version => (
            Strategy::BlueGreen,
            "the first version has none to be compared with, its health checks decide".to_owned(),
        ),
        (None, Some(rate)) if rate >= enough => (
            Strategy::Canary,
            format!("{rate:.0} requests a minute are enough to compare a canary, {enough:.0} are needed"),
        ),
        (None, rate) => {
            let traffic = match rate {
                Some(rate) if rate.is_finite() => {
                    format!(
                        "{rate:.0} requests a minute are too few to compare a canary, {enough:.0} are needed"
                    )
                }
                _ => "the traffic is not known, so a canary may have nothing to be compared by".to_owned(),
            };
            if known.replicas >= MANY_REPLICAS && !known.production {
                (
                    Strategy::Rolling,
                    format!("{traffic}; a second set of {} replicas would cost much", known.replicas),
                )
            } else {
                (Strategy::BlueGreen, format!("{traffic}; the old set stays warm to go back to"))
            }
        }
    };
    let alternatives = Strategy::ALL.into_iter().filter(|strategy| *strategy != chosen).collect();
    Decision { chosen, alternatives, propensity: 1.0, known: known.clone(), because }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(requests_per_minute: Option<f64>, replicas: u32, production: bool) -> Known {
        Known { first_version: false, replicas, requests_per_minute, production }
    }

    #[test]
    fn the_rule_as_a_table() {
        let first = Known { first_version: true, ..known(Some(9_000.0), 2, true) };
        for (asked, known, chosen, says) in [
            (Some(Strategy::Rolling), known(Some(9_000.0), 1, true), Strategy::Rolling, "asks for rolling"),
            (None, first, Strategy::BlueGreen, "health checks"),
            (None, known(Some(1_200.0), 1, true), Strategy::Canary, "enough"),
            (None, known(Some(1_199.0), 1, true), Strategy::BlueGreen, "too few"),
            (None, known(Some(f64::NAN), 1, true), Strategy::BlueGreen, "not known"),
            (None, known(None, 8, true), Strategy::BlueGreen, "not known"),
            (None, known(None, 8, false), Strategy::Rolling, "second set of 8"),
        ] {
            let decision = choose(asked, &known);
            assert_eq!(decision.chosen, chosen, "{known:?}");
            assert!(decision.because.contains(says), "{}", decision.because);
            assert_eq!(decision.alternatives.len(), 2);
            assert!(!decision.alternatives.contains(&chosen));
            assert_eq!(decision.propensity, 1.0);
            assert_eq!(decision.known.replicas, known.replicas);
        }
    }
}
