//! Files that are whole or not there, and the socket's path, which may be too long for the kernel.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Name of the socket in a shim's folder.
pub(crate) const SOCKET: &str = "shim.sock";

/// A path in `sockaddr_un` has 108 bytes, its ending zero included.
const SOCKET_PATH_LIMIT: usize = 107;

/// Makes the folder, its parents included, for nobody but its owner.
///
/// # Errors
/// When it can't be made or its mode can't be set.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

/// Replaces a file so that a crash leaves the old or the new one, and the new one is on the disk when this returns.
///
/// # Errors
/// When the folder can't be written or is full; the old file is then untouched.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}

/// A way to name the socket in a folder that the kernel accepts.
#[derive(Debug)]
pub(crate) struct SocketPath {
    path: PathBuf,
    /// Held open while `path` goes through `/proc/self/fd`.
    _folder: Option<File>,
}

impl SocketPath {
    /// Names the socket of the folder, by way of an open descriptor when its path is too long.
    ///
    /// # Errors
    /// When the path is too long and the folder can't be opened.
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        let path = folder.join(SOCKET);
        if path.as_os_str().len() <= SOCKET_PATH_LIMIT {
            return Ok(Self { path, _folder: None });
        }
        let opened = File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", opened.as_raw_fd()));
        Ok(Self { path, _folder: Some(opened) })
    }

    /// The path to bind or connect to, good while this value lives.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
