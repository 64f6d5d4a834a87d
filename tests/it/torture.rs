//! The runtime and its store under torture: a real process is killed again and again, and a target that outlives
//! it counts what was done to the world.
//!
//! # Layout
//!
//! - [`crew`]: agents written with the real `agent!`, and the tools that they use
//! - [`worker`]: the process that is killed: this very binary, run again
//! - [`witness`]: the target that counts, in the process that is not killed
//! - [`house`]: a folder, its worker and what was accepted; starts, feeds, kills, drains
//! - [`oracle`]: what must hold in the end, whatever happened
//! - `failpoints`, `kills`, `effects`, `poison`, `many_runs`, `disk`: the stories
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic is the report, in the worker as in the harness, and the figures are printed"
)]

mod crew;
mod disk;
mod effects;
mod failpoints;
mod house;
mod kills;
mod many_runs;
mod oracle;
mod poison;
mod witness;
mod worker;
