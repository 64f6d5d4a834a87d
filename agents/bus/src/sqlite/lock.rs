//! The lock that makes this process the only one on the folder.
//!
//! It is an advisory lock on an open file (`flock(2)`), so the kernel drops it when the process dies, however
//! it dies. The number in the file is for people: it says whom to look for.

use crate::store::StoreError;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Takes the folder's lock, or says who has it. The lock lasts as long as the file that is returned.
pub(super) fn take(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let unreadable = |why: std::io::Error| StoreError::Unreadable {
        path: path.display().to_string(),
        why: why.to_string(),
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(unreadable)?;
    if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(unreadable(error.into()));
        }
        let mut holder = String::new();
        let readable = (&mut file).take(32).read_to_string(&mut holder).is_ok();
        let pid = if readable { holder.trim().parse().unwrap_or(0) } else { 0 };
        return Err(StoreError::Held { dir: dir.display().to_string(), pid });
    }
    // A full disk must not keep the folder from being opened: the number is a courtesy.
    let written = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)).map(|_| ()))
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    if let Err(error) = written {
        tracing::warn!(%error, path = %path.display(), "could not write the process id into the lock");
    }
    Ok(file)
}
