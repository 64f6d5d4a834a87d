//! Reads committed source out of git repositories that are not trusted.
//!
//! Only the committed head is taken, never a working tree. Git runs without hooks, without the
//! configuration of the system or the user, without asking for anything, with a list of allowed
//! protocols, and inside bounds of time and size.
//!
//! # Layout
//! - `source` says what may be cloned, `names` what a branch or commit may be called.
//! - [`clone()`] fetches the head of a branch; [`diff_stat`] says how two commits differ.
//! - `command` is the only place that starts git; `error` has one variant per way to fail.

mod clone;
mod command;
mod diff;
mod error;
mod names;
mod source;

pub use clone::{CloneRequest, Fetched, clone};
pub use command::{GitRun, run_git};
pub use diff::{DiffStat, diff_stat};
pub use error::GitError;
pub use names::{BranchName, CommitId};
pub use source::Source;

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
