//! A folder on the data folder's disk, gone afterwards: a disk in memory would flatter every figure.

use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// A folder that is removed when it is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// A fresh folder below the data folder.
    ///
    /// # Errors
    /// When it can't be made.
    pub(super) fn below(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(format!("bench-{:016x}", rand::random::<u64>()));
        std::fs::create_dir_all(&path).with_context(|| format!("`{}` can't be made", path.display()))?;
        Ok(Self(path.canonicalize()?))
    }

    /// A fresh folder within it.
    ///
    /// # Errors
    /// When it can't be made.
    pub(super) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.0.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("`{}` can't be made", path.display()))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(dir = %self.0.display(), %error, "a scratch folder stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::below(dir.path()).unwrap();
        std::fs::write(scratch.folder("within").unwrap().join("file"), "text").unwrap();
        drop(scratch);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
