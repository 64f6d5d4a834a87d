//! The file `devops_orchestra.yaml`: what a repository says about its own delivery, read and judged.
//!
//! `check` tells every mistake at once, each with its place; `detect` stands in where a repository has no file.
//! One table, `table::FILE`, feeds the reader, the JSON Schema and the defaults, so that they cannot drift apart.
//!
//! # Layout
//!
//! - [`mod@check`]: the front door: text in, findings and perhaps a [`PipelineFile`] out
//! - [`finding`]: one mistake with its place; how findings are printed
//! - [`pipeline`], with `pipeline_running`: the typed file that travels in events
//! - `table`, `shape`: every key with its meaning, default and allowed values; what such a table is made of
//! - [`served`]: keys and words that this version accepts but does not use, each with the reason
//! - `tree`: YAML events to a tree with places, under counted budgets
//! - `walk`: holds the tree against the table
//! - `scalars`: percentages, durations, paths and names
//! - `meaning`: what no single key can say: ports used twice, weights that fall
//! - `schema`: the table as JSON Schema for editors
//! - `nearest`: did-you-mean
//! - [`mod@detect`]: a pipeline from the files that a repository has

pub mod check;
pub mod detect;
mod detect_languages;
pub mod finding;
mod meaning;
mod nearest;
pub mod pipeline;
mod pipeline_running;
mod scalars;
mod schema;
pub mod served;
mod shape;
mod table;
mod tree;
mod walk;

pub use check::{Checked, check};
pub use detect::{DetectError, Detected, detect};
pub use finding::{Finding, Severity, render};
pub use pipeline::PipelineFile;
