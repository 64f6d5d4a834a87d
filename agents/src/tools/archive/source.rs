//! The archive of a commit's whole tree, made with git.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::pack::{Kind, Packed, append_entry, write_whole};
use super::unpack::{Entry, for_each_entry};
use super::{ArchiveError, Bounds, Budget};
use crate::tools::building::process::{Limits, Outcome};
use crate::tools::git::{CommitId, run_git};

/// Writes the tree of `commit` in the bare repository `repository` into the archive `into`.
///
/// Git's own archive carries the commit's time and number and depends on git's version, so it is
/// written anew entry by entry; equal trees have equal digests. `export-ignore` and `export-subst`
/// of the repository are switched off: what is built is what was committed.
///
/// # Errors
/// [`ArchiveError::Git`] when git fails, and everything that [`super::unpack`] would refuse.
pub async fn source(
    repository: &Path,
    commit: &CommitId,
    into: &Path,
    bounds: Bounds,
    limits: &Limits,
    cancel: &CancellationToken,
) -> Result<Packed, ArchiveError> {
    let info = repository.join("info");
    let attributes = info.join("attributes");
    std::fs::create_dir_all(&info).map_err(ArchiveError::io(&info))?;
    std::fs::write(&attributes, "* -export-ignore -export-subst\n").map_err(ArchiveError::io(&attributes))?;
    let raw = Scratch(repository.join(format!("source-{:08x}.tar", rand::random::<u32>())));
    let output = format!("--output={}", raw.0.display());
    let arguments = ["archive", "--format=tar", &output, commit.as_str()];
    // Tar pads each file to 512 bytes and adds a header to it.
    let room = bounds.bytes.saturating_add(bounds.files.saturating_mul(2048)).saturating_add(1 << 20);
    let limits = Limits { file: room.min(limits.file), ..limits.clone() };
    let ended = run_git(Some(repository), &arguments, &limits, cancel)
        .await
        .map_err(|error| ArchiveError::Git(error.to_string()))?;
    match ended.outcome {
        Outcome::Exit(0) => {}
        Outcome::DiskLimit => return Err(ArchiveError::TooManyBytes(bounds.bytes)),
        other => return Err(ArchiveError::Git(format!("git {other}: {}", ended.output.trim()))),
    }
    let (raw_path, into) = (raw.0.clone(), into.to_path_buf());
    let written = tokio::task::spawn_blocking(move || rewrite(&raw_path, &into, bounds));
    written.await.map_err(|error| ArchiveError::Broken(error.to_string()))?
}

/// A file that goes when it is no longer needed.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been made.
        std::fs::remove_file(&self.0).ok();
    }
}

fn rewrite(raw: &Path, into: &Path, bounds: Bounds) -> Result<Packed, ArchiveError> {
    let reader = BufReader::new(File::open(raw).map_err(ArchiveError::io(raw))?);
    let mut budget = Budget::new(bounds);
    let mut files = 0;
    let (digest, bytes) = write_whole(into, |tar| {
        for_each_entry(reader, &mut budget, |name, entry| {
            files += 1;
            match entry {
                Entry::Folder => append_entry(tar, name, Kind::Folder, std::io::empty()),
                Entry::Link { target } => append_entry(tar, name, Kind::Link(&target), std::io::empty()),
                Entry::File { executable, content } => {
                    append_entry(tar, name, Kind::File { size: content.size(), executable }, content)
                }
            }
            .map_err(ArchiveError::io(into))
        })
    })?;
    Ok(Packed { digest, bytes, files, skipped: Vec::new() })
}
