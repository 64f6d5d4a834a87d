//! Reads what test frameworks say into totals that can be trusted.
//!
//! Decides which command runs the tests and what its report means; runs nothing itself.
//! The test agent's tool calls [`plan::command`], performs the plan, and hands what it got to [`read`].
//!
//! # Layout
//!
//! - [`totals`]: the numbers, and the invariant `passed + failed = total`
//! - [`plan`]: from framework, tool and tree to the command line
//! - [`files`]: finds report files below the workspace
//! - [`cargo_text`], [`unittest_text`], [`pytest_text`], [`go_json`], [`junit`]: one report form each

pub mod cargo_text;
pub mod files;
pub mod go_json;
pub mod junit;
pub mod plan;
pub mod pytest_text;
mod run;
mod text;
pub mod totals;
pub mod unittest_text;

pub use plan::{PlanError, ReportKind, TestPlan, TreeFacts, command};
pub use run::{Output, TestRun, Verdict, read};
pub use totals::{Failure, ReportError, Tally, Totals};

#[cfg(test)]
#[path = "property_tests.rs"]
mod property_tests;
