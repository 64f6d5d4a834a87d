//! The front door: what people ask and see, and the program that holds everything together.
//!
//! # Layout
//!
//! - [`command`], [`intent`]: what can be asked, and plain words to it (pure)
//! - [`message`], [`telling`]: what can be said, and the shared state in those words (pure)
//! - [`platform`]: the seam to chat; the console is its first adapter
//! - [`chatops`]: the ChatOps agent
//! - [`policy`], [`inbound`], [`outbound`], [`reading`]: who may; the way in, the way out, what is read
//! - [`desk`], [`control`]: what a subcommand asks of the process that has the folder
//! - [`config`], [`app`], [`cli`]: settings, the composition root, the subcommands
//! - [`demo`], `bench`, [`load`]: the main job shown and measured

pub mod app;
pub mod bench;
pub mod chatops;
pub mod cli;
pub mod command;
pub mod config;
pub mod control;
pub mod demo;
pub mod desk;
pub mod inbound;
pub mod intent;
pub mod load;
pub mod message;
pub mod outbound;
pub mod platform;
pub mod policy;
pub mod reading;
pub mod telling;
pub mod user;
