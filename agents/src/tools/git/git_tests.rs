//! Real repositories, made and read with the git of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::tools::archive::{self, Bounds};
use crate::tools::building::process::{Limits, Outcome};

/// Runs git as a developer would.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_COMMITTER_DATE", "1700000000 +0000")
        .env("GIT_AUTHOR_DATE", "1600000000 +0000")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

struct Repository(tempfile::TempDir);

impl Repository {
    /// A repository in a folder with a space, with one commit.
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(repository.path()).unwrap();
        git(&repository.path(), &["init", "--quiet"]);
        repository.commit("first", &[("README", "hello\n"), ("src/a.txt", "a\n")]);
        repository
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("my repository")
    }

    fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        for (name, content) in files {
            let path = self.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        git(&self.path(), &["add", "--all"]);
        git(&self.path(), &["commit", "--quiet", "--allow-empty", "--message", message]);
        git(&self.path(), &["rev-parse", "HEAD"])
    }

    async fn clone(&self, branch: Option<&str>, into: &Path) -> Result<Fetched, GitError> {
        fetch(&Source::Path(self.path()), branch, into, &Limits::default()).await
    }
}

async fn fetch(
    source: &Source,
    branch: Option<&str>,
    into: &Path,
    limits: &Limits,
) -> Result<Fetched, GitError> {
    let cancel = CancellationToken::new();
    clone(CloneRequest { source, branch, into, depth: 50, limits, cancel: &cancel }).await
}

#[tokio::test]
async fn the_committed_head_is_taken_and_never_the_working_tree() {
    let repository = Repository::new();
    let first = git(&repository.path(), &["rev-parse", "HEAD"]);
    let second =
        repository.commit("second: a change\n\nwith a body", &[("src/a.txt", "a\nb\n"), ("run", "x")]);
    std::fs::write(repository.path().join("src/a.txt"), "not committed").unwrap();
    std::fs::write(repository.path().join("staged"), "not committed").unwrap();
    git(&repository.path(), &["add", "staged"]);

    let work = tempfile::tempdir().unwrap();
    let into = work.path().join("clone");
    let fetched = repository.clone(None, &into).await.unwrap();
    let expected = Fetched {
        commit: CommitId::parse(&second).unwrap(),
        branch: Some("main".to_owned()),
        subject: "second: a change".to_owned(),
        author: "Ada".to_owned(),
        committed_at: 1_700_000_000,
        previous: Some(CommitId::parse(&first).unwrap()),
        has_submodules: false,
    };
    assert_eq!(fetched, expected);

    let (limits, cancel) = (Limits::default(), CancellationToken::new());
    let archive = work.path().join("source.tar");
    let packed = archive::source(&into, &fetched.commit, &archive, Bounds::default(), &limits, &cancel);
    let packed = packed.await.unwrap();
    archive::unpack(&archive, &work.path().join("tree"), Bounds::default()).unwrap();
    assert_eq!(std::fs::read_to_string(work.path().join("tree/src/a.txt")).unwrap(), "a\nb\n");
    assert!(!work.path().join("tree/staged").exists());
    assert_eq!(archive::digest_of_file(&archive).unwrap(), packed.digest);

    let stat = diff_stat(&into, fetched.previous.as_ref().unwrap(), &fetched.commit, &limits, &cancel).await;
    let stat = stat.unwrap();
    assert_eq!((stat.files, stat.insertions, stat.deletions), (2, 2, 0));
    let unknown = CommitId::parse(&"0".repeat(40)).unwrap();
    let missing = diff_stat(&into, &unknown, &fetched.commit, &limits, &cancel).await;
    assert!(matches!(missing, Err(GitError::NoCommit(_))), "{missing:?}");
}

#[tokio::test]
async fn equal_trees_have_equal_digests_and_attributes_hide_nothing() {
    let repository = Repository::new();
    let files =
        [(".gitattributes", "tests export-ignore\nv export-subst\n"), ("tests/t", "t"), ("v", "$Format:%H$")];
    let first = repository.commit("with attributes", &files);
    let second = repository.commit("nothing changed", &[]);
    let work = tempfile::tempdir().unwrap();
    let into = work.path().join("clone");
    repository.clone(None, &into).await.unwrap();
    let mut digests = Vec::new();
    for commit in [first, second] {
        let at = work.path().join(&commit);
        let commit = CommitId::parse(&commit).unwrap();
        let (limits, cancel) = (Limits::default(), CancellationToken::new());
        let packed = archive::source(&into, &commit, &at, Bounds::default(), &limits, &cancel).await.unwrap();
        digests.push(packed.digest);
        let tree = work.path().join(format!("tree-{}", commit.short()));
        archive::unpack(&at, &tree, Bounds::default()).unwrap();
        assert_eq!(std::fs::read_to_string(tree.join("v")).unwrap(), "$Format:%H$");
        assert!(tree.join("tests/t").exists());
    }
    assert_eq!(digests[0], digests[1]);
}

