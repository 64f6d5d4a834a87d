//! Fetches the committed head of one branch into a bare repository.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::command::run_in;
use super::names::{nearest, short};
use super::source::masked;
use super::{BranchName, CommitId, GitError, GitRun, Source, run_git};
use crate::tools::building::process::{Limits, Outcome};

/// What to fetch, whereto, and inside which bounds.
#[derive(Debug)]
pub struct CloneRequest<'a> {
    /// The repository.
    pub source: &'a Source,
    /// The branch; the repository's own default without it.
    pub branch: Option<&'a str>,
    /// The folder that becomes a bare repository; it must not be there yet, its parent must.
    pub into: &'a Path,
    /// How many commits of history come along, at least one.
    pub depth: u32,
    /// Bounds of time and size.
    pub limits: &'a Limits,
    /// Ends it early.
    pub cancel: &'a CancellationToken,
}

/// A commit that was fetched; its texts come from its author and are not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The head of the branch.
    pub commit: CommitId,
    /// The branch, or none when the repository's head is detached and none was asked for.
    pub branch: Option<String>,
    /// The first line of the commit's message, at most 200 characters.
    pub subject: String,
    /// The author's name, at most 80 characters.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub committed_at: i64,
    /// The commit before it (its first parent), if there is one and it was fetched.
    pub previous: Option<CommitId>,
    /// Whether the tree names submodules; they are never fetched, their folders stay empty.
    pub has_submodules: bool,
}

/// Clones the committed head of a branch.
///
/// What lies in a working tree, staged or not, is never seen.
///
/// # Errors
/// A [`GitError`] of its own for each cause: no git, no repository, no commit, no such branch, a
/// refused name or address, a broken bound.
pub async fn clone(request: CloneRequest<'_>) -> Result<Fetched, GitError> {
    request.source.check()?;
    let wanted = request.branch.map(BranchName::parse).transpose()?;
    let remote = Remote::list(&request).await?;
    let branch = remote.choose(wanted.as_ref())?;
    let mut arguments: Vec<OsString> =
        ["clone", "--bare", "--quiet", "--no-local", "--single-branch", "--no-tags", "--template="]
            .map(OsString::from)
            .to_vec();
    arguments.push(format!("--depth={}", request.depth.max(1)).into());
    if let Some(branch) = &branch {
        arguments.extend(["--branch".into(), branch.into()]);
    }
    arguments.extend(["--".into(), request.source.argument().into(), request.into.into()]);
    let disk = vec![request.into.to_path_buf()];
    let cloned = run_in(arguments, disk, request.limits, request.cancel).await?;
    succeed(cloned, request.source)?;
    read_head(&request, branch).await
}

/// What a repository offers, by `git ls-remote`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Remote {
    head: bool,
    head_branch: Option<String>,
    branches: Vec<String>,
}

impl Remote {
    async fn list(request: &CloneRequest<'_>) -> Result<Self, GitError> {
        let limits = Limits { output: request.limits.output.min(16 << 20), ..request.limits.clone() };
        let mut arguments: Vec<OsString> =
            ["ls-remote", "--quiet", "--symref", "--"].map(Into::into).to_vec();
        arguments.extend([request.source.argument().into(), "HEAD".into(), "refs/heads/*".into()]);
        let listed = run_in(arguments, Vec::new(), &limits, request.cancel).await?;
        Ok(Self::parse(&succeed(listed, request.source)?))
    }

    fn parse(text: &str) -> Self {
        let mut remote = Self::default();
        for line in text.lines() {
            match line.split_once('\t') {
                Some((target, "HEAD")) => match target.strip_prefix("ref: refs/heads/") {
                    Some(branch) => remote.head_branch = Some(branch.to_owned()),
                    None => remote.head = true,
                },
                Some((_, name)) => {
                    remote.branches.extend(name.strip_prefix("refs/heads/").map(str::to_owned))
                }
                None => {}
            }
        }
        remote
    }

