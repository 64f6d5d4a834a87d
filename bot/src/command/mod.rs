//! What can be asked, and how each thing is written, explained and completed: one file per command.
//!
//! The list [`COMMANDS`] feeds help, completion and every other place that names commands.
//! Pure: nothing here knows who asks, what is running, or where the answer goes.
//!
//! # Layout
//!
//! - [`spec`]: what a command is: [`ChatCommand`], its [`Argument`]s, and the person's error, [`Refusal`]
//! - [`role`]: who may ask what
//! - [`line`](mod@line): one typed line to a typed command, strictly
//! - [`words`]: the shapes of words that arguments share: versions, environments, strategies, ids
//! - [`completion`]: what may come next on a half-typed line
//! - one file per command, in the order of [`COMMANDS`]

pub mod abort;
pub mod approve;
pub mod completion;
pub mod deny;
pub mod deploy;
pub mod freeze;
pub mod help;
pub mod line;
pub mod logs;
pub mod pause;
pub mod promote;
pub mod resume;
pub mod role;
pub mod rollback;
pub mod spec;
pub mod status;
pub mod unfreeze;
pub mod words;

#[cfg(test)]
mod command_tests;

pub use completion::{Names, complete};
pub use line::{command_named, parse_line};
pub use role::Role;
pub use spec::{Argument, ChatCommand, Refusal};

/// Every command, in the order in which help lists them.
pub const COMMANDS: &[&dyn ChatCommand] = &[
    &help::Help,
    &status::Status,
    &logs::Logs,
    &deploy::Deploy,
    &promote::Promote,
    &pause::Pause,
    &resume::Resume,
    &abort::Abort,
    &rollback::Rollback,
    &approve::Approve,
    &deny::Deny,
    &freeze::Freeze,
    &unfreeze::Unfreeze,
];