#[tokio::test]
async fn a_branch_is_found_by_its_name_and_a_typing_error_is_answered_with_the_nearest() {
    let repository = Repository::new();
    let name = "feature/$(touch${IFS}x);y";
    git(&repository.path(), &["checkout", "--quiet", "-b", name]);
    let commit = repository.commit("on the branch", &[("b", "b")]);
    git(&repository.path(), &["checkout", "--quiet", "main"]);
    let work = tempfile::tempdir().unwrap();
    let found = repository.clone(Some(name), &work.path().join("1")).await.unwrap();
    assert_eq!((found.commit.as_str(), found.branch.as_deref()), (commit.as_str(), Some(name)));
    let error = repository.clone(Some("mian"), &work.path().join("2")).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no branch `mian`; did you mean `main`");
    for hostile in ["--upload-pack=touch x", "-x", "main:main", "a..b", ""] {
        let refused = repository.clone(Some(hostile), &work.path().join("3")).await;
        assert!(matches!(refused, Err(GitError::BranchName(_))), "{hostile}: {refused:?}");
    }
}

#[tokio::test]
async fn each_unusable_source_has_its_own_error() {
    let work = tempfile::tempdir().unwrap();
    let into = work.path().join("clone");
    let limits = Limits::default();
    let plain = work.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    let error = fetch(&Source::Path(plain.clone()), None, &into, &limits).await.unwrap_err();
    assert!(matches!(error, GitError::NotARepository { root: None, .. }), "{error:?}");

    git(&plain, &["init", "--quiet"]);
    let error = fetch(&Source::Path(plain.clone()), None, &into, &limits).await.unwrap_err();
    assert!(matches!(error, GitError::Empty), "{error:?}");

    let repository = Repository::new();
    let inside = Source::Path(repository.path().join("src"));
    let error = fetch(&inside, None, &into, &limits).await.unwrap_err();
    assert!(matches!(error, GitError::NotARepository { root: Some(_), .. }), "{error:?}");

    let nowhere = Source::Url(format!("file://{}/nowhere", work.path().display()));
    let error = fetch(&nowhere, None, &into, &limits).await.unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. }), "{error:?}");

    git(&repository.path(), &["symbolic-ref", "HEAD", "refs/heads/gone"]);
    let error = repository.clone(None, &into).await.unwrap_err();
    assert!(matches!(&error, GitError::NoDefaultBranch(names) if names == &["main"]), "{error:?}");
    assert!(!into.exists());
}

#[tokio::test]
async fn a_detached_head_and_a_file_address_are_read() {
    let repository = Repository::new();
    git(&repository.path(), &["checkout", "--quiet", "--detach"]);
    let commit = repository.commit("detached", &[("d", "d")]);
    let work = tempfile::tempdir().unwrap();
    let fetched = repository.clone(None, &work.path().join("1")).await.unwrap();
    assert_eq!((fetched.commit.as_str(), fetched.branch), (commit.as_str(), None));
    let address = Source::Url(format!("file://{}", repository.path().display()));
    let fetched = fetch(&address, Some("main"), &work.path().join("2"), &Limits::default()).await.unwrap();
    assert_eq!((fetched.subject.as_str(), fetched.previous), ("first", None));
}

#[tokio::test]
async fn hooks_and_configuration_of_the_repository_do_not_run() {
    let repository = Repository::new();
    let witness = repository.0.path().join("witness");
    let script = format!("#!/bin/sh\ntouch '{}'\n", witness.display());
    let program = repository.0.path().join("program");
    std::fs::write(&program, &script).unwrap();
    let hooks = repository.path().join(".git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for path in [
        &program,
        &hooks.join("post-checkout"),
        &hooks.join("reference-transaction"),
        &hooks.join("post-upload-pack"),
    ] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(path, &script).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for key in
        ["core.fsmonitor", "uploadpack.packObjectsHook", "core.sshCommand", "core.pager", "diff.external"]
    {
        git(&repository.path(), &["config", key, program.to_str().unwrap()]);
    }
    // The configuration above may have run it in this test's own git.
    std::fs::remove_file(&witness).ok();
    let work = tempfile::tempdir().unwrap();
    repository.clone(None, &work.path().join("clone")).await.unwrap();
    assert!(!witness.exists());
}

#[tokio::test]
async fn too_big_and_cancelled_are_bounds() {
    let repository = Repository::new();
    let noise: String = (0..400_000u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
    let commit = repository.commit("big", &[("big", &noise)]);
    let work = tempfile::tempdir().unwrap();
    let small = Limits { file: 100_000, ..Limits::default() };
    let refused = fetch(&Source::Path(repository.path()), None, &work.path().join("1"), &small).await;
    assert!(refused.is_err(), "{refused:?}");

    let into = work.path().join("2");
    repository.clone(None, &into).await.unwrap();
    let (limits, cancel) = (Limits::default(), CancellationToken::new());
    let commit = CommitId::parse(&commit).unwrap();
    let bounds = Bounds { bytes: 100_000, ..Bounds::default() };
    let refused = archive::source(&into, &commit, &work.path().join("a"), bounds, &limits, &cancel).await;
    assert!(matches!(refused, Err(archive::ArchiveError::TooManyBytes(100_000))), "{refused:?}");

    cancel.cancel();
    let source = Source::Path(repository.path());
    let request = CloneRequest {
        source: &source,
        branch: None,
        into: &work.path().join("3"),
        depth: 1,
        limits: &limits,
        cancel: &cancel,
    };
    let refused = clone(request).await;
    assert!(matches!(refused, Err(GitError::Bound(Outcome::Cancelled))), "{refused:?}");
}
