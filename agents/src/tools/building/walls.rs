//! What a confinement has to hold, and the seam to the one that does.
//!
//! This module decides nothing about how: `orchestra-shim` finds the strongest means of the machine,
//! and the toolchains that have to be readable.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use orchestra_shim::{Confinement, Kind, Limits as KernelLimits, Plan};

use super::process::Limits;

/// Whether a confined command reaches the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// No network, not even to this machine.
    Off,
    /// As the machine has it; for the fetch of dependencies, or when a setting says so.
    On,
}

/// The walls around one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walls {
    /// The folder in which it starts; it may write here.
    pub workspace: PathBuf,
    /// Further folders in which it may write (its home, its caches).
    pub writable: Vec<PathBuf>,
    /// The network.
    pub network: Network,
    /// The ceilings, for a confinement that can give them to the kernel.
    pub limits: Limits,
}

/// Puts walls around a command: the same command with the confinement in front of it.
pub type Wrapper = Arc<dyn Fn(&Walls, &[OsString]) -> Vec<OsString> + Send + Sync>;

/// The wrapper that confines with what this machine has.
#[must_use]
pub fn confined_by(confinement: Confinement) -> Wrapper {
    Arc::new(move |walls, command| confinement.wrap(&plan_for(walls, confinement.kind), command))
}

fn plan_for(walls: &Walls, kind: Kind) -> Plan {
    // Outside of a user namespace the kernel counts all processes of the user, also those that have
    // nothing to do with the build; there the watcher alone counts.
    let processes = (kind == Kind::Bubblewrap).then_some(walls.limits.processes);
    Plan {
        workspace: walls.workspace.clone(),
        writable: walls.writable.clone(),
        network: walls.network == Network::On,
        limits: KernelLimits {
            cpu_seconds: Some(walls.limits.cpu.as_secs() + 2),
            memory_bytes: Some(walls.limits.memory),
            file_bytes: Some(walls.limits.file),
            processes,
            ..KernelLimits::default()
        },
    }
}
