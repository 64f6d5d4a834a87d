//! Turns a good commit into an artefact, kept by digest.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome};
use crate::context::Cx;
use crate::effects::{BuildRequest, BuildWork, Built};
use orchestra_events::pipeline::{BuildReady, CodePush, RunEnded, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

agent! {
    /// Turns a good commit into an artefact, kept by digest.
    Build = "build",
    keyed by Run,
    state Stage,
    subscribes { CodePush, RunEnded },
    publishes { BuildReady },
    uses { BuildWork },
}

/// Where a run's build stands.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not begun.
    #[default]
    Idle,
    /// It goes on, as this effect.
    Building(String),
}

impl Handles<CodePush> for Build {
    fn handle(stage: &mut Stage, push: &CodePush, cx: &mut Cx<'_, Self>) {
        if push.kept.is_some() || *stage != Stage::Idle {
            return;
        }
        let tool = push.config.build.tool.map_or("detected", |tool| tool.word()).to_owned();
        cx.because(format!("{} is to be built with {tool}", push.repo));
        cx.publish(ready(&push.repo, Status::InProgress, tool));
        *stage = Stage::Building(cx.perform::<BuildWork>(BuildRequest {
            repo: push.repo.clone(),
            code: push.code.clone(),
            pipeline: push.config.clone(),
        }));
    }
}

impl Answers<BuildWork> for Build {
    fn answer(stage: &mut Stage, request: BuildRequest, outcome: Outcome<Built>, cx: &mut Cx<'_, Self>) {
        *stage = Stage::Idle;
        let event = match outcome {
            Outcome::Done(built) => match built.artefact {
                Ok(artefact) => BuildReady {
                    image_url: format!("artefact:{artefact}"),
                    logs: built.log,
                    artefact: Some(artefact),
                    start: built.start,
                    search_paths: built.search_paths,
                    ..ready(&request.repo, Status::Success, built.tool)
                },
                Err(reason) => BuildReady {
                    logs: built.log,
                    reason: Some(reason),
                    ..ready(&request.repo, Status::Failed, built.tool)
                },
            },
            Outcome::Failed(reason) | Outcome::Unknown(reason) => {
                let tool = request.pipeline.build.tool.map_or("detected", |tool| tool.word()).to_owned();
                BuildReady { reason: Some(reason), ..ready(&request.repo, Status::Failed, tool) }
            }
        };
        cx.because(event.reason.clone().unwrap_or_else(|| "the build succeeded".to_owned()));
        cx.publish(event);
    }
}

impl Handles<RunEnded> for Build {
    fn handle(stage: &mut Stage, _: &RunEnded, cx: &mut Cx<'_, Self>) {
        if let Stage::Building(effect) = stage {
            cx.cancel(effect.clone());
        }
        cx.forget();
    }
}

fn ready(repo: &str, status: Status, tool: String) -> BuildReady {
    BuildReady {
        repo: repo.to_owned(),
        image_url: String::new(),
        status,
        logs: None,
        agent: "build".to_owned(),
        artefact: None,
        start: Vec::new(),
        search_paths: BTreeMap::new(),
        tool,
        reason: None,
    }
}
