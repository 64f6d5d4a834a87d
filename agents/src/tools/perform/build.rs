//! Builds a kept source, confined, into a kept artefact.

use super::machine::{ARCHIVE, Machine, io_failure};
use crate::effects::{BuildRequest, BuildWork, Built};
use crate::runtime::{Performs, ToolError, Work};
use crate::tools::building::{self, BuildError};
use async_trait::async_trait;
use orchestra_events::Digest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many of the output's last lines a person is shown.
const LINES_TOLD: usize = 15;

/// Performs [`BuildWork`].
pub struct Builder(pub Arc<Machine>);

#[async_trait]
impl Performs<BuildWork> for Builder {
    async fn perform(&self, request: BuildRequest, work: &Work) -> Result<Built, ToolError> {
        let machine = &self.0;
        let scratch =
            machine.scratch(&work.key).map_err(|error| io_failure("no room to build in", &error))?;
        let log = scratch.0.join("build.log");
        let build = &request.pipeline.build;
        let site = machine.site(&request.repo, &request.code.digest, &build.context, &log, work)?;
        let tool = build.tool.map(|tool| tool.word().to_owned());
        let told = tool.clone().unwrap_or_else(|| "detected".to_owned());
        let outcome = building::build(building::BuildRequest {
            site,
            tool,
            command: build.command.clone(),
            keep: Vec::new(),
            network: machine.network,
            artefact: scratch.0.join("artefact.tar"),
            artefact_bounds: ARCHIVE,
        })
        .await;
        let kept_log = machine.keep_log(&log).await;
        match outcome {
            Ok(built) => {
                let (blobs, path) = (machine.blobs.clone(), built.artefact_path.clone());
                let digest = super::machine::blocking(move || {
                    blobs.put_file(&path).map_err(|error| ToolError::GiveUp(error.to_string()))
                })
                .await?;
                Ok(Built {
                    tool: built.tool.to_owned(),
                    artefact: Ok(Digest(digest.0)),
                    start: built.start,
                    search_paths: built.search_paths.into_iter().collect(),
                    log: kept_log,
                })
            }
            Err(BuildError::Cancelled) => Err(ToolError::Cancelled),
            Err(error) => Ok(Built {
                tool: told,
                artefact: Err(reason(&error)),
                start: Vec::new(),
                search_paths: BTreeMap::new(),
                log: kept_log,
            }),
        }
    }
}

/// Why, with the last lines of the command that failed.
fn reason(error: &BuildError) -> String {
    let mut text = error.to_string();
    if let BuildError::Step { ended, .. } = error {
        let lines: Vec<&str> = ended.output_tail.lines().filter(|line| !line.trim().is_empty()).collect();
        for line in &lines[lines.len().saturating_sub(LINES_TOLD)..] {
            text.push('\n');
            text.push_str(line);
        }
    }
    text
}
