//! The folder of one repository's builds: a fresh tree each time, and a cache that stays.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::watcher::disk_use;

/// A folder that one build has for itself.
///
/// The tree lies at the same place each time, for compilers write paths into what they make.
/// Dropping it removes the tree; the cache stays for the next build of the same repository, which is
/// its trust level: no other repository ever sees it.
#[derive(Debug)]
pub(super) struct Workspace {
    root: PathBuf,
    cache_bytes: u64,
    /// Held while a build works here; none when another had it and this root is a throw-away one.
    lock: Option<File>,
}

impl Workspace {
    /// Takes the folder, or a throw-away one beside it while another build works in it.
    ///
    /// A cache over `cache_bytes` is thrown away at the end.
    pub(super) fn open(root: &Path, cache_bytes: u64) -> std::io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let root = root.canonicalize()?;
        let file = File::options().create(true).truncate(false).write(true).open(root.join("lock"))?;
        let workspace = match file.try_lock() {
            Ok(()) => Self { root, cache_bytes, lock: Some(file) },
            Err(TryLockError::WouldBlock) => {
                let extra = root.join(format!("extra-{}-{:08x}", std::process::id(), rand::random::<u32>()));
                Self { root: extra, cache_bytes, lock: None }
            }
            Err(TryLockError::Error(error)) => return Err(error),
        };
        workspace.clear()?;
        let (tree, cache) = (workspace.tree(), workspace.cache());
        for folder in [tree, workspace.home(), workspace.temporary(), workspace.kept(), cache] {
            std::fs::create_dir_all(folder)?;
        }
        Ok(workspace)
    }

    /// The source.
    pub(super) fn tree(&self) -> PathBuf {
        self.root.join("tree")
    }

    /// The home folder of the build.
    pub(super) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Its folder for temporary files.
    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Where the artefact is put together; no command may write here.
    pub(super) fn kept(&self) -> PathBuf {
        self.root.join("kept")
    }

    /// What stays between builds.
    pub(super) fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// What a command may write in beside the tree.
    pub(super) fn writable(&self) -> Vec<PathBuf> {
        vec![self.home(), self.temporary(), self.cache()]
    }

    fn clear(&self) -> std::io::Result<()> {
        let beside = self.tree().with_extension("tmp");
        for folder in [self.tree(), beside, self.home(), self.temporary(), self.kept()] {
            remove(&folder)?;
        }
        Ok(())
    }

    fn close(&self) -> std::io::Result<()> {
        if self.lock.is_none() {
            return remove(&self.root);
        }
        self.clear()?;
        if disk_use(&self.cache(), self.cache_bytes) > self.cache_bytes {
            remove(&self.cache())?;
        }
        Ok(())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, folder = %self.root.display(), "a workspace could not be cleared");
        }
    }
}

/// Removes a folder, also one whose content was made read-only.
fn remove(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::remove_dir_all(folder) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(_) => {}
    }
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        // What can't be changed shows in the second attempt below.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).ok();
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        open.extend(
            entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()),
        );
    }
    std::fs::remove_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_stays_the_tree_goes_and_a_second_build_gets_its_own_place() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a b");
        let first = Workspace::open(&root, 1 << 20).unwrap();
        std::fs::write(first.tree().join("source"), "x").unwrap();
        std::fs::write(first.cache().join("object"), "x").unwrap();
        let second = Workspace::open(&root, 1 << 20).unwrap();
        assert_ne!(first.tree(), second.tree());
        assert!(!second.cache().join("object").exists());
        let extra = second.root.clone();
        drop(second);
        assert!(!extra.exists());
        drop(first);
        let third = Workspace::open(&root, 0).unwrap();
        assert!(third.cache().join("object").exists());
        assert!(!third.tree().join("source").exists());
        drop(third);
        assert!(!root.join("cache").exists(), "a cache over its bound goes");
    }
}
