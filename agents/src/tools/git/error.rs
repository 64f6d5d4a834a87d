//! Every way in which reading a repository fails, in words for the person who pushed.

use std::path::PathBuf;

use crate::tools::building::process::{Outcome, RunError};

/// Why git could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("git is not installed on this machine")]
    NoGit,
    /// A source that is empty, looks like an option, or speaks a protocol that is not allowed.
    #[error("`{shown}` can't be pushed: {why}")]
    Source {
        /// The source, shortened, without a password.
        shown: String,
        /// What is wrong with it.
        why: String,
    },
    /// The path is no repository.
    #[error("`{}` is not a git repository{}", path.display(), inside_hint(root.as_ref()))]
    NotARepository {
        /// The path.
        path: PathBuf,
        /// The repository that it lies in, if it does.
        root: Option<PathBuf>,
    },
    /// The repository belongs to another user of the operating system.
    #[error("`{}` belongs to another user, git refuses to read it; push it as its owner or by URL", .0.display())]
    NotOurs(PathBuf),
    /// The remote side is not there, is no repository, or wants a login.
    #[error("`{shown}` can't be read: {said}")]
    Unreachable {
        /// The source without a password.
        shown: String,
        /// The last line that git said.
        said: String,
    },
    /// A repository without a commit.
    #[error("the repository has no commit yet")]
    Empty,
    /// Its head names a branch that isn't there, and none was asked for.
    #[error("the repository has no default branch; name one of: {}", .0.join(", "))]
    NoDefaultBranch(Vec<String>),
    /// A name that no branch can have.
    #[error("`{0}` can't be the name of a branch")]
    BranchName(String),
    /// A branch that isn't there.
    #[error("there is no branch `{branch}`{}", suggestion(nearest.as_ref(), branches))]
    NoBranch {
        /// The name asked for.
        branch: String,
        /// The most similar one, if one is similar.
        nearest: Option<String>,
        /// Some that are there.
        branches: Vec<String>,
    },
    /// Text that is no full commit id.
    #[error("`{0}` is not a commit id of 40 or 64 hexadecimal digits")]
    CommitId(String),
    /// A commit that isn't in what was fetched.
    #[error("the commit `{0}` is not in what was fetched")]
    NoCommit(String),
    /// A bound was reached or the push was aborted.
    #[error("reading the repository {0}")]
    Bound(Outcome),
    /// Git failed in another way.
    #[error("git failed: {0}")]
    Failed(String),
    /// Git answered something that can't be understood.
    #[error("git's answer can't be understood: {0}")]
    Answer(String),
    /// Git could not be run.
    #[error("git can't be run")]
    Run(#[from] RunError),
    /// A file could not be read or written.
    #[error("`{}` can't be read or written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

fn inside_hint(root: Option<&PathBuf>) -> String {
    root.map_or_else(String::new, |root| format!("; it lies in `{}`, push that", root.display()))
}

fn suggestion(nearest: Option<&String>, branches: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`"),
        None => format!("; there are: {}", branches.join(", ")),
    }
}
