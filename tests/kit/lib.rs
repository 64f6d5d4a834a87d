//! What the stories are told with.
//!
//! # Layout
//!
//! - [`world`]: a data folder with the real `orchestra` on it, and what people do to it and see of it
//! - [`repository`], [`manner`]: git repositories of small services, and how those behave
//! - [`traffic`]: a load on a service, and what it saw
//! - [`binary`], [`processes`]: the program under test, and the processes that belong to a folder
//! - [`waiting`]: conditions waited for within a bound, and parts that are left out loudly
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "this crate serves tests only, where a panic is the report"
)]

pub mod binary;
pub mod manner;
pub mod processes;
pub mod repository;
pub mod traffic;
pub mod waiting;
pub mod world;

pub use manner::Manner;
pub use repository::{Repository, free_port};
pub use traffic::Traffic;
pub use waiting::{full, skipped, until};
pub use world::{Said, World};
