//! What people may ask of a rollout while it goes on.

use super::{Deployment, gates, steps};
use crate::context::Cx;
use crate::rollout::{Approval, Lane, Phase, Stage};
use orchestra_events::file::pipeline::Strategy;
use orchestra_events::people::{ApprovalDecided, CommandGiven, CommandRefused};
use orchestra_events::pipeline::{self, Hold};
use orchestra_events::{Command, RunId};
use serde_json::json;

/// The strategy by its word.
pub(super) fn strategy(word: &str) -> Option<Strategy> {
    Strategy::ALL.iter().copied().find(|strategy| strategy.word() == word)
}

/// Follows a command, or says why not.
pub(super) fn follow(lane: &mut Lane, given: &CommandGiven, cx: &mut Cx<'_, Deployment>) {
    let by = cx.actor().spoken();
    match &given.command {
        Command::Promote { .. } => promote(lane, given, cx),
        Command::Abort { .. } => abort(lane, given, &by, cx),
        Command::Pause { .. } => pause(lane, given, &by, cx),
        Command::Resume { .. } => resume(lane, given, cx),
        Command::Approve { .. } => decide(lane, given, true, None, cx),
        Command::Deny { reason, .. } => decide(lane, given, false, reason.clone(), cx),
        Command::Freeze { environment, service, until } => {
            let name = freeze_name(environment.as_deref(), service.as_deref());
            let until = until.as_deref().and_then(length_in_seconds);
            let until = until.map(|seconds| cx.now().plus_seconds(seconds).0);
            cx.because(format!("{by} froze {}", name.trim_start_matches("freeze/")));
            cx.set(name, Some(json!({ "by": by, "until": until, "since": cx.now().0 })));
        }
        Command::Unfreeze { environment, service } => {
            let name = freeze_name(environment.as_deref(), service.as_deref());
            cx.because(format!("{by} ended the freeze of {}", name.trim_start_matches("freeze/")));
            cx.set(name, None);
        }
        // A rollback is the rollback agent's; the others are answered where they are read.
        Command::Rollback { .. }
        | Command::Deploy { .. }
        | Command::Help { .. }
        | Command::Status { .. }
        | Command::Logs { .. } => {}
    }
}

fn freeze_name(environment: Option<&str>, service: Option<&str>) -> String {
    match (service, environment) {
        (Some(service), _) => format!("freeze/service/{service}"),
        (None, Some(environment)) => format!("freeze/environment/{environment}"),
        (None, None) => "freeze/all".to_owned(),
    }
}

/// `30m`, `2h`, `1d`, `90s` in seconds; `None` for anything else, which then lasts until it is ended.
pub(super) fn length_in_seconds(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds)
}

/// The run that a command is about: its own, else the one that rolls out here.
fn subject(lane: &Lane, cx: &Cx<'_, Deployment>) -> Option<RunId> {
    cx.run().filter(|run| lane.runs.contains_key(run)).or(lane.rolling)
}

fn refuse(given: &CommandGiven, reason: &str, instead: &str, cx: &mut Cx<'_, Deployment>) {
    cx.because(reason);
    cx.publish(CommandRefused {
        command: given.command.name().to_owned(),
        reason: reason.to_owned(),
        instead: instead.to_owned(),
        thread: given.thread.clone(),
    });
}

fn promote(lane: &mut Lane, given: &CommandGiven, cx: &mut Cx<'_, Deployment>) {
    let Some(run) = subject(lane, cx) else {
        return refuse(given, "nothing is rolling out here", "status", cx);
    };
    let stage = lane.runs.get(&run).map(|plan| &plan.stage);
    match stage {
        Some(Stage::Rolling(rolling)) if rolling.at.is_none() || rolling.phase == Phase::Shifting => {
            refuse(given, "the step is just being made; promote when its analysis runs", "status", cx);
        }
        Some(Stage::Rolling(_)) => {
            cx.because(format!("{} promotes it", cx.actor().spoken()));
            steps::next(lane, run, cx);
        }
        Some(Stage::Gathering) => refuse(given, "its gates are not met yet", "status", cx),
        Some(Stage::Choosing(_)) => refuse(given, "its rollout is just beginning", "status", cx),
        Some(Stage::GoingBack { .. } | Stage::PuttingBack(_)) => {
            refuse(given, "it is being taken back", "status", cx);
        }
        Some(Stage::Settling(_)) | None => refuse(given, "it has all traffic already", "status", cx),
    }
}

