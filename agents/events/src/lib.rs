//! The vocabulary of DevOps Orchestra: what is said between agents, and what the shared state is.
//!
//! # Layout
//!
//! - [`ids`]: typed ids, digests, timestamps; how an id derives from its cause
//! - [`envelope`]: the CloudEvents envelope that every event travels in
//! - [`catalog`]: the one table of event kinds: type, version, topic, subject of the key
//! - [`pipeline`]: the eight pipeline events and the end of a run, one file per topic
//! - [`people`]: what people say and are asked: commands, approvals, incidents
//! - [`command`]: a typed command, as chat and command line produce it
//! - [`state`]: the shared state, the fold of a run's events, one slice per agent
//! - `file`: `devops_orchestra.yaml`, read and judged
//!
//! Nothing here has a clock, randomness, an environment or files.

pub mod catalog;
pub mod command;
pub mod envelope;
pub mod file;
pub mod ids;
pub mod people;
pub mod pipeline;
pub mod state;

pub use catalog::{AnyEvent, Event, EventKind, KINDS, Topic};
pub use command::Command;
pub use envelope::Envelope;
pub use ids::{Actor, Digest, EventId, RunId, Timestamp};
pub use state::PipelineState;
