//! Takes a push: fetches the committed head, judges its pipeline file, and starts the run.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome};
use crate::context::Cx;
use crate::effects::{Fetch, FetchRequest, Fetched, FileRead};
use orchestra_events::Command;
use orchestra_events::file::{self, PipelineFile, Severity};
use orchestra_events::people::CommandGiven;
use orchestra_events::pipeline::{self, CodePush, PushRequested, RunEnded};
use serde::{Deserialize, Serialize};

/// How many findings a refusal names.
const FINDINGS_TOLD: usize = 12;

agent! {
    /// Takes a push: fetches the committed head, judges its pipeline file, and starts the run.
    GitOps = "gitops",
    keyed by Run,
    state Stage,
    subscribes { PushRequested, CommandGiven, RunEnded },
    publishes { CodePush, RunEnded, CommandGiven },
    uses { Fetch },
}

/// Where a push stands.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing is known of it.
    #[default]
    Idle,
    /// It is being fetched.
    Fetching {
        /// The effect.
        effect: String,
        /// The repository's name.
        repo: String,
        /// Where it is fetched from.
        location: String,
    },
    /// It went on in this lane.
    Pushed {
        /// The lane.
        lane: String,
    },
}

/// The lane of a repository in an environment.
pub fn lane(repo: &str, environment: &str) -> String {
    format!("{repo}@{environment}")
}

impl Handles<PushRequested> for GitOps {
    fn handle(stage: &mut Stage, push: &PushRequested, cx: &mut Cx<'_, Self>) {
        if *stage != Stage::Idle {
            return;
        }
        let request = FetchRequest { location: push.location.clone(), branch: push.branch.clone() };
        let effect = cx.perform::<Fetch>(request);
        cx.because(format!("{} pushed {}", cx.actor().spoken(), push.repo));
        *stage = Stage::Fetching { effect, repo: push.repo.clone(), location: push.location.clone() };
    }
}

impl Answers<Fetch> for GitOps {
    fn answer(stage: &mut Stage, _: FetchRequest, outcome: Outcome<Fetched>, cx: &mut Cx<'_, Self>) {
        let Stage::Fetching { repo, location, .. } = stage.clone() else { return };
        let fetched = match outcome {
            Outcome::Done(fetched) => fetched,
            Outcome::Failed(reason) | Outcome::Unknown(reason) => {
                return end(stage, repo, pipeline::Outcome::Failed, reason, cx);
            }
        };
        match judged(&fetched.file) {
            Err(reason) => end(stage, repo, pipeline::Outcome::Refused, reason, cx),
            Ok((config, notes)) => {
                let environment = config.deployment.environment.clone();
                let lane = lane(&repo, &environment);
                let code_push = CodePush {
                    repo,
                    branch: fetched.branch,
                    commit_id: fetched.commit_id,
                    code: fetched.code,
                    config,
                    location,
                    environment,
                    message: fetched.message,
                    author: fetched.author,
                    change: fetched.change,
                    notes,
                    kept: None,
                };
                cx.because("the commit was fetched and its file is good");
                cx.publish_in_lane(lane.clone(), code_push);
                *stage = Stage::Pushed { lane };
            }
        }
    }
}

impl Handles<CommandGiven> for GitOps {
    fn handle(stage: &mut Stage, given: &CommandGiven, cx: &mut Cx<'_, Self>) {
        match stage.clone() {
            Stage::Fetching { effect, repo, .. } if matches!(given.command, Command::Abort { .. }) => {
                cx.cancel(effect);
                let reason = format!("{} aborted it", cx.actor().spoken());
                end(stage, repo, pipeline::Outcome::Aborted, reason, cx);
            }
            // Said before the environment was known: it goes on to the lane that the run has now.
            Stage::Pushed { lane } if lane != cx.lane() => {
                cx.because("the run has its lane now");
                cx.publish_in_lane(lane, given.clone());
            }
            Stage::Idle | Stage::Fetching { .. } | Stage::Pushed { .. } => {}
        }
    }
}

impl Handles<RunEnded> for GitOps {
    fn handle(_: &mut Stage, _: &RunEnded, cx: &mut Cx<'_, Self>) {
        cx.forget();
    }
}

fn end(stage: &mut Stage, repo: String, outcome: pipeline::Outcome, reason: String, cx: &mut Cx<'_, GitOps>) {
    cx.because(reason.clone());
    cx.publish(RunEnded { repo, outcome, reason });
    *stage = Stage::Idle;
}

/// The pipeline with what is worth telling about it, or why the push is refused.
fn judged(read: &FileRead) -> Result<(Box<PipelineFile>, Vec<String>), String> {
    match read {
        FileRead::Missing(needed) => Err(needed.clone()),
        FileRead::Detected { pipeline, because } => {
            let told = because.iter().map(|line| format!("no devops_orchestra.yaml: {line}"));
            Ok((pipeline.clone(), told.take(FINDINGS_TOLD).collect()))
        }
        FileRead::Found { name, text } => {
            let checked = file::check(text);
            let errors: Vec<_> = checked
                .findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .cloned()
                .collect();
            match checked.pipeline {
                Some(pipeline) if errors.is_empty() => {
                    let warnings = file::render(&checked.findings, name);
                    Ok((
                        Box::new(pipeline),
                        warnings.lines().take(FINDINGS_TOLD).map(str::to_owned).collect(),
                    ))
                }
                _ => {
                    let told = file::render(&errors[..errors.len().min(FINDINGS_TOLD)], name);
                    let more = errors.len().saturating_sub(FINDINGS_TOLD);
                    let rest = if more > 0 { format!("\nand {more} more") } else { String::new() };
                    Err(format!("{name} has {} mistakes:\n{}{rest}", errors.len(), told.trim_end()))
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "gitops_tests.rs"]
mod tests;
