//! Trees of files as one archive with a digest: sources at a commit, and what a build left.
//!
//! The same content gives the same bytes and so the same digest, on every machine and at any time:
//! entries are sorted, times and owners are zero, and a file's mode is 0644 or 0755.
//! Unpacking trusts nothing: no path and no link may leave the folder, and everything is counted.
//!
//! # Layout
//! - [`pack`] writes a folder, or some paths of it, into an archive.
//! - [`unpack`] lays an archive out again.
//! - [`source`] makes the archive of a commit with git.
//! - `digest` computes `sha256:` while bytes pass, `path` judges names.

mod digest;
mod pack;
mod path;
mod source;
mod unpack;

use std::path::PathBuf;

pub use digest::digest_of_file;
pub use pack::{Packed, pack};
pub use path::relative;
pub use source::source;
pub use unpack::{Unpacked, unpack};

/// How much an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Files, folders and links together.
    pub files: u64,
    /// Folders above a file.
    pub depth: usize,
}

impl Default for Bounds {
    /// One GiB in 200,000 entries, 64 folders deep.
    fn default() -> Self {
        Self { bytes: 1 << 30, files: 200_000, depth: 64 }
    }
}

/// Why an archive was not made or not laid out.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A path that is absolute, has `..` in it, is empty or is no text.
    #[error("`{0}` is not a path inside the folder")]
    Path(String),
    /// A link to outside of the folder.
    #[error("the link `{link}` leads outside, to `{target}`")]
    Leaving {
        /// Where the link is.
        link: String,
        /// What it points to.
        target: String,
    },
    /// A device, a pipe, a hard link or another kind that a tree of files doesn't need.
    #[error("`{path}` is a {kind}, only files, folders and symbolic links are taken")]
    Kind {
        /// Where it is.
        path: String,
        /// What it is.
        kind: String,
    },
    /// The same path twice, or a file where a folder is needed.
    #[error("`{0}` is in the archive twice")]
    Twice(String),
    /// A path that was asked for is not there.
    #[error("`{0}` is not there")]
    Missing(String),
    /// More bytes than allowed.
    #[error("it holds more than {0} bytes")]
    TooManyBytes(u64),
    /// More entries than allowed.
    #[error("it holds more than {0} files and folders")]
    TooManyFiles(u64),
    /// Nested deeper than allowed.
    #[error("`{path}` is nested deeper than {depth} folders")]
    TooDeep {
        /// Where it is.
        path: String,
        /// The bound.
        depth: usize,
    },
    /// The folder to unpack into has something in it.
    #[error("the folder `{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// It is no archive, or it ends too early.
    #[error("the archive can't be read: {0}")]
    Broken(String),
    /// Git could not write the source archive.
    #[error("git could not write the archive: {0}")]
    Git(String),
    /// A file could not be read or written.
    #[error("`{}` can't be read or written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ArchiveError {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// Counts down from [`Bounds`].
#[derive(Debug)]
struct Budget {
    bounds: Bounds,
    bytes: u64,
    files: u64,
}

impl Budget {
    fn new(bounds: Bounds) -> Self {
        Self { bounds, bytes: 0, files: 0 }
    }

    /// Takes one entry of this size from what is left.
    fn take(&mut self, path: &str, bytes: u64) -> Result<(), ArchiveError> {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.files > self.bounds.files {
            return Err(ArchiveError::TooManyFiles(self.bounds.files));
        }
        if self.bytes > self.bounds.bytes {
            return Err(ArchiveError::TooManyBytes(self.bounds.bytes));
        }
        if path.split('/').count() > self.bounds.depth + 1 {
            return Err(ArchiveError::TooDeep { path: path.to_owned(), depth: self.bounds.depth });
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
