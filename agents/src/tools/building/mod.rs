//! Builds a repository's source into an artefact, confined and inside bounds.
//!
//! `plan` decides (pure), `work` performs. The artefact runs after the workspace is gone.
//!
//! # Layout
//! - [`process`] runs one child inside bounds; `family`, `watcher` and `sink` are its parts.
//! - [`walls`] is what a confinement has to hold, and the seam to the one that does.
//! - [`toolchain`] is the clean environment of a build, and where the machine's tools are.
//! - [`facts`] is what is known about a tree; `plan` is what to do with it, one file per tool:
//!   `cargo`, `custom`, `go`, `make`, `npm`, `pip`.
//! - [`site`] lays a source out in a workspace and runs confined commands there, for builds and tests.
//! - [`work`] fetches and builds; `keep` turns what is left into the artefact.

pub mod facts;
pub mod plan;
pub mod process;
pub mod site;
pub mod toolchain;
pub mod walls;
pub mod work;

mod cargo;
mod custom;
mod family;
mod go;
mod keep;
mod make;
mod npm;
mod pip;
mod sink;
mod watcher;
mod workspace;

pub use facts::TreeFacts;
pub use plan::{Artefact, BuildPlan, Refused, Start, plan};
pub use process::{Ended, Limits, Outcome, Run, RunError, run};
pub use site::{Site, SiteError, SiteRequest};
pub use toolchain::Toolchain;
pub use walls::{Network, Walls, Wrapper, confined_by};
pub use work::{BuildError, BuildRequest, Built, build};

#[cfg(test)]
#[path = "confined_tests.rs"]
mod confined_tests;
#[cfg(test)]
#[path = "work_tests.rs"]
mod work_tests;
