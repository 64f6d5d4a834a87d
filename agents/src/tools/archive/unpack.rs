//! Lays an archive out in an empty folder, trusting nothing that it says.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{BufReader, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tar::{Archive, EntryType};

use super::path::{relative, stays_inside};
use super::{ArchiveError, Bounds, Budget};

/// What was laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpacked {
    /// Bytes of all files.
    pub bytes: u64,
    /// Files, folders and links.
    pub files: u64,
}

/// Unpacks the archive file `archive` into the folder `into`, which is made, or empty.
///
/// Links are made last, so that nothing is ever written through one. What was laid out before an
/// error stays, for the caller to throw away with the folder.
///
/// # Errors
/// [`ArchiveError`] for a path or link that leaves the folder, a kind that isn't taken, a reached
/// bound, a broken archive, or when a file can't be written.
pub fn unpack(archive: &Path, into: &Path, bounds: Bounds) -> Result<Unpacked, ArchiveError> {
    let file = File::open(archive).map_err(ArchiveError::io(archive))?;
    std::fs::create_dir_all(into).map_err(ArchiveError::io(into))?;
    if std::fs::read_dir(into).map_err(ArchiveError::io(into))?.next().is_some() {
        return Err(ArchiveError::NotEmpty(into.to_path_buf()));
    }
    let mut budget = Budget::new(bounds);
    let mut links = Vec::new();
    for_each_entry(BufReader::new(file), &mut budget, |name, entry| {
        match entry {
            Entry::Folder => make_folders(into, &into.join(name))?,
            Entry::File { executable, content } => write_file(into, name, executable, content)?,
            Entry::Link { target } => links.push((name.to_owned(), target)),
        }
        Ok(())
    })?;
    for (name, target) in links {
        let path = into.join(&name);
        make_folders(into, path.parent().unwrap_or(into))?;
        symlink(&target, &path).map_err(|error| twice_or_io(error, &name, &path))?;
    }
    Ok(Unpacked { bytes: budget.bytes, files: budget.files })
}

/// One entry that is known to be harmless.
pub(super) enum Entry<'a> {
    Folder,
    File { executable: bool, content: &'a mut dyn ReadSized },
    Link { target: PathBuf },
}

/// Content with the size that its header promised.
pub(super) trait ReadSized: Read {
    fn size(&self) -> u64;
}

impl<R: Read> ReadSized for tar::Entry<'_, R> {
    fn size(&self) -> u64 {
        tar::Entry::size(self)
    }
}

/// Reads an archive entry by entry, refusing what [`unpack`] refuses; comments of git are skipped.
pub(super) fn for_each_entry(
    reader: impl Read,
    budget: &mut Budget,
    mut each: impl FnMut(&str, Entry<'_>) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let broken = |error: std::io::Error| ArchiveError::Broken(error.to_string());
    let mut archive = Archive::new(reader);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            budget.take("", 0)?;
            continue;
        }
        let path = entry.path().map_err(broken)?.into_owned();
        // Some writers begin with the folder itself.
        if kind == EntryType::Directory && path.components().all(|part| part == std::path::Component::CurDir)
        {
            continue;
        }
        let name = relative(&path)?;
        budget.take(&name, entry.size())?;
        match kind {
            EntryType::Directory => each(&name, Entry::Folder)?,
            EntryType::Regular => {
                let executable = entry.header().mode().map_err(broken)? & 0o111 != 0;
                each(&name, Entry::File { executable, content: &mut entry })?;
            }
            EntryType::Symlink => {
                let target = entry.link_name().map_err(broken)?.unwrap_or_default().into_owned();
                stays_inside(&name, &target)?;
                each(&name, Entry::Link { target })?;
            }
            other => return Err(ArchiveError::Kind { path: name, kind: kind_name(other).to_owned() }),
        }
    }
    Ok(())
}

fn kind_name(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Link => "hard link",
        EntryType::Char | EntryType::Block => "device",
        EntryType::Fifo => "pipe",
        EntryType::GNUSparse => "sparse file",
        _ => "special entry",
    }
}

/// Makes a folder and those above it, up to `root`; none of them may be anything but a folder.
fn make_folders(root: &Path, folder: &Path) -> Result<(), ArchiveError> {
    if folder == root {
        return Ok(());
    }
    match std::fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(ArchiveError::Twice(shown(root, folder))),
        Err(_) => {
            make_folders(root, folder.parent().unwrap_or(root))?;
            DirBuilder::new().create(folder).map_err(ArchiveError::io(folder))
        }
    }
}

fn write_file(
    root: &Path,
    name: &str,
    executable: bool,
    content: &mut dyn ReadSized,
) -> Result<(), ArchiveError> {
    let path = root.join(name);
    make_folders(root, path.parent().unwrap_or(root))?;
    let mode = if executable { 0o755 } else { 0o644 };
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&path)
        .map_err(|error| twice_or_io(error, name, &path))?;
    let size = content.size();
    let copied = std::io::copy(content, &mut file).map_err(ArchiveError::io(&path))?;
    if copied != size {
        return Err(ArchiveError::Broken(format!("`{name}` ends after {copied} of {size} bytes")));
    }
    file.set_permissions(Permissions::from_mode(mode)).map_err(ArchiveError::io(&path))
}

fn twice_or_io(error: std::io::Error, name: &str, path: &Path) -> ArchiveError {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => ArchiveError::Twice(name.to_owned()),
        _ => ArchiveError::Io { path: path.to_path_buf(), source: error },
    }
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}
