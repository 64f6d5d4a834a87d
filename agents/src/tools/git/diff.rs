//! How two commits differ, in two lines.

use std::collections::BTreeMap;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::{CommitId, GitError, run_git};
use crate::tools::building::process::{Limits, Outcome};

/// The size of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffStat {
    /// Files that were added, changed or removed.
    pub files: u64,
    /// Lines added; a binary file counts none.
    pub insertions: u64,
    /// Lines removed; a binary file counts none.
    pub deletions: u64,
    /// The places that changed most, the most first, at most three: a top folder or a file at the top.
    pub places: Vec<String>,
}

impl std::fmt::Display for DiffStat {
    /// Two lines (one when nothing changed): how much, and mostly where.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.files == 0 {
            return f.write_str("nothing changed");
        }
        let s = if self.files == 1 { "" } else { "s" };
        write!(
            f,
            "{} file{s} changed, {} lines added, {} removed",
            self.files, self.insertions, self.deletions
        )?;
        write!(f, "\nmostly in {}", self.places.join(", "))
    }
}

/// Compares two commits of a bare repository.
///
/// # Errors
/// [`GitError::NoCommit`] when one was not fetched, else what [`run_git`] says.
pub async fn diff_stat(
    repository: &Path,
    from: &CommitId,
    to: &CommitId,
    limits: &Limits,
    cancel: &CancellationToken,
) -> Result<DiffStat, GitError> {
    for commit in [from, to] {
        let object = format!("{commit}^{{commit}}");
        let asked = run_git(Some(repository), &["cat-file", "-e", &object], limits, cancel).await?;
        if !asked.outcome.is_success() {
            return Err(GitError::NoCommit(commit.to_string()));
        }
    }
    let arguments = ["diff-tree", "-r", "-z", "--numstat", "--no-ext-diff", "--no-textconv", "--no-renames"];
    let mut arguments = arguments.to_vec();
    arguments.extend([from.as_str(), to.as_str(), "--"]);
    let ended = run_git(Some(repository), &arguments, limits, cancel).await?;
    match ended.outcome {
        Outcome::Exit(0) => Ok(parse(&ended.output)),
        Outcome::Exit(_) => Err(GitError::Failed(super::names::short(&ended.output))),
        broken => Err(GitError::Bound(broken)),
    }
}

/// Reads `--numstat -z`: added, tab, removed, tab, path, NUL; `-` for binary files.
fn parse(text: &str) -> DiffStat {
    let mut stat = DiffStat::default();
    let mut places: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in text.split('\0') {
        let mut fields = entry.splitn(3, '\t');
        let (Some(added), Some(removed), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let [added, removed] = [added, removed].map(|number| number.parse::<u64>().unwrap_or(0));
        stat.files += 1;
        stat.insertions += added;
        stat.deletions += removed;
        let place = path.find('/').map_or(path, |slash| &path[..=slash]);
        *places.entry(place).or_default() += added + removed + 1;
    }
    let mut places: Vec<(&str, u64)> = places.into_iter().collect();
    places.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    stat.places = places.into_iter().take(3).map(|(place, _)| super::names::short(place)).collect();
    stat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_two_lines() {
        let text = "3\t1\tsrc/main.rs\0-\t-\tlogo.png\x0010\t0\tsrc/a\tb.rs\0";
        let stat = parse(text);
        assert_eq!(stat.to_string(), "3 files changed, 13 lines added, 1 removed\nmostly in src/, logo.png");
        assert_eq!(parse("").to_string(), "nothing changed");
        assert_eq!(parse("nonsense"), DiffStat::default());
    }
}
