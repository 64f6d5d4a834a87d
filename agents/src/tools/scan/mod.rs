//! Code analysis without a model: committed secrets, conflict markers, files that do not parse.
//!
//! Pure over paths and bytes; [`tree`] is the small part that reads a folder.
//! A comment `devops-orchestra: allow` on a line turns what was found there into a note.
//!
//! # Layout
//!
//! - [`finding`]: what is reported
//! - [`scanner`]: one file after the other, within limits
//! - [`tokens`]: the table of tokens whose shape gives them away
//! - [`assignments`]: secrets by the name they are assigned to
//! - [`conflicts`]: merge conflicts that were committed
//! - [`syntax`]: JSON, YAML, TOML and XML that do not parse
//! - [`tree`]: reads a folder

pub mod assignments;
pub mod conflicts;
pub mod finding;
mod json;
mod place;
pub mod scanner;
pub mod syntax;
pub mod tokens;
pub mod tree;

pub use finding::{Finding, Scan, Severity};
pub use scanner::{Limits, Scanner, scan};

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
