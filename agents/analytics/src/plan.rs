//! The steps of a rollout, as data.
//!
//! A plan says what shall hold at each step; who carries it out decides how. The last step is always weight 100,
//! the promotion.

use serde::{Deserialize, Serialize};

/// How long a bare weight is analysed at most, in seconds.
pub const LONGEST_BARE_ANALYSIS: u64 = 30;
/// The weights of a canary when the file names none.
pub const DEFAULT_WEIGHTS: [u8; 4] = [10, 25, 50, 100];

/// How a new version takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// A growing part of the traffic, each part compared with the rest.
    Canary,
    /// A full set beside the old one, then all traffic at once.
    BlueGreen,
    /// One replica after the other.
    Rolling,
}

impl Strategy {
    /// All strategies.
    pub const ALL: [Strategy; 3] = [Strategy::Canary, Strategy::BlueGreen, Strategy::Rolling];
}

impl std::fmt::Display for Strategy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Strategy::Canary => "canary",
            Strategy::BlueGreen => "blue-green",
            Strategy::Rolling => "rolling",
        })
    }
}

/// How long a step rests before the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// So many seconds.
    Seconds(u64),
    /// Until a person promotes.
    UntilPromoted,
}

/// One step of a canary as the file asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryStep {
    /// Percent of the traffic for the new version; more than 100 counts as 100.
    pub weight: u8,
    /// A rest after the analysis.
    pub pause: Option<Pause>,
    /// Seconds of analysis; a bare weight gets [`LONGEST_BARE_ANALYSIS`].
    pub analysis: Option<u64>,
}

impl CanaryStep {
    /// A weight without pause or analysis of its own.
    pub fn bare(weight: u8) -> CanaryStep {
        CanaryStep { weight, pause: None, analysis: None }
    }
}

/// One step of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Percent of the traffic that goes to the new version.
    pub weight: u8,
    /// Healthy replicas of the new version that must run before the weight is set.
    pub replicas: u32,
    /// A rest before the next step.
    pub pause: Option<Pause>,
    /// Seconds of analysis at most, at this weight; `None`: the health checks are enough here.
    pub analysis: Option<u64>,
    /// Whether the new version takes over with this step; true for the last one only.
    pub promotion: bool,
}

impl Step {
    fn promotion(replicas: u32, pause: Option<Pause>) -> Step {
        Step { weight: 100, replicas, pause, analysis: None, promotion: true }
    }
}

/// The steps from the first replica of the new version to its promotion.
///
/// `replicas` is how many the service has when all is done (0 counts as 1). `canary_steps` matter to a canary
/// only; without any it takes [`DEFAULT_WEIGHTS`]. Weights that fall or repeat are left out, and a last step of
/// 100 is added where it is missing.
pub fn plan(strategy: Strategy, replicas: u32, canary_steps: &[CanaryStep]) -> Vec<Step> {
    let replicas = replicas.max(1);
    match strategy {
        Strategy::Canary if canary_steps.is_empty() => {
            canary(replicas, &DEFAULT_WEIGHTS.map(CanaryStep::bare))
        }
        Strategy::Canary => canary(replicas, canary_steps),
        Strategy::BlueGreen => vec![
            Step { weight: 0, replicas, pause: None, analysis: None, promotion: false },
            Step::promotion(replicas, None),
        ],
        Strategy::Rolling => rolling(replicas),
    }
}

/// The plan of a service's first version: there is nothing to compare it with, its health checks decide.
pub fn first_version(replicas: u32) -> Vec<Step> {
    vec![Step::promotion(replicas.max(1), None)]
}

/// How many of the steps are analysed: by so many the budget of false refusals is divided.
pub fn analysed_steps(steps: &[Step]) -> usize {
    steps.iter().filter(|step| step.analysis.is_some()).count()
}

fn canary(replicas: u32, asked: &[CanaryStep]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(asked.len() + 1);
    for step in asked {
        let weight = step.weight.min(100);
        if weight == 100 {
            steps.push(Step::promotion(replicas, step.pause));
            return steps;
        }
        if steps.last().is_some_and(|last| last.weight >= weight) {
            continue;
        }
        steps.push(Step {
            weight,
            replicas: share_of(replicas, weight),
            pause: step.pause,
            // No traffic, nothing to analyse.
            analysis: (weight > 0).then(|| step.analysis.unwrap_or(LONGEST_BARE_ANALYSIS)),
            promotion: false,
        });
    }
    steps.push(Step::promotion(replicas, None));
    steps
}

fn rolling(replicas: u32) -> Vec<Step> {
    let step = |replaced: u32| Step {
        weight: (u64::from(replaced) * 100 / u64::from(replicas)) as u8,
        replicas: replaced,
        pause: None,
        analysis: None,
        promotion: false,
    };
    (1..replicas).map(step).chain([Step::promotion(replicas, None)]).collect()
}

fn share_of(replicas: u32, weight: u8) -> u32 {
    (u64::from(replicas) * u64::from(weight)).div_ceil(100).max(1) as u32
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
