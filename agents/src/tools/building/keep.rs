//! Turns what a build left into the artefact.
//!
//! The tree and the cache were written by the build and are not trusted: everything here moves real
//! files out of real folders, and nothing is read, written or removed through a link.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::plan::{ASSETS, Artefact, BuildPlan, Start};
use super::work::BuildError;
use super::workspace::Workspace;
use crate::tools::archive::{ArchiveError, Bounds, Packed, pack};

/// Folders in which builds usually leave executables.
const USUAL: [&str; 6] = ["", "bin", "build", "dist", "out", "target/release"];

/// What was kept.
pub(super) struct Kept {
    pub(super) tool: &'static str,
    pub(super) packed: Packed,
    pub(super) start: Vec<String>,
    pub(super) search_paths: Vec<(String, String)>,
}

/// Removes executables of an earlier build, so that only those of this one are found.
///
/// Cargo links them anew from its own folders, which stay.
pub(super) fn clear_executables(cache: &Path) {
    let release = cache.join("cargo-target").join("release");
    if is_real(cache, "cargo-target/release") {
        for name in executables(&release) {
            // What stays is found again below and kept once more; the build itself overwrites it.
            std::fs::remove_file(release.join(name)).ok();
        }
    }
}

/// Packs the artefact and says how it starts.
pub(super) fn keep(
    directory: &Path,
    workspace: &Workspace,
    plan: &BuildPlan,
    chosen: &[String],
    into: &Path,
    bounds: Bounds,
) -> Result<Kept, BuildError> {
    let packed =
        |folder: &Path, paths: &[String]| pack(folder, paths, into, bounds).map_err(BuildError::Artefact);
    let (root, packed) = match &plan.artefact {
        _ if !chosen.is_empty() => (directory.to_path_buf(), packed(directory, chosen)?),
        Artefact::Tree { without } => {
            let paths = names(directory).into_iter().filter(|name| !without.contains(&name.as_str()));
            let paths: Vec<String> = paths.filter(|name| name != ".git").collect();
            (directory.to_path_buf(), packed(directory, &paths)?)
        }
        Artefact::CargoExecutables => {
            let found = workspace.cache().join("cargo-target/release");
            let found = is_real(&workspace.cache(), "cargo-target/release").then_some(found);
            let kept = gather(directory, found, &workspace.kept(), "target/release")?;
            let packed = packed(&kept, &[".".to_owned()])?;
            (kept, packed)
        }
        Artefact::Executables { folder } => {
            let found = is_real(directory, folder).then(|| directory.join(folder));
            let kept = gather(directory, found, &workspace.kept(), "")?;
            let packed = packed(&kept, &[".".to_owned()])?;
            (kept, packed)
        }
    };
    let is_kept = |(_, folder): &&(&str, &str)| is_real(&root, folder);
    let search_paths = plan.search_paths.iter().filter(is_kept);
    Ok(Kept {
        tool: plan.tool,
        packed,
        start: start(&plan.start, &root),
        search_paths: search_paths.map(|(name, folder)| ((*name).to_owned(), (*folder).to_owned())).collect(),
    })
}

/// Moves executables and assets into a folder of ours, which becomes the artefact.
fn gather(directory: &Path, found: Option<PathBuf>, kept: &Path, place: &str) -> Result<PathBuf, BuildError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| BuildError::Artefact(ArchiveError::Io { path, source })
    };
    let programs = found.as_deref().map(executables).unwrap_or_default();
    let Some(found) = found.filter(|_| !programs.is_empty()) else {
        return Err(BuildError::NoArtefact(
            "there is no executable; is there a program in it, or only a library".to_owned(),
        ));
    };
    let target = kept.join(place);
    std::fs::create_dir_all(&target).map_err(io(&target))?;
    for name in &programs {
        std::fs::rename(found.join(name), target.join(name)).map_err(io(&found.join(name)))?;
    }
    for name in ASSETS {
        let asset = directory.join(name);
        if std::fs::symlink_metadata(&asset).is_ok() && !kept.join(name).exists() {
            std::fs::rename(&asset, kept.join(name)).map_err(io(&asset))?;
        }
    }
    Ok(kept.to_path_buf())
}

/// The command that starts it, or nothing.
fn start(start: &Start, root: &Path) -> Vec<String> {
    match start {
        Start::Command(command) => command.clone(),
        Start::Unknown => Vec::new(),
        Start::Executable { preferred } => {
            let real = USUAL.into_iter().filter(|folder| is_real(root, folder));
            let programs: Vec<(&str, String)> = real
                .flat_map(|folder| {
                    executables(&root.join(folder)).into_iter().map(move |name| (folder, name))
                })
                .filter(|(folder, name)| is_program(&root.join(folder).join(name)))
                .collect();
            let chosen = match programs.as_slice() {
                [only] => Some(only),
                several => several.iter().find(|(_, name)| Some(name) == preferred.as_ref()),
            };
            let command = chosen.map(|(folder, name)| match *folder {
                "" => format!("./{name}"),
                folder => format!("./{folder}/{name}"),
            });
            command.into_iter().collect()
        }
    }
}

/// An ELF or Mach-O program, or a script: what the system itself can start (and no shared library).
fn is_program(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let starts = head == *b"\x7fELF" || head.starts_with(b"#!") || head == [0xcf, 0xfa, 0xed, 0xfe];
    let is_library = path.extension().is_some_and(|end| end == "so" || end == "dylib");
    read.is_ok() && starts && !is_library
}

/// Whether `path` below `root` is a folder and no part of it is a link.
fn is_real(root: &Path, path: &str) -> bool {
    let mut at = root.to_path_buf();
    path.split('/').filter(|part| !part.is_empty()).all(|part| {
        at.push(part);
        std::fs::symlink_metadata(&at).is_ok_and(|found| found.is_dir())
    })
}

/// Names of the regular files in a folder that may be executed, sorted.
fn executables(folder: &Path) -> BTreeSet<String> {
    let is_executable = |name: &String| {
        std::fs::symlink_metadata(folder.join(name))
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    names(folder).into_iter().filter(is_executable).collect()
}

/// Names in a folder that are text, sorted.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
