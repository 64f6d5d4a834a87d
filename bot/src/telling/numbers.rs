//! Compared numbers as a table.

use crate::message::rollout::Compared;
use crate::message::words::{milliseconds, percent};
use orchestra_events::pipeline::{ComparedNumber, StepVerdict};

/// The rows of a comparison.
pub fn compared(numbers: &[ComparedNumber]) -> Vec<Compared> {
    numbers
        .iter()
        .map(|number| {
            let shown = |value: Option<f64>| match value {
                None => "no data".to_owned(),
                Some(value) if number.metric.ends_with('%') => percent(value / 100.0),
                Some(value) => milliseconds(value),
            };
            Compared {
                metric: number.metric.clone(),
                canary: shown(number.canary),
                baseline: shown(number.baseline),
                verdict: verdict(number.verdict).to_owned(),
            }
        })
        .collect()
}

fn verdict(verdict: StepVerdict) -> &'static str {
    match verdict {
        StepVerdict::Pass => "no difference that matters",
        StepVerdict::Fail => "worse",
        StepVerdict::Inconclusive => "not sure",
        StepVerdict::NoData => "no data",
    }
}
