//! From the shared state and its events to what is said: fills the phrasebook's arguments. Pure.
//!
//! # Layout
//!
//! - [`card`]: the live card of a run
//! - [`news`]: what an event adds to the thread, and what it is called in `chatops.notify_on`
//! - [`closing`]: the last post of a run
//! - [`numbers`]: compared numbers as a table

pub mod card;
pub mod closing;
pub mod news;
pub mod numbers;
