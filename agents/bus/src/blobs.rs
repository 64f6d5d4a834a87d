//! Big things, kept by digest: `DIR/blobs/ab/cdef…`, named by the SHA-256 of what they hold.
//!
//! A blob becomes visible by a rename after its bytes reached the disk, so what has a name is whole. The calls
//! block; callers inside the runtime use a blocking thread.

use fail::fail_point;
use orchestra_events::Digest;
use orchestra_events::ids::hex;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest blob that [`Blobs::get`] reads into memory, in bytes; larger ones are opened by path.
pub const READ_LIMIT: u64 = 64 * 1024 * 1024;

/// What keeping or reading a blob can come to instead.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk is full; nothing was left behind.
    #[error("the disk that holds `{0}` is full; free some space and try again")]
    Full(PathBuf),
    /// Nothing is kept under this digest.
    #[error("there is no blob `{0}`")]
    Missing(Digest),
    /// The text is not a digest.
    #[error("`{0}` is not a digest; digests look like sha256: and 64 hexadecimal digits")]
    NotADigest(String),
    /// What is kept is not what its name says.
    #[error("blob `{digest}` is damaged: its bytes have the digest `{found}`")]
    Damaged {
        /// The digest that was asked for.
        digest: Digest,
        /// The digest of the bytes that are there.
        found: Digest,
    },
    /// Larger than [`READ_LIMIT`].
    #[error("blob `{digest}` has {bytes} bytes, the limit for reading at once is {READ_LIMIT}")]
    TooLarge {
        /// The digest.
        digest: Digest,
        /// Its size in bytes.
        bytes: u64,
    },
    /// Anything else that the file system said.
    #[error("`{path}`: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was said.
        #[source]
        error: io::Error,
    },
}

fn say(path: &Path, error: io::Error) -> BlobError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full(path.to_owned()),
        _ => BlobError::Io { path: path.to_owned(), error },
    }
}

/// A folder of blobs.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: PathBuf,
}

impl Blobs {
    /// The blobs in `DIR/blobs`; creates the folder.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn open(dir: &Path) -> Result<Self, BlobError> {
        let root = dir.join("blobs");
        let incoming = root.join("incoming");
        fs::create_dir_all(&incoming).map_err(|error| say(&incoming, error))?;
        Ok(Self { root })
    }

    /// Keeps the bytes and returns their digest once they are durable. The same bytes are kept once.
    ///
    /// # Errors
    /// `Full`, or what the file system says; nothing is left behind then.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        self.keep(&mut io::Cursor::new(bytes), Path::new("the bytes"))
    }

    /// Keeps a copy of a file, as [`Blobs::put`] does; the file is read in pieces and may be of any size.
    ///
    /// # Errors
    /// As [`Blobs::put`], and when the file cannot be read.
    pub fn put_file(&self, path: &Path) -> Result<Digest, BlobError> {
        let mut file = File::open(path).map_err(|error| say(path, error))?;
        self.keep(&mut file, path)
    }

    /// The bytes of a blob, compared with its digest.
    ///
    /// # Errors
    /// `Missing`, `Damaged`, `TooLarge` beyond [`READ_LIMIT`], `NotADigest`.
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let path = self.path(digest)?;
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BlobError::Missing(digest.clone()));
            }
            opened => opened.map_err(|error| say(&path, error))?,
        };
        let size = file.metadata().map_err(|error| say(&path, error))?.len();
        if size > READ_LIMIT {
            return Err(BlobError::TooLarge { digest: digest.clone(), bytes: size });
        }
        let mut bytes = Vec::new();
        file.take(READ_LIMIT).read_to_end(&mut bytes).map_err(|error| say(&path, error))?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(BlobError::Damaged { digest: digest.clone(), found });
        }
        Ok(bytes)
    }

    /// Where a blob is or would be.
    ///
    /// # Errors
    /// `NotADigest`.
    pub fn path(&self, digest: &Digest) -> Result<PathBuf, BlobError> {
        let text = digest.hexadecimal().ok_or_else(|| {
            let shown: String = digest.0.chars().take(80).collect();
            BlobError::NotADigest(shown)
        })?;
        let (folder, name) = text.split_at(2);
        Ok(self.root.join(folder).join(name))
    }

    /// Whether something is kept under this digest; a text that is not a digest names nothing.
    pub fn exists(&self, digest: &Digest) -> bool {
        self.path(digest).is_ok_and(|path| path.is_file())
    }

    /// Deletes what unfinished writes of processes that are gone left behind; returns how many. For the process
    /// that holds the folder, when it starts.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sweep(&self) -> Result<usize, BlobError> {
        let incoming = self.root.join("incoming");
        let mut gone = 0;
        for entry in fs::read_dir(&incoming).map_err(|error| say(&incoming, error))? {
            let path = entry.map_err(|error| say(&incoming, error))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let ours = name.starts_with(&format!("{}-", std::process::id()));
            if !ours && fs::remove_file(&path).is_ok() {
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// Copies into a file of its own name, flushes it, gives it its name, flushes the name.
    fn keep(&self, source: &mut dyn Read, source_path: &Path) -> Result<Digest, BlobError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = self.root.join("incoming").join(format!("{}-{number}", std::process::id()));
        let kept = self.copy(source, source_path, &temporary).and_then(|digest| {
            self.name(&temporary, &digest)?;
            Ok(digest)
        });
        // After the rename there is nothing to remove; after any failure nothing must stay.
        if let Err(error) = fs::remove_file(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %temporary.display(), "could not remove an unfinished blob");
        }
        kept
    }

    fn copy(&self, source: &mut dyn Read, source_path: &Path, temporary: &Path) -> Result<Digest, BlobError> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(temporary)
            .map_err(|error| say(temporary, error))?;
        let mut hasher = Sha256::new();
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = match source.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| say(source_path, error))?,
            };
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
            file.write_all(&piece[..read]).map_err(|error| say(temporary, error))?;
        }
        file.sync_all().map_err(|error| say(temporary, error))?;
        Ok(Digest(format!("sha256:{}", hex(&hasher.finalize()))))
    }

    fn name(&self, temporary: &Path, digest: &Digest) -> Result<(), BlobError> {
        let path = self.path(digest)?;
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|error| say(folder, error))?;
        fail_point!("blob.before-rename");
        // Also when the blob is there: the bytes are the same, or those that were there are damaged.
        fs::rename(temporary, &path).map_err(|error| say(&path, error))?;
        fail_point!("blob.after-rename");
        for flushed in [folder, self.root.as_path()] {
            File::open(flushed).and_then(|folder| folder.sync_all()).map_err(|error| say(flushed, error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "blobs_tests.rs"]
mod tests;
