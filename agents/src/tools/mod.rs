//! The hands: the only code of this crate that touches the outside world.
//!
//! # Layout
//!
//! One module per kind of work; each says what it bounds and what it refuses.

pub mod archive;
pub mod building;
pub mod git;
pub mod http;
pub mod perform;
pub mod scan;
pub mod secret;
pub mod testing;
