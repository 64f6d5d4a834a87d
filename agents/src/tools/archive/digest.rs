//! The digest of bytes while they pass, as `sha256:` and 64 hexadecimal digits.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::ArchiveError;

/// A writer that hands everything on and remembers its digest.
pub(super) struct Digesting<W> {
    inner: W,
    hasher: Sha256,
    written: u64,
}

impl<W: Write> Digesting<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), written: 0 }
    }

    /// The digest and the number of bytes.
    pub(super) fn finish(mut self) -> io::Result<(String, u64)> {
        self.inner.flush()?;
        Ok((named(self.hasher), self.written))
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn named(hasher: Sha256) -> String {
    hasher.finalize().iter().fold(String::from("sha256:"), |mut text, byte| {
        // Writing to a string can't fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// The digest of a file's bytes.
///
/// # Errors
/// [`ArchiveError::Io`] when it can't be read.
pub fn digest_of_file(path: &Path) -> Result<String, ArchiveError> {
    let mut file = std::fs::File::open(path).map_err(ArchiveError::io(path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer).map_err(ArchiveError::io(path))? {
            0 => return Ok(named(hasher)),
            count => hasher.update(&buffer[..count]),
        }
    }
}
