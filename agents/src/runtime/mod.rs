//! Receives, skips what was seen, handles, commits, performs what is owed, and hands the answers back.
//!
//! # Layout
//!
//! - [`crew`]: agents of any type behind one shape
//! - [`hands`]: tools of any type behind one shape
//! - [`step`]: one input from state to commit
//! - `work`: one effect from claim to answer
//! - [`engine`]: the loop that keeps order per lane and lets lanes run at the same time
//!
//! Invariants: one transaction holds an input, the new state and all that follows from it; the loop never
//! runs work; nothing in memory is the truth.

pub mod crew;
pub mod engine;
pub mod hands;
pub mod step;
mod work;

pub use crew::{Handed, Member};
pub use engine::{Runtime, RuntimeError};
pub use hands::{Hands, Performs, Progress, ToolError, Work};

/// Every failpoint of the runtime, in the order of an input's way; compiled in with the feature `failpoints` only.
pub const FAILPOINTS: &[&str] =
    &["step::before_handle", "step::after_handle", "work::before_perform", "work::after_perform"];
