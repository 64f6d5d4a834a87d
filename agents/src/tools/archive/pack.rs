//! Writes files into an archive that depends on nothing but their content.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use super::digest::Digesting;
use super::path::{relative, stays_inside};
use super::{ArchiveError, Bounds, Budget};

/// An archive that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// `sha256:` and 64 hexadecimal digits over the archive's bytes.
    pub digest: String,
    /// Size of the archive in bytes.
    pub bytes: u64,
    /// Files, folders and links in it.
    pub files: u64,
    /// Sockets and pipes that were left out, by their path.
    pub skipped: Vec<String>,
}

/// Writes `paths` of `folder` (files or whole folders; `.` is everything) into the archive `into`.
///
/// Links are kept as links. The archive appears whole or not at all.
///
/// # Errors
/// [`ArchiveError`] when a path is missing or leaves the folder, a link leads outside, a bound is
/// reached, or a file can't be read or written.
pub fn pack(folder: &Path, paths: &[String], into: &Path, bounds: Bounds) -> Result<Packed, ArchiveError> {
    let mut found = BTreeMap::new();
    let mut skipped = Vec::new();
    let mut budget = Budget::new(bounds);
    for path in paths {
        if Path::new(path).components().all(|part| part == std::path::Component::CurDir) {
            collect_folder(folder, "", &mut found, &mut skipped, &mut budget)?;
        } else {
            let name = relative(Path::new(path))?;
            real_parents(folder, &name)?;
            collect(folder, &name, &mut found, &mut skipped, &mut budget)?;
        }
    }
    skipped.sort();
    let files = found.len() as u64;
    let (digest, bytes) =
        write_whole(into, |tar| found.iter().try_for_each(|(name, entry)| append(tar, folder, name, entry)))?;
    Ok(Packed { digest, bytes, files, skipped })
}

#[derive(Debug)]
enum Found {
    Folder,
    File { size: u64, executable: bool },
    Link { target: PathBuf },
}

fn collect(
    folder: &Path,
    name: &str,
    found: &mut BTreeMap<String, Found>,
    skipped: &mut Vec<String>,
    budget: &mut Budget,
) -> Result<(), ArchiveError> {
    if found.contains_key(name) {
        return Ok(());
    }
    let path = folder.join(name);
    let about = std::fs::symlink_metadata(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ArchiveError::Missing(name.to_owned()),
        _ => ArchiveError::Io { path: path.clone(), source: error },
    })?;
    if about.is_dir() {
        budget.take(name, 0)?;
        found.insert(name.to_owned(), Found::Folder);
        return collect_folder(folder, name, found, skipped, budget);
    }
    if about.is_symlink() {
        budget.take(name, 0)?;
        let target = std::fs::read_link(&path).map_err(ArchiveError::io(&path))?;
        stays_inside(name, &target)?;
        found.insert(name.to_owned(), Found::Link { target });
    } else if about.is_file() {
        budget.take(name, about.len())?;
        let executable = about.permissions().mode() & 0o111 != 0;
        found.insert(name.to_owned(), Found::File { size: about.len(), executable });
    } else {
        skipped.push(name.to_owned());
    }
    Ok(())
}

fn collect_folder(
    folder: &Path,
    name: &str,
    found: &mut BTreeMap<String, Found>,
    skipped: &mut Vec<String>,
    budget: &mut Budget,
) -> Result<(), ArchiveError> {
    let path = folder.join(name);
    for entry in std::fs::read_dir(&path).map_err(ArchiveError::io(&path))? {
        let entry = entry.map_err(ArchiveError::io(&path))?;
        collect(folder, &relative(&Path::new(name).join(entry.file_name()))?, found, skipped, budget)?;
    }
    Ok(())
}

/// Refuses a path that leads through a link: it could leave the folder.
fn real_parents(folder: &Path, name: &str) -> Result<(), ArchiveError> {
    for (end, _) in name.match_indices('/') {
        let parent = folder.join(&name[..end]);
        if std::fs::symlink_metadata(&parent).is_ok_and(|found| found.is_symlink()) {
            let target = std::fs::read_link(&parent).unwrap_or_default().to_string_lossy().into_owned();
            return Err(ArchiveError::Leaving { link: name[..end].to_owned(), target });
        }
    }
    Ok(())
}

fn append<W: Write>(
    tar: &mut Builder<W>,
    folder: &Path,
    name: &str,
    entry: &Found,
) -> Result<(), ArchiveError> {
    let path = folder.join(name);
    match entry {
        Found::Folder => append_entry(tar, name, Kind::Folder, std::io::empty()),
        Found::Link { target } => append_entry(tar, name, Kind::Link(target), std::io::empty()),
        Found::File { size, executable } => {
            let file = File::open(&path).map_err(ArchiveError::io(&path))?;
            let kind = Kind::File { size: *size, executable: *executable };
            // A file that grew since it was measured is cut; the header's size has to stay true.
            append_entry(tar, name, kind, file.take(*size))
        }
    }
    .map_err(ArchiveError::io(path))
}

/// What an entry is, in the only variants that an archive of ours has.
pub(super) enum Kind<'a> {
    Folder,
    File { size: u64, executable: bool },
    Link(&'a Path),
}

/// Appends one entry with nothing in its header but name, kind, size and whether it may be executed.
pub(super) fn append_entry<W: Write>(
    tar: &mut Builder<W>,
    name: &str,
    kind: Kind<'_>,
    content: impl Read,
) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    match kind {
        Kind::Folder => {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            tar.append_data(&mut header, format!("{name}/"), content)
        }
        Kind::Link(target) => {
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            tar.append_link(&mut header, name, target)
        }
        Kind::File { size, executable } => {
            header.set_entry_type(EntryType::Regular);
            header.set_mode(if executable { 0o755 } else { 0o644 });
            header.set_size(size);
            tar.append_data(&mut header, name, content)
        }
    }
}

/// Writes an archive beside `into` and moves it there when it is whole and on the disk.
pub(super) fn write_whole(
    into: &Path,
    fill: impl FnOnce(&mut Builder<Digesting<BufWriter<&File>>>) -> Result<(), ArchiveError>,
) -> Result<(String, u64), ArchiveError> {
    let mut name = into.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}-{:08x}.part", std::process::id(), rand::random::<u32>()));
    let part = into.with_file_name(name);
    let written = (|| {
        let file =
            File::options().write(true).create_new(true).open(&part).map_err(ArchiveError::io(&part))?;
        let mut tar = Builder::new(Digesting::new(BufWriter::with_capacity(1 << 16, &file)));
        fill(&mut tar)?;
        let writer = tar.into_inner().map_err(ArchiveError::io(&part))?;
        let result = writer.finish().map_err(ArchiveError::io(&part))?;
        file.sync_all().map_err(ArchiveError::io(&part))?;
        std::fs::rename(&part, into).map_err(ArchiveError::io(into))?;
        Ok(result)
    })();
    if written.is_err() {
        // The first error is the one to tell; a leftover has a name that nothing reads.
        std::fs::remove_file(&part).ok();
    }
    written
}
