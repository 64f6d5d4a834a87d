//! The desired state on the disk, and what of it comes back.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;
use crate::protocol::Desired;

/// The file in the shim's folder.
const FILE: &str = "desired.json";

#[derive(Serialize, Deserialize)]
struct Stored {
    boot_id: String,
    desired: Desired,
}

/// What a shim finds when it starts.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// Nothing was ever wanted here.
    Nothing,
    /// The shim ended within this boot: all of it comes back.
    SameBoot(Box<Desired>),
    /// The machine was started anew: this is what was wanted before.
    EarlierBoot(Box<Desired>),
    /// The file can't be understood; it was put aside under this name.
    Broken(String),
}

/// Writes the desired state so that a crash leaves the old or the new one.
pub(crate) async fn save(folder: &Path, desired: &Desired) -> io::Result<()> {
    let stored = Stored { boot_id: crate::identity::boot_id()?, desired: desired.clone() };
    let content = serde_json::to_vec(&stored)?;
    let path = folder.join(FILE);
    // The proxy runs on this thread, and a disk may take its time.
    tokio::task::spawn_blocking(move || files::write_atomically(&path, &content))
        .await
        .map_err(io::Error::other)?
}

/// Reads what was wanted when the last shim of this folder ended.
pub(crate) fn load(folder: &Path, boot_id: &str) -> io::Result<Found> {
    let path = folder.join(FILE);
    let content = match std::fs::read(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    match serde_json::from_slice::<Stored>(&content) {
        Ok(stored) if stored.boot_id == boot_id => Ok(Found::SameBoot(Box::new(stored.desired))),
        Ok(stored) => Ok(Found::EarlierBoot(Box::new(stored.desired))),
        Err(error) => {
            std::fs::rename(&path, folder.join("desired.json.broken"))?;
            Ok(Found::Broken(format!(
                "`{FILE}` can't be understood ({error}) and is now `desired.json.broken`"
            )))
        }
    }
}

/// What comes back after a reboot: the last good version alone, with all the traffic.
pub(crate) fn after_reboot(desired: Desired) -> Desired {
    let good = desired.last_good.clone();
    let versions: Vec<_> =
        desired.versions.into_iter().filter(|spec| Some(&spec.version) == good.as_ref()).collect();
    let weights = versions.iter().map(|spec| (spec.version.clone(), 100)).collect();
    Desired { versions, weights, ..desired }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
