//! Fetches the committed head of a branch, keeps its source by digest, reads or detects its pipeline file.

use super::machine::{ARCHIVE, Machine, blocking, give_up, io_failure};
use crate::effects::{Fetch, FetchRequest, Fetched, FileRead};
use crate::runtime::{Performs, ToolError, Work};
use crate::tools::archive;
use crate::tools::git::{self, CloneRequest, CommitId, Source};
use async_trait::async_trait;
use orchestra_events::Digest;
use orchestra_events::file::detect;
use orchestra_events::pipeline::CodeRef;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Names of the pipeline file, the first that is there counts.
const FILES: [&str; 2] = ["devops_orchestra.yaml", "devops_orchestra.yml"];
/// How many bytes of a file are read; one more than may be, so that a longer one is seen.
const FILE_BYTES: u64 = (1 << 20) + 1;
/// How many paths detection looks at.
const PATHS: usize = 5_000;
/// How much history comes along: the commit and the one before, for the change in two lines.
const DEPTH: u32 = 2;

/// Performs [`Fetch`].
pub struct Fetcher(pub Arc<Machine>);

#[async_trait]
impl Performs<Fetch> for Fetcher {
    async fn perform(&self, request: FetchRequest, work: &Work) -> Result<Fetched, ToolError> {
        let machine = &self.0;
        let scratch =
            machine.scratch(&work.key).map_err(|error| io_failure("no room to fetch into", &error))?;
        let repository = scratch.0.join("repository.git");
        work.progress.show("fetching the commit").await;
        let source = Source::parse(&request.location, &machine.dir)
            .map_err(|error| ToolError::GiveUp(error.to_string()))?;
        let fetched = git::clone(CloneRequest {
            source: &source,
            branch: request.branch.as_deref(),
            into: &repository,
            depth: DEPTH,
            limits: &machine.limits,
            cancel: &work.cancel,
        })
        .await
        .map_err(|error| ToolError::GiveUp(error.to_string()))?;
        let tar = scratch.0.join("source.tar");
        work.progress.show("keeping the source").await;
        let packed =
            archive::source(&repository, &fetched.commit, &tar, ARCHIVE, &machine.limits, &work.cancel)
                .await
                .map_err(|error| give_up("the source can't be kept", error))?;
        let change = change(&repository, fetched.previous.as_ref(), &fetched.commit, machine, work).await;
        let (blobs, tree) = (machine.blobs.clone(), scratch.0.join("tree"));
        let (digest, file) = blocking(move || {
            let digest = blobs.put_file(&tar).map_err(|error| give_up("the source can't be kept", error))?;
            archive::unpack(&tar, &tree, ARCHIVE)
                .map_err(|error| give_up("the source can't be read", error))?;
            Ok((digest, read_file(&tree)))
        })
        .await?;
        Ok(Fetched {
            branch: fetched.branch.unwrap_or_else(|| "detached".to_owned()),
            commit_id: fetched.commit.as_str().to_owned(),
            message: fetched.subject,
            author: fetched.author,
            change,
            code: CodeRef { digest: Digest(digest.0), size: packed.bytes },
            file,
        })
    }
}

async fn change(
    repository: &Path,
    previous: Option<&CommitId>,
    commit: &CommitId,
    machine: &Machine,
    work: &Work,
) -> Vec<String> {
    let Some(previous) = previous else { return vec!["the first commit".to_owned()] };
    match git::diff_stat(repository, previous, commit, &machine.limits, &work.cancel).await {
        Ok(stat) => stat.to_string().lines().take(2).map(str::to_owned).collect(),
        Err(error) => {
            tracing::debug!(%error, "change not counted");
            Vec::new()
        }
    }
}

fn read_file(tree: &Path) -> FileRead {
    for name in FILES {
        match read_text(&tree.join(name)) {
            Some(Ok(text)) => return FileRead::Found { name: name.to_owned(), text },
            Some(Err(why)) => return FileRead::Missing(format!("{name} {why}")),
            None => {}
        }
    }
    let mut paths = Vec::new();
    list(tree, "", &mut paths);
    let borrowed: Vec<&str> = paths.iter().map(String::as_str).collect();
    let read = |path: &str| read_text(&tree.join(path)).and_then(Result::ok);
    match detect::detect(&borrowed, &read) {
        Ok(detected) => {
            FileRead::Detected { pipeline: Box::new(detected.pipeline), because: detected.because }
        }
        Err(error) => FileRead::Missing(format!("there is no devops_orchestra.yaml, and {error}")),
    }
}

/// The text of a regular file: `None` when there is none, an error when it is not text.
fn read_text(path: &Path) -> Option<Result<String, &'static str>> {
    let about = std::fs::symlink_metadata(path).ok()?;
    if !about.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8(bytes).map_err(|_| "is not UTF-8 text"))
}

fn list(folder: &Path, prefix: &str, paths: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if paths.len() >= PATHS {
            return;
        }
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if kind.is_dir() && path.split('/').count() < 8 {
            list(&entry.path(), &path, paths);
        } else if kind.is_file() {
            paths.push(path);
        }
    }
}
