//! Which process a shim is: its pid means something only together with its start time and the boot.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;

/// What a shim writes into `shim.json` before it does anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its process.
    pub pid: u32,
    /// When the process started, in clock ticks since the boot, as in `/proc/PID/stat`.
    pub start_ticks: u64,
    /// The boot it lives in.
    pub boot_id: String,
    /// The build it is of.
    pub build: String,
    /// The protocol it speaks.
    pub protocol: u32,
}

impl Identity {
    /// The identity of the process that asks.
    ///
    /// # Errors
    /// When `/proc` can't be read.
    pub fn own() -> io::Result<Self> {
        let pid = std::process::id();
        Ok(Self {
            pid,
            start_ticks: start_ticks(pid)
                .ok_or_else(|| io::Error::other("`/proc/self/stat` can't be read"))?,
            boot_id: boot_id()?,
            build: crate::protocol::build(),
            protocol: crate::protocol::PROTOCOL,
        })
    }

    /// Reads what a shim wrote into its folder, if it did.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join("shim.json")).ok()?).ok()
    }

    /// Writes it into the folder, on the disk when this returns.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        files::write_atomically(&folder.join("shim.json"), &serde_json::to_vec(self)?)
    }

    /// Whether that very process still lives. A zombie doesn't, nor does another process with the same pid.
    pub fn alive(&self) -> bool {
        boot_id().is_ok_and(|boot| boot == self.boot_id) && start_ticks(self.pid) == Some(self.start_ticks)
    }
}

/// The kernel's random name of this boot.
///
/// # Errors
/// When `/proc` can't be read.
pub fn boot_id() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

fn start_ticks(pid: u32) -> Option<u64> {
    let stat = crate::usage::ProcessStat::read(pid)?;
    (stat.state != 'Z' && stat.state != 'X').then_some(stat.start_ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_process_of_this_boot_is_alive() {
        let own = Identity::own().unwrap();
        let folder = tempfile::tempdir().unwrap();
        own.write(folder.path()).unwrap();
        let read = Identity::read(folder.path()).unwrap();
        assert_eq!(read, own);
        assert!(read.alive());
        assert!(!Identity { start_ticks: own.start_ticks + 1, ..own.clone() }.alive());
        assert!(!Identity { boot_id: "another".into(), ..own }.alive());
    }
}
