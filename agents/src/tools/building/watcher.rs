//! Measures a run while it goes on, where the kernel gives no hard limit.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::family::{Family, Use};
use super::process::{Limits, Outcome};

/// How often processes and memory are looked at.
const LOOK: Duration = Duration::from_millis(40);
/// Measuring a big tree is slow, so it takes at most this share of the time: one part in twenty.
const DISK_SHARE: u32 = 20;
/// The shortest time between two measurements of the disk.
const DISK_LOOK: Duration = Duration::from_millis(250);
/// What is left free on the disk whatever the limit says, so that the house itself can go on.
const DISK_FLOOR: u64 = 64 << 20;

/// Watches until a bound is broken and says which; never ends otherwise.
pub(super) async fn watch(family: Arc<Mutex<Family>>, limits: Limits, folders: Vec<PathBuf>) -> Outcome {
    let mut disk = Disk::new(folders);
    let mut pause = LOOK;
    loop {
        tokio::time::sleep(pause).await;
        let (family, limits) = (family.clone(), limits.clone());
        let look = tokio::task::spawn_blocking(move || {
            let mut family = family.lock().unwrap_or_else(PoisonError::into_inner);
            let used = family.look();
            let breach = breach(used, &mut family, &limits);
            drop(family);
            let breach = breach.or_else(|| disk.is_over(limits.disk).then_some(Outcome::DiskLimit));
            // A fork bomb doubles within milliseconds, so it is watched closely before the limit.
            let pause = if used.tasks * 4 > limits.processes { LOOK / 10 } else { LOOK };
            (disk, breach, pause)
        });
        match look.await {
            Ok((_, Some(outcome), _)) => return outcome,
            Ok((unbroken, None, next)) => (disk, pause) = (unbroken, next),
            // The runtime is shutting down, and the run ends with it.
            Err(_) => return Outcome::Cancelled,
        }
    }
}

fn breach(used: Use, family: &mut Family, limits: &Limits) -> Option<Outcome> {
    if used.tasks > limits.processes {
        Some(Outcome::ProcessLimit)
    } else if used.resident > limits.memory && family.exact_memory() > limits.memory {
        Some(Outcome::MemoryLimit)
    } else if used.cpu > limits.cpu {
        Some(Outcome::CpuLimit)
    } else {
        None
    }
}

/// The growth of some folders since the run began.
struct Disk {
    folders: Vec<PathBuf>,
    before: Option<u64>,
    next: Instant,
}

impl Disk {
    fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, before: None, next: Instant::now() }
    }

    fn is_over(&mut self, limit: u64) -> bool {
        let begun = Instant::now();
        if self.folders.is_empty() || begun < self.next {
            return false;
        }
        let enough = self.before.map_or(u64::MAX, |before| before.saturating_add(limit));
        let used: u64 = self.folders.iter().map(|folder| disk_use(folder, enough)).sum();
        // What the first look finds is nearly all from before, and a flood shows at the second.
        let before = *self.before.get_or_insert(used);
        let took = begun.elapsed();
        self.next = Instant::now() + (took * DISK_SHARE).max(DISK_LOOK);
        used.saturating_sub(before) > limit || self.folders.iter().any(|folder| is_nearly_full(folder))
    }
}

fn is_nearly_full(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|disk| {
        let total = disk.f_blocks.saturating_mul(disk.f_frsize);
        disk.f_bavail.saturating_mul(disk.f_frsize) < DISK_FLOOR.min(total / 20)
    })
}

/// Bytes that a folder takes on disk; never follows links, and stops counting over `enough`.
///
/// An empty file counts as one block, for it takes an entry and an inode.
#[must_use]
pub(super) fn disk_use(folder: &Path, enough: u64) -> u64 {
    let mut used = 0u64;
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(found) = entry.metadata() else { continue };
            used = used.saturating_add((found.blocks() * 512).max(512));
            if found.is_dir() {
                open.push(entry.path());
            }
        }
        if used > enough {
            break;
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_use_counts_files_in_folders_and_does_not_follow_links() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        std::fs::write(folder.path().join("inner/file"), vec![1; 100_000]).unwrap();
        std::os::unix::fs::symlink("/usr", folder.path().join("usr")).unwrap();
        let used = disk_use(folder.path(), u64::MAX);
        assert!((100_000..200_000).contains(&used), "{used}");
    }

    #[test]
    fn what_was_there_before_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("old"), vec![1; 100_000]).unwrap();
        let mut disk = Disk::new(vec![folder.path().to_path_buf()]);
        assert!(!disk.is_over(50_000));
        std::fs::write(folder.path().join("new"), vec![1; 100_000]).unwrap();
        disk.next = Instant::now();
        assert!(disk.is_over(50_000));
    }
}
