//! Topic `code_push`: how a run begins and ends.

use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::file::PipelineFile;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Someone pushed: the committed head of a branch is to be taken through the pipeline.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PushRequested {
    /// The repository's name, as threads show it.
    pub repo: String,
    /// Where to fetch it from: a path or a URL.
    pub location: String,
    /// The branch; the repository's current one when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// A reference to a source archive, kept by digest.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CodeRef {
    /// The archive's digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// A commit was fetched and its pipeline file is good.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CodePush {
    /// The repository's name.
    pub repo: String,
    /// The branch.
    pub branch: String,
    /// The commit's full id.
    pub commit_id: String,
    /// The source archive.
    pub code: CodeRef,
    /// The pipeline file as it was read, or as it was detected.
    #[schemars(with = "serde_json::Value")]
    pub config: Box<PipelineFile>,
    /// Where it was fetched from.
    pub location: String,
    /// The environment that it is for.
    pub environment: String,
    /// The first line of the commit's message.
    pub message: String,
    /// The commit's author.
    pub author: String,
    /// The change in at most two lines.
    pub change: Vec<String>,
    /// What was noticed when the file was read, or how it was detected when there was none.
    pub notes: Vec<String>,
    /// Set when a kept version is put live again: nothing is built, analysed or tested anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

/// What is kept of a version that was live before.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// The artefact.
    pub artefact: Digest,
    /// How it is started when the file does not say.
    pub start: Vec<String>,
    /// Search paths that it needs.
    #[serde(default)]
    pub search_paths: BTreeMap<String, String>,
    /// The strategy asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The version takes all traffic and was proven.
    Live,
    /// It was not let in: a file, a gate, an approval said no.
    Refused,
    /// Something broke on the way.
    Failed,
    /// A newer push took its place.
    Superseded,
    /// It was live in part or whole, and was taken back.
    RolledBack,
    /// A person stopped it.
    Aborted,
}

/// A run is over.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunEnded {
    /// The repository's name.
    pub repo: String,
    /// How.
    pub outcome: Outcome,
    /// Why, for a person.
    pub reason: String,
}

/// The slice of GitOps: what is being delivered.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct RepoContext {
    /// The repository's name.
    pub repo: String,
    /// Where it was fetched from.
    pub location: String,
    /// The branch.
    pub branch: String,
    /// The commit, once fetched.
    pub commit_id: Option<String>,
    /// The source archive, once kept.
    pub code: Option<CodeRef>,
    /// The pipeline file, once good.
    pub config: Option<Box<PipelineFile>>,
    /// The environment.
    pub environment: String,
    /// The first line of the commit's message.
    pub message: String,
    /// The commit's author.
    pub author: String,
    /// The change in at most two lines.
    pub change: Vec<String>,
    /// What was noticed.
    pub notes: Vec<String>,
    /// What is kept of the version, for a run that rebuilds nothing.
    pub kept: Option<Kept>,
    /// Who asked.
    pub asked_by: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When the commit had been fetched.
    pub fetched_at: Option<Timestamp>,
}

impl RepoContext {
    /// The version: the commit's first seven digits.
    pub fn version(&self) -> String {
        version_of(self.commit_id.as_deref().unwrap_or_default())
    }
}

/// The version that a commit makes: its first seven digits.
pub fn version_of(commit: &str) -> String {
    commit.chars().take(7).collect()
}

/// The slice that says how a run stands as a whole.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended; `None` while it goes on.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Option<Timestamp>,
}

impl Event for PushRequested {
    const KIND: &'static str = "orchestra.push_requested.v1";
    const TOPIC: Topic = Topic::CodePush;
    const KEY: &'static str = "repository";
    type Slice = RepoContext;

    fn slice(state: &mut PipelineState) -> &mut RepoContext {
        &mut state.repo_context
    }

    fn fold(&self, slice: &mut RepoContext, envelope: &Envelope) {
        slice.repo.clone_from(&self.repo);
        slice.location.clone_from(&self.location);
        slice.branch = self.branch.clone().unwrap_or_default();
        slice.asked_by.clone_from(&envelope.actor.0);
        slice.asked_at = envelope.time;
    }

    fn example() -> Self {
        Self { repo: "shop".into(), location: "/srv/git/shop".into(), branch: Some("main".into()) }
    }
}

impl Event for CodePush {
    const KIND: &'static str = "orchestra.code_push.v1";
    const TOPIC: Topic = Topic::CodePush;
    const KEY: &'static str = "repository and environment";
    type Slice = RepoContext;

    fn slice(state: &mut PipelineState) -> &mut RepoContext {
        &mut state.repo_context
    }

    fn fold(&self, slice: &mut RepoContext, envelope: &Envelope) {
        slice.repo.clone_from(&self.repo);
        slice.location.clone_from(&self.location);
        slice.branch.clone_from(&self.branch);
        slice.commit_id = Some(self.commit_id.clone());
        slice.code = Some(self.code.clone());
        slice.config = Some(self.config.clone());
        slice.environment.clone_from(&self.environment);
        slice.message.clone_from(&self.message);
        slice.author.clone_from(&self.author);
        slice.change.clone_from(&self.change);
        slice.notes.clone_from(&self.notes);
        slice.kept.clone_from(&self.kept);
        slice.fetched_at = Some(envelope.time);
    }

    fn example() -> Self {
        Self {
            repo: "shop".into(),
            branch: "main".into(),
            commit_id: "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678".into(),
            code: CodeRef { digest: Digest::of(b"source"), size: 10_240 },
            config: Box::default(),
            location: "/srv/git/shop".into(),
            environment: "staging".into(),
            message: "Round prices half up".into(),
            author: "Alice".into(),
            change: vec!["2 files changed, 14 insertions, 3 deletions".into()],
            notes: vec![],
            kept: None,
        }
    }
}

impl Event for RunEnded {
    const KIND: &'static str = "orchestra.run_ended.v1";
    const TOPIC: Topic = Topic::CodePush;
    const KEY: &'static str = "repository and environment";
    type Slice = Ending;

    fn slice(state: &mut PipelineState) -> &mut Ending {
        &mut state.status
    }

    fn fold(&self, slice: &mut Ending, envelope: &Envelope) {
        // The first ending stands: whatever still arrives afterwards belongs to a run that is over.
        if slice.outcome.is_none() {
            slice.outcome = Some(self.outcome);
            slice.reason.clone_from(&self.reason);
            slice.at = Some(envelope.time);
        }
    }

    fn example() -> Self {
        Self { repo: "shop".into(), outcome: Outcome::Live, reason: "a1b2c3d takes all traffic".into() }
    }
}
