//! The live card of a run.

use crate::message::card::{RunCard, RunCardState, Stage, run_card};
use crate::message::{Message, StepState};
use orchestra_agents::timeline::hold_words;
use orchestra_events::pipeline::{Hold, Outcome, RollbackStatus, Status, StepKind};
use orchestra_events::{PipelineState, RunId, Timestamp};
use std::time::Duration;

/// The card as the state is now.
pub fn card(run: RunId, state: &PipelineState) -> Message {
    let context = &state.repo_context;
    let rollout = state.deployment.services.iter().max_by_key(|(_, rollout)| rollout.changed);
    let services: Vec<&str> = state.deployment.services.keys().map(String::as_str).collect();
    run_card(&RunCard {
        run: run.to_string(),
        repo: context.repo.clone(),
        branch: if context.branch.is_empty() { "its branch".to_owned() } else { context.branch.clone() },
        commit_id: context.commit_id.clone().unwrap_or_default(),
        commit_subject: context.message.clone(),
        commit_author: context.author.clone(),
        service: (!services.is_empty()).then(|| services.join(", ")),
        version: context.commit_id.as_ref().map(|_| context.version()),
        environment: (!context.environment.is_empty()).then(|| context.environment.clone()),
        state: standing(state),
        waits_for: state.deployment.hold.iter().map(hold_words).collect(),
        stages: stages(state),
        weights: rollout.map(|(_, rollout)| weights(state, rollout)).unwrap_or_default(),
    })
}

fn weights(state: &PipelineState, rollout: &orchestra_events::pipeline::Rollout) -> Vec<(String, u8)> {
    let Some(step) = rollout.step.as_ref().filter(|_| !state.ended()) else { return Vec::new() };
    let back = state.rollback.as_ref().filter(|rollback| rollback.last.status == RollbackStatus::Success);
    if back.is_some() || step.weight == 0 {
        return Vec::new();
    }
    let mut weights = vec![(rollout.version.clone(), step.weight)];
    if let Some(baseline) = step.baseline.as_ref().filter(|_| step.weight < 100) {
        weights.push((baseline.clone(), 100 - step.weight));
    }
    weights
}

/// Where the run stands.
pub fn standing(state: &PipelineState) -> RunCardState {
    if let Some(outcome) = state.status.outcome {
        return match outcome {
            Outcome::Live => RunCardState::Live,
            Outcome::Refused => RunCardState::Refused,
            Outcome::Failed => RunCardState::Failed,
            Outcome::Superseded => RunCardState::Superseded,
            Outcome::RolledBack => RunCardState::RolledBack,
            Outcome::Aborted => RunCardState::Aborted,
        };
    }
    match &state.deployment.hold {
        Some(Hold::Approval(id)) => RunCardState::WaitsForApproval(id.clone()),
        Some(Hold::Run(_) | Hold::Freeze(_) | Hold::Gates(_)) => RunCardState::Waiting,
        Some(Hold::Step | Hold::Paused(_) | Hold::Inconclusive(_) | Hold::Unknown(_)) => RunCardState::Paused,
        None => {
            let steps = state.deployment.services.values().filter_map(|rollout| rollout.step.as_ref());
            match steps.map(|step| step.kind).max_by_key(|kind| *kind as u8) {
                None => RunCardState::Working,
                Some(StepKind::Start | StepKind::Share) => RunCardState::RollingOut,
                Some(StepKind::Promotion | StepKind::Proven) => RunCardState::LiveWatched,
            }
        }
    }
}

fn stages(state: &PipelineState) -> Vec<Stage> {
    let context = &state.repo_context;
    let mut stages = vec![Stage {
        name: "validate".to_owned(),
        agent: "gitops".to_owned(),
        state: match (&context.fetched_at, state.ended()) {
            (Some(_), _) => StepState::Passed,
            (None, true) => StepState::Refused,
            (None, false) => StepState::Working,
        },
        detail: context.notes.first().map(|_| format!("{} notes", context.notes.len())).unwrap_or_default(),
        duration: context.fetched_at.map(|at| between(context.asked_at, at)),
    }];
    if let Some(kept) = &context.kept {
        stages.push(Stage {
            name: "build and tests".to_owned(),
            agent: String::new(),
            state: StepState::Skipped,
            detail: format!("kept artefact {}", kept.artefact.0.chars().take(19).collect::<String>()),
            duration: None,
        });
    } else {
        stages.extend([build(state), analysis(state), tests(state)]);
    }
    if let Some(infra) = &state.infra {
        stages.push(stage(
            "infrastructure",
            "infrastructure",
            step_state(infra.status),
            infra.reason.clone(),
            None,
        ));
    } else {
        stages.push(stage("infrastructure", "infrastructure", pending(state), String::new(), None));
    }
    stages.push(deployment(state));
    if let Some(rollback) = &state.rollback {
        let last = &rollback.last;
        let (step, detail) = match last.status {
            RollbackStatus::Requested | RollbackStatus::InProgress => {
                (StepState::Working, "going back".to_owned())
            }
            RollbackStatus::Success => {
                (StepState::Passed, format!("back on {}", last.rollback_to.as_deref().unwrap_or("?")))
            }
            RollbackStatus::Failed => (StepState::Failed, last.reason.clone()),
        };
        let duration = Some(between(rollback.requested, rollback.changed));
        stages.push(stage("rollback", "rollback", step, detail, duration));
    }
    stages
}