    /// The branch to clone; none for a detached head.
    fn choose(&self, wanted: Option<&BranchName>) -> Result<Option<String>, GitError> {
        if self.branches.is_empty() && !self.head {
            return Err(GitError::Empty);
        }
        let some = || self.branches.iter().take(10).map(|name| short(name)).collect();
        let Some(wanted) = wanted.map(BranchName::as_str) else {
            let is_there = |branch: &String| self.head && self.branches.contains(branch);
            return match self.head_branch.clone().filter(is_there) {
                Some(branch) => Ok(Some(BranchName::parse(&branch)?.as_str().to_owned())),
                None if self.head && self.head_branch.is_none() => Ok(None),
                None => Err(GitError::NoDefaultBranch(some())),
            };
        };
        if self.branches.iter().any(|name| name == wanted) {
            return Ok(Some(wanted.to_owned()));
        }
        let nearest = nearest(wanted, self.branches.iter().map(String::as_str)).map(short);
        Err(GitError::NoBranch { branch: wanted.to_owned(), nearest, branches: some() })
    }
}

async fn read_head(request: &CloneRequest<'_>, branch: Option<String>) -> Result<Fetched, GitError> {
    let ask = async |arguments: &[&str]| {
        run_git(Some(request.into), arguments, request.limits, request.cancel).await
    };
    let format = "--format=%H%x00%P%x00%an%x00%ct%x00%s";
    let log =
        ask(&["log", "-1", "--no-color", "--no-mailmap", "--encoding=UTF-8", format, "HEAD", "--"]).await?;
    let text = succeed(log, request.source)?;
    let fields: Vec<&str> = text.trim_end_matches('\n').splitn(5, '\0').collect();
    let [commit, parents, author, committed_at, subject] = fields[..] else {
        return Err(GitError::Answer(short(&text)));
    };
    let commit = CommitId::parse(commit)?;
    let has_submodules = ask(&["cat-file", "-e", "HEAD:.gitmodules"]).await?.outcome.is_success();
    // A shallow history names parents that were not fetched; `log` hides those at its edge.
    let previous = parents.split(' ').find_map(|parent| CommitId::parse(parent).ok());
    Ok(Fetched {
        commit,
        branch,
        subject: clean(subject, 200),
        author: clean(author, 80),
        committed_at: committed_at.parse().map_err(|_| GitError::Answer(short(committed_at)))?,
        previous,
        has_submodules,
    })
}

/// Text of a commit for people: control characters out, shortened.
fn clean(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(longest).collect()
}

/// The output of a run that went well, or what its failure means.
pub(super) fn succeed(ended: GitRun, source: &Source) -> Result<String, GitError> {
    let said = ended.output;
    match ended.outcome {
        Outcome::Exit(0) => Ok(said),
        Outcome::Exit(_) if said.contains("dubious ownership") => {
            Err(GitError::NotOurs(PathBuf::from(source.argument())))
        }
        Outcome::Exit(_) => {
            let lines = || said.lines().rev().filter(|line| !line.trim().is_empty());
            let telling =
                lines().find(|line| line.contains("fatal:") && !line.contains("Could not read from remote"));
            let line = telling.or_else(|| lines().next()).unwrap_or("it said nothing");
            let said = clean(&masked(line), 300);
            match source {
                Source::Url(_) => Err(GitError::Unreachable { shown: source.to_string(), said }),
                Source::Path(_) => Err(GitError::Failed(said)),
            }
        }
        broken => Err(GitError::Bound(broken)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listing_of_a_remote_is_read() {
        let text = "warning: something\nref: refs/heads/main\tHEAD\nabc\tHEAD\nabc\trefs/heads/a/b\nabc\trefs/heads/main\n";
        let expected = Remote {
            head: true,
            head_branch: Some("main".to_owned()),
            branches: vec!["a/b".to_owned(), "main".to_owned()],
        };
        assert_eq!(Remote::parse(text), expected);
        assert_eq!(Remote::parse("\t\n\n\tHEAD\tx"), Remote::default());
    }
}
