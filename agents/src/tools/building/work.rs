//! Performs a build: lays the source out, fetches, builds, keeps the artefact.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::facts::TreeFacts;
use super::keep::{Kept, clear_executables, keep};
use super::plan::{BuildPlan, Refused, plan};
use super::process::{Ended, Outcome};
use super::site::{Site, SiteError, SiteRequest, shown};
use super::walls::Network;
use crate::tools::archive::{ArchiveError, Bounds};

/// What to build, and where to.
#[derive(Clone)]
pub struct BuildRequest {
    /// The source and how commands run on it.
    pub site: SiteRequest,
    /// The tool, as the file names it; without it the tree decides.
    pub tool: Option<String>,
    /// `build.command`.
    pub command: Option<String>,
    /// Paths to keep instead of what the tool keeps, from the folder of the build; none for the tool's own.
    pub keep: Vec<String>,
    /// The network of the build itself; the fetch of dependencies has it on.
    pub network: Network,
    /// The file that becomes the artefact's archive.
    pub artefact: PathBuf,
    /// What the artefact may hold.
    pub artefact_bounds: Bounds,
}

/// A build that went well.
#[derive(Debug, Clone)]
pub struct Built {
    /// The tool that built it.
    pub tool: &'static str,
    /// Digest of the artefact's archive: `sha256:` and 64 hexadecimal digits.
    pub artefact_digest: String,
    /// The archive.
    pub artefact_path: PathBuf,
    /// Its size in bytes.
    pub artefact_bytes: u64,
    /// The log of all commands.
    pub log: PathBuf,
    /// How to start it in the folder where it is unpacked; empty when the file has to say it.
    pub start: Vec<String>,
    /// Search paths that it needs, as (variable, folder in the artefact); to be put in front.
    pub search_paths: Vec<(String, String)>,
    /// From the unpacking to the artefact.
    pub duration: Duration,
}

/// Why there is no artefact.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The tool isn't there, or can't build this tree.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Neither the file nor the tree says which tool builds it.
    #[error("nothing says how to build this; set `build.tool`, and `build.command` where it is `custom`")]
    Undetected,
    /// The source, the context, a missing program, a file.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A command failed or broke a bound.
    #[error("`{command}` {}", ended.outcome)]
    Step {
        /// The command, as a person would type it.
        command: String,
        /// How it ended, with the end of its output and the log.
        ended: Box<Ended>,
    },
    /// The build was aborted.
    #[error("the build was cancelled")]
    Cancelled,
    /// Every command went well, and yet there is nothing to run.
    #[error("the build left nothing to run: {0}")]
    NoArtefact(String),
    /// What it left can't be kept.
    #[error("what the build left can't be kept: {0}")]
    Artefact(#[source] ArchiveError),
}

/// Builds a source into an artefact.
///
/// # Errors
/// [`BuildError`] for each way to fail; nothing of the build runs or lies in the workspace afterwards.
pub async fn build(request: BuildRequest) -> Result<Built, BuildError> {
    let started = Instant::now();
    let site = Site::open(request.site).await?;
    let facts = TreeFacts::read(site.directory());
    let tool = request.tool.as_deref().or_else(|| facts.tool()).ok_or(BuildError::Undetected)?;
    let plan = plan(tool, request.command.as_deref(), &facts)?;
    site.require(plan.tool, &plan.needs)?;
    clear_executables(&site.workspace.cache());
    for command in &plan.fetch {
        step(&site, command, Network::On).await?;
    }
    for command in &plan.build {
        step(&site, command, request.network).await?;
    }
    if site.request.cancel.is_cancelled() {
        return Err(BuildError::Cancelled);
    }
    let log = site.request.log.clone();
    let (artefact, bounds, chosen) = (request.artefact.clone(), request.artefact_bounds, request.keep);
    let kept = tokio::task::spawn_blocking(move || keep_in(&site, &plan, &chosen, &artefact, bounds));
    let kept = kept.await.unwrap_or_else(|error| {
        Err(BuildError::Artefact(ArchiveError::Broken(format!("packing stopped: {error}"))))
    })?;
    Ok(Built {
        tool: kept.tool,
        artefact_digest: kept.packed.digest,
        artefact_path: request.artefact,
        artefact_bytes: kept.packed.bytes,
        log,
        start: kept.start,
        search_paths: kept.search_paths,
        duration: started.elapsed(),
    })
}

fn keep_in(
    site: &Site,
    plan: &BuildPlan,
    chosen: &[String],
    artefact: &std::path::Path,
    bounds: Bounds,
) -> Result<Kept, BuildError> {
    keep(site.directory(), &site.workspace, plan, chosen, artefact, bounds)
}

async fn step(site: &Site, command: &[String], network: Network) -> Result<(), BuildError> {
    let ended = site.run(command, network).await?;
    match ended.outcome {
        Outcome::Exit(0) => Ok(()),
        Outcome::Cancelled => Err(BuildError::Cancelled),
        _ => Err(BuildError::Step { command: shown(command), ended: Box::new(ended) }),
    }
}
