//! Judges rollouts: pure functions from counted requests to verdicts, plans and alerts.
//!
//! Nothing here reads a clock, a file, the environment or a random source: time and counts come in as values,
//! so the same numbers always give the same verdict.
//!
//! # Layout
//!
//! - [`sketch`]: a latency histogram that is bounded and merges.
//! - [`window`]: what one version did, second by second.
//! - [`exact`]: tails of the binomial and normal distributions.
//! - [`series`]: counts per second, their dispersion, and their worst second.
//! - [`verdict`]: the comparison of a canary with its baseline; [`rows`] holds its three tests, [`spending`] how
//!   the chance of a false refusal is shared out.
//! - [`plan`], [`choice`]: the steps of a rollout; which strategy to take.
//! - [`watch`]: the new version after its promotion.
//! - [`alerts`]: thresholds that raise, resolve and notice silence.

pub mod alerts;
pub mod choice;
pub mod exact;
pub mod plan;
pub mod rows;
pub mod series;
pub mod sketch;
pub mod spending;
pub mod verdict;
pub mod watch;
pub mod window;

pub use verdict::{Comparison, Look, Metric, Row, SmallestEffect, Verdict, compare};
pub use window::{Second, Totals, Window};

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod simulation_tests;
