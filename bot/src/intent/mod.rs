//! Plain words to a typed command. Pure: the text, the thread it was said in and the names that exist go
//! in; a command, a question back, or nothing comes out. No language model is asked here.
//!
//! Acting on talk is the worst mistake, then acting wrongly, then asking when it was clear; every doubt
//! below is decided in that order.
//!
//! # Layout
//!
//! - [`heard`]: what goes in and what comes out
//! - `understand`: the whole way, and how the clauses of one message are weighed against each other
//! - [`clause`]: one clause: order, question, talk, doubt, courtesy or a mere list of names
//! - [`phrase`]: what an order begins with
//! - [`arguments`]: the names, versions, ids and times in a clause
//! - [`target`]: from an act and its arguments to a command, with what the thread supplies
//! - [`lexicon`]: the phrases for each command, in the languages people swear in
//! - [`mood`]: the small words that say who speaks to whom, and how seriously
//! - [`names`]: the one thing that a misspelt or shortened name fits
//! - [`tokens`]: words and breaks, without formatting, mentions, quotes and pasted output
//! - [`lookalike`]: letters that only look like others
//! - [`spelling`]: the distance between two spellings

pub mod arguments;
pub mod clause;
pub mod heard;
pub mod lexicon;
pub mod lookalike;
pub mod mood;
pub mod names;
pub mod phrase;
pub mod spelling;
pub mod target;
pub mod tokens;
pub mod understand;

#[cfg(test)]
mod conformance_tests;
#[cfg(test)]
mod understand_tests;

pub use heard::{Awaits, Heard, Known, ThreadAbout, Understood};
pub use understand::understand;
