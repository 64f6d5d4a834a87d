//! The only place that starts git.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::GitError;
use crate::tools::building::process::{Limits, Outcome, Run, find_program, run};

/// What git said and how it ended.
#[derive(Debug, Clone)]
pub struct GitRun {
    /// How it ended; every outcome but a missing git is left to the caller.
    pub outcome: Outcome,
    /// All that it said, standard output and error together, at most the limit of output.
    pub output: String,
}

/// Settings that hold whatever a repository's own configuration says.
const SETTINGS: [&str; 9] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "advice.detachedHead=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "log.showSignature=false",
    "credential.helper=",
];

/// Runs git on a bare repository (or none) with hardened settings and inside limits.
///
/// The growth of `repository` counts against the limit of disk.
///
/// # Errors
/// [`GitError::NoGit`] without git, [`GitError::Run`] or [`GitError::Io`] when it can't be started.
pub async fn run_git(
    repository: Option<&Path>,
    arguments: &[&str],
    limits: &Limits,
    cancel: &CancellationToken,
) -> Result<GitRun, GitError> {
    let disk = repository.map(Path::to_path_buf).into_iter().collect();
    let mut argv = Vec::new();
    if let Some(repository) = repository {
        argv.push(OsString::from("--git-dir"));
        argv.push(repository.into());
    }
    argv.extend(arguments.iter().map(OsString::from));
    run_in(argv, disk, limits, cancel).await
}

/// As [`run_git`], with the folders to measure named.
pub(super) async fn run_in(
    arguments: Vec<OsString>,
    disk: Vec<PathBuf>,
    limits: &Limits,
    cancel: &CancellationToken,
) -> Result<GitRun, GitError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let git = find_program("git", &path).ok_or(GitError::NoGit)?;
    let scratch = Scratch::new()?;
    let mut argv = vec![git.into_os_string()];
    for setting in SETTINGS {
        argv.push("-c".into());
        argv.push(setting.into());
    }
    argv.extend(arguments);
    let log = scratch.0.join("output");
    let ended = run(Run {
        argv,
        directory: scratch.0.clone(),
        environment: environment(path, &scratch.0),
        limits: limits.clone(),
        disk,
        log: log.clone(),
        cancel: cancel.clone(),
        on_line: None,
    })
    .await?;
    let output = std::fs::read(&log).map_err(|source| GitError::Io { path: log, source })?;
    Ok(GitRun { outcome: ended.outcome, output: String::from_utf8_lossy(&output).into_owned() })
}

/// The whole environment of git: nothing of the user's configuration, and nobody is asked anything.
///
/// The agent's socket is handed on, for ssh has no other way to a key; ssh itself may not ask either.
fn environment(path: OsString, home: &Path) -> Vec<(OsString, OsString)> {
    let fixed = [
        ("LC_ALL", "C"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", "/bin/false"),
        ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=20"),
        ("GIT_ALLOW_PROTOCOL", "file:https:ssh:http"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_LFS_SKIP_SMUDGE", "1"),
    ];
    let handed_on = ["SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"];
    let mut environment: Vec<(OsString, OsString)> =
        fixed.iter().map(|(name, value)| (name.into(), value.into())).collect();
    environment.extend([("PATH".into(), path), ("HOME".into(), home.as_os_str().to_os_string())]);
    environment.extend(handed_on.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?))));
    environment
}

/// A private folder that goes with the run: git's home, where it starts, and its output.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, GitError> {
        use std::os::unix::fs::DirBuilderExt;
        let name = format!("orchestra-git-{}-{:016x}", std::process::id(), rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|source| GitError::Io { path: path.clone(), source })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing reads it any more; what can't be removed is the system's to clean.
        std::fs::remove_dir_all(&self.0).ok();
    }
}