fn abort(lane: &mut Lane, given: &CommandGiven, by: &str, cx: &mut Cx<'_, Deployment>) {
    let Some(run) = subject(lane, cx) else {
        return refuse(given, "there is no run to abort here", "status", cx);
    };
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    match &plan.stage {
        Stage::Gathering => {
            let reason = format!("{by} aborted it; nothing was changed");
            gates::end(lane, run, pipeline::Outcome::Aborted, reason, cx);
        }
        Stage::Choosing(_) | Stage::Rolling(_) => {
            let mut left = Vec::new();
            if let Stage::Rolling(rolling) = &plan.stage {
                if let Phase::Pausing(timer) = &rolling.phase {
                    cx.cancel(timer.clone());
                }
                left.push((rolling.service.name.clone(), rolling.baseline.clone()));
            }
            left.extend(plan.promoted.drain(..).rev());
            cx.because(format!("{by} aborts it"));
            plan.aborted_by = Some(by.to_owned());
            plan.stage = Stage::PuttingBack(left);
            let mut event = super::told(plan, None, pipeline::Status::InProgress);
            event.reason = Some(format!("{by} aborted it; what was live before is being put back"));
            cx.publish_for(run, event);
            steps::put_back(lane, run, cx);
        }
        Stage::GoingBack { .. } | Stage::PuttingBack(_) => {
            refuse(given, "it is being taken back already", "status", cx);
        }
        Stage::Settling(_) => refuse(given, "it has all traffic already", "rollback", cx),
    }
}

fn pause(lane: &mut Lane, given: &CommandGiven, by: &str, cx: &mut Cx<'_, Deployment>) {
    let Some(run) = subject(lane, cx) else {
        return refuse(given, "nothing is rolling out here", "status", cx);
    };
    match lane.runs.get(&run).map(|plan| &plan.stage) {
        Some(Stage::Rolling(rolling)) if matches!(rolling.phase, Phase::Analysing | Phase::Pausing(_)) => {
            steps::hold(lane, run, Hold::Paused(by.to_owned()), cx);
        }
        Some(Stage::Rolling(rolling)) if matches!(rolling.phase, Phase::Holding(_)) => {
            refuse(given, "it holds already", "resume", cx);
        }
        _ => refuse(given, "there is no step to pause just now", "status", cx),
    }
}

fn resume(lane: &mut Lane, given: &CommandGiven, cx: &mut Cx<'_, Deployment>) {
    let Some(run) = subject(lane, cx) else {
        return refuse(given, "nothing is rolling out here", "status", cx);
    };
    match lane.runs.get(&run).map(|plan| &plan.stage) {
        Some(Stage::Rolling(rolling)) if matches!(rolling.phase, Phase::Holding(_)) => {
            cx.because(format!("{} resumes it", cx.actor().spoken()));
            steps::again(lane, run, cx);
        }
        _ => refuse(given, "it does not hold", "status", cx),
    }
}

fn decide(
    lane: &mut Lane,
    given: &CommandGiven,
    granted: bool,
    reason: Option<String>,
    cx: &mut Cx<'_, Deployment>,
) {
    let waiting = subject(lane, cx).filter(|run| {
        lane.runs
            .get(run)
            .is_some_and(|plan| plan.approval == Approval::Asked && plan.stage == Stage::Gathering)
    });
    let Some((run, plan)) = waiting.and_then(|run| Some((run, lane.runs.get_mut(&run)?))) else {
        return refuse(given, "nothing waits for approval here", "status", cx);
    };
    if granted && plan.requester == cx.actor().0 {
        let reason = "whoever asked for a deployment can't approve it";
        return refuse(given, reason, "ask another approver", cx);
    }
    let by = cx.actor().0.clone();
    let event = ApprovalDecided {
        id: gates::approval_id(run),
        repo: plan.repo.clone(),
        granted,
        by,
        reason: reason.clone(),
    };
    cx.publish_for(run, event);
    let spoken = cx.actor().spoken();
    if granted {
        plan.approval = Approval::Granted;
        gates::consider(lane, run, cx);
    } else {
        let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        gates::end(lane, run, pipeline::Outcome::Refused, format!("{spoken} denied it{why}"), cx);
    }
}
