//! What can be said: a neutral [`Message`] that every chat platform can show, and the phrasebook.
//!
//! Pure: plain arguments in, a message out. No platform, no store and no clock is known here.
//!
//! # Layout
//!
//! - [`shape`]: the message itself, how it is put together, and how long its parts may be
//! - [`words`]: how numbers, lengths of time and lists are written
//! - the phrasebook, one file per subject: [`card`], [`rollout`], [`rollback`], [`checks`], [`approvals`],
//!   [`incidents`], [`alerts`], [`status`], [`help`], [`logs`], [`freeze`], [`ending`], [`answers`]

pub mod alerts;
pub mod answers;
pub mod approvals;
pub mod card;
pub mod checks;
pub mod ending;
pub mod freeze;
pub mod help;
pub mod incidents;
pub mod logs;
pub mod rollback;
pub mod rollout;
pub mod shape;
pub mod status;
pub mod words;

#[cfg(test)]
mod shape_tests;

pub use shape::{Button, ButtonStyle, Field, Message, Section, Step, StepState, Tone};
