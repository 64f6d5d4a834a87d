//! Which names and which links stay inside a folder (pure).

use std::path::{Component, Path};

use super::ArchiveError;

/// Longest path in an archive, in bytes; Linux takes 4096 with the folder before it.
const LONGEST: usize = 1024;

/// A path inside a folder in its plain form: parts joined by `/`, no `.`, no `..`, not absolute.
///
/// # Errors
/// [`ArchiveError::Path`] for every other path, for one that is no UTF-8, and for the empty one.
pub fn relative(path: &Path) -> Result<String, ArchiveError> {
    let refused = || ArchiveError::Path(path.to_string_lossy().chars().take(200).collect());
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(refused)?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(refused()),
        }
    }
    let plain = parts.join("/");
    let fits = !plain.is_empty() && plain.len() <= LONGEST && !plain.contains('\0');
    if fits { Ok(plain) } else { Err(refused()) }
}

/// Whether a symbolic link at `link` (a plain path) to `target` stays inside.
///
/// `..` may stand only at the beginning: there it climbs real folders, which can be counted. After a
/// name it could climb out of wherever another link leads, so that is refused.
pub(super) fn stays_inside(link: &str, target: &Path) -> Result<(), ArchiveError> {
    let leaving = || ArchiveError::Leaving {
        link: link.to_owned(),
        target: target.to_string_lossy().chars().take(200).collect(),
    };
    let mut height = link.split('/').count() - 1;
    let mut named = false;
    for component in target.components() {
        match component {
            Component::Normal(_) => named = true,
            Component::CurDir => {}
            Component::ParentDir if named => return Err(leaving()),
            Component::ParentDir => height = height.checked_sub(1).ok_or_else(leaving)?,
            Component::RootDir | Component::Prefix(_) => return Err(leaving()),
        }
    }
    let fits = !target.as_os_str().is_empty() && target.as_os_str().len() <= LONGEST;
    if fits { Ok(()) } else { Err(leaving()) }
}
