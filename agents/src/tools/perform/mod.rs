//! The hands themselves: each performs one tool of [`crate::effects`] with what this machine has.
//!
//! # Layout
//!
//! - [`machine`]: what they share: folders, blobs, toolchain, confinement, limits
//! - [`fetch`], [`build`], [`scan`], `test`: from a repository to a tested artefact
//! - [`target`]: the local target; [`target_files`]: what it remembers on disk; [`keeper`]: keeps its shims alive
//! - [`measure`]: metrics of services and host
//! - [`notes`]: texts below the data folder; timelines from the log

pub mod build;
pub mod fetch;
pub mod keeper;
pub mod machine;
pub mod measure;
pub mod notes;
pub mod scan;
pub mod target;
pub mod target_files;
pub mod test;

pub use machine::Machine;

use crate::effects::{BuildWork, Fetch, Measure, ReadTimeline, Scan, Target, TestWork, WriteNote};
use crate::runtime::Hands;
use std::sync::Arc;

/// All tools of this machine. Builds and tests take the processors for themselves, so few run at once.
pub fn hands(machine: &Arc<Machine>) -> Hands {
    let heavy = machine.heavy_at_once;
    Hands::default()
        .with::<Fetch>(fetch::Fetcher(machine.clone()), 4)
        .with::<BuildWork>(build::Builder(machine.clone()), heavy)
        .with::<Scan>(scan::Reader(machine.clone()), 2)
        .with::<TestWork>(test::Tester(machine.clone()), heavy)
        .with::<Target>(target::LocalTarget::new(machine.clone()), 16)
        .with::<Measure>(measure::Meter::new(machine.clone()), 16)
        .with::<WriteNote>(notes::Writer(machine.clone()), 4)
        .with::<ReadTimeline>(notes::Historian(machine.clone()), 4)
}
