//! Reads a folder file by file into a scanner.

use super::finding::Scan;
use super::scanner::{Limits, Scanner};
use std::io::{self, Read};
use std::path::Path;

/// Folders that hold what others wrote or what a build made.
const NOT_OURS: [&str; 8] =
    [".git", "node_modules", "target", ".venv", "venv", "__pycache__", ".tox", ".terraform"];
/// Deepest folder.
const MAX_DEPTH: usize = 40;

/// Analyses every regular file below `root`, in the order of names; symbolic links are not followed.
///
/// `vendor` is read: people commit it. `node_modules`, `target` and the like are not.
///
/// # Errors
///
/// What the file system says of `root` itself; below it, what cannot be read becomes a note.
pub fn scan_folder(root: &Path, limits: Limits) -> io::Result<Scan> {
    let mut scanner = Scanner::new(limits);
    let mut left = limits.files.saturating_mul(2);
    visit(root, "", 0, &mut left, limits, &mut scanner)?;
    Ok(scanner.finish())
}

fn visit(
    folder: &Path,
    prefix: &str,
    depth: usize,
    left: &mut usize,
    limits: Limits,
    scanner: &mut Scanner,
) -> io::Result<()> {
    let mut entries: Vec<std::fs::DirEntry> =
        std::fs::read_dir(folder)?.take(*left + 1).collect::<io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if *left == 0 {
            scanner.skipped_other(&path, "the tree has too many entries");
            return Ok(());
        }
        *left -= 1;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if NOT_OURS.contains(&name.as_str()) {
                continue;
            }
            if depth >= MAX_DEPTH {
                scanner.skipped_other(&path, "it nests too deeply");
            } else if let Err(error) = visit(&entry.path(), &path, depth + 1, left, limits, scanner) {
                scanner.skipped_other(&path, &error.to_string());
            }
        } else if kind.is_file() {
            let size = entry.metadata()?.len();
            if size > limits.file_bytes as u64 {
                scanner.skipped_large(&path, size);
                continue;
            }
            match read(&entry.path(), limits.file_bytes as u64) {
                Ok(bytes) => scanner.file(&path, &bytes),
                Err(error) => scanner.skipped_other(&path, &error.to_string()),
            }
        }
    }
    Ok(())
}

fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
