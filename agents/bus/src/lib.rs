//! What endures: the log, the agents' state, the effects that are owed, and the memory of what was seen.
//!
//! # Layout
//!
//! - [`store`]: the trait that the runtime works against, and the rows that pass through it
//! - [`sqlite`]: the default, one file with one writer
//! - [`blobs`]: big things, kept by digest in a folder
//! - [`audit`]: the chain of hashes over every act
//! - [`conformance`]: what every adapter must hold, as one suite
//! - [`mod@bench`]: how fast the store accepts, beside bare SQLite
//! - [`failpoints`]: the places at which a test may stop or kill the process
//!
//! Invariants: what was answered with success is on stable storage; an event counts once for each agent; a
//! worker that was superseded can record nothing.

pub mod audit;
pub mod bench;
pub mod blobs;
pub mod conformance;
pub mod failpoints;
pub mod sqlite;
pub mod store;

pub use blobs::{BlobError, Blobs};
pub use failpoints::FAILPOINTS;
pub use sqlite::{SqliteStore, Subscriptions};
pub use store::*;