fn stage(name: &str, agent: &str, state: StepState, detail: String, duration: Option<Duration>) -> Stage {
    Stage { name: name.to_owned(), agent: agent.to_owned(), state, detail, duration }
}

fn build(state: &PipelineState) -> Stage {
    match &state.build_result {
        None => stage("build", "build", pending(state), String::new(), None),
        Some(built) => {
            let duration = built.ended.map(|ended| between(built.started, ended));
            stage("build", "build", step_state(built.status), built.tool.clone(), duration)
        }
    }
}

fn analysis(state: &PipelineState) -> Stage {
    match &state.code_analysis {
        None => stage("code analysis", "code-analysis", pending(state), String::new(), None),
        Some(result) => {
            let detail = match (&result.reason, result.errors.len(), result.warnings) {
                (Some(reason), _, _) => reason.clone(),
                (None, 0, 0) => "nothing found".to_owned(),
                (None, errors, warnings) => format!("{errors} errors, {warnings} warnings"),
            };
            stage("code analysis", "code-analysis", step_state(result.status), detail, None)
        }
    }
}

fn tests(state: &PipelineState) -> Stage {
    match &state.test_results {
        None => stage("tests", "test", pending(state), String::new(), None),
        Some(result) => {
            let detail = match (&result.reason, result.status) {
                (_, Status::InProgress) => String::new(),
                (Some(reason), _) if result.total == 0 => {
                    reason.lines().next().unwrap_or_default().to_owned()
                }
                (_, _) => format!("{} of {} passed", result.passed, result.total),
            };
            let off = result.status == Status::Success && result.total == 0;
            let step = if off { StepState::Skipped } else { step_state(result.status) };
            let duration = result.ended.map(|ended| between(result.started, ended));
            stage("tests", "test", step, detail, duration)
        }
    }
}

fn deployment(state: &PipelineState) -> Stage {
    let Some((name, rollout)) = state.deployment.services.iter().max_by_key(|(_, rollout)| rollout.changed)
    else {
        return stage("deployment", "deployment", pending(state), String::new(), None);
    };
    let detail = match (&rollout.reason, &rollout.step) {
        (Some(reason), _) => reason.lines().next().unwrap_or_default().to_owned(),
        (None, Some(step)) => match step.kind {
            StepKind::Start => format!("{name} starts"),
            StepKind::Share => {
                format!("{} step {} of {}: {} %", rollout.strategy, step.number, step.of, step.weight)
            }
            StepKind::Promotion => "all traffic, watched".to_owned(),
            StepKind::Proven => "proven".to_owned(),
        },
        (None, None) => String::new(),
    };
    let taken_back = state.rollback.is_some();
    let step = match (rollout.status, state.status.outcome) {
        (_, Some(Outcome::RolledBack)) => StepState::Refused,
        (Status::InProgress, Some(_)) => StepState::Skipped,
        (Status::InProgress, None) if taken_back => StepState::Refused,
        (Status::InProgress, None) => StepState::Working,
        (Status::Success, _) => StepState::Passed,
        (Status::Failed, _) => StepState::Failed,
    };
    stage("deployment", "deployment", step, detail, Some(between(rollout.started, rollout.changed)))
}

/// What has not begun: it waits while the run goes on, and never happened once it has ended.
fn pending(state: &PipelineState) -> StepState {
    if state.ended() { StepState::Skipped } else { StepState::Waiting }
}

fn step_state(status: Status) -> StepState {
    match status {
        Status::InProgress => StepState::Working,
        Status::Success => StepState::Passed,
        Status::Failed => StepState::Failed,
    }
}

/// The time from one moment to another.
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(to.0 - from.0).unwrap_or(0))
}
