//! The small process that keeps one service alive and outlives a killed `orchestra`.
//!
//! One shim runs for each service and environment, started as `orchestra shim service DIR`.
//! It holds the service's own address, the processes of all versions, their logs, restarts and exit codes.
//! The main process tells it what is wanted ([`Desired`]); the shim makes it true, and keeps it so.
//!
//! # Layout
//!
//! | file | does |
//! | --- | --- |
//! | `protocol.rs` | what is said over the socket, versioned |
//! | `client.rs` | [`ShimClient`] asks; [`ensure`] finds a shim or starts one |
//! | `entry.rs` | [`main`]: `service`, `exec`, `confine` |
//! | `service.rs`, `control.rs` | the shim's own life; its answers |
//! | `supervise.rs` | from the desired state to what runs and where traffic goes |
//! | `instance.rs`, `replica.rs` | one version; one process of it, started again and again |
//! | `status.rs`, `backoff.rs` | the decisions behind those (pure) |
//! | `process.rs`, `exec.rs`, `health.rs` | start, tie to the shim, ask, end |
//! | `front.rs`, `proxy/` | the service's own address; the reverse proxy behind it |
//! | `store.rs`, `files.rs`, `identity.rs` | what is on the disk; which process a shim is |
//! | `logs.rs`, `events.rs`, `usage.rs`, `ports.rs` | what can be asked about it all |
//! | `confinement.rs`, `readable.rs`, `confine.rs` | how builds are confined; the process that confines itself |

mod backoff;
pub mod client;
pub mod confine;
pub mod confinement;
mod control;
mod entry;
mod events;
pub mod exec;
mod files;
mod front;
mod health;
pub mod identity;
mod instance;
pub mod logs;
mod ports;
mod process;
pub mod protocol;
pub mod proxy;
mod readable;
mod replica;
pub mod service;
mod status;
mod store;
mod supervise;
pub mod usage;

pub use client::{ShimClient, ShimError, ensure};
pub use confinement::{Confinement, Kind, Limits, Plan};
pub use entry::main;
pub use protocol::{Desired, EventKind, ShimEvent, Status, VersionSpec, VersionState, VersionStatus};
