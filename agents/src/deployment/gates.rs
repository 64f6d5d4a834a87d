//! Before a rollout: what a run waits for, and how it ends.

use super::{Deployment, steps, told};
use crate::context::Cx;
use crate::rollout::{Approval, Gate, Gates, Lane, Plan, Stage};
use orchestra_events::file::served::{RUNTIMES, TARGETS};
use orchestra_events::people::ApprovalRequested;
use orchestra_events::pipeline::{self, CodePush, Hold, RunEnded, Status};
use orchestra_events::{Digest, RunId};

/// How often a run that waits for a freeze's end looks again, in seconds.
const FREEZE_LOOK_SECONDS: u64 = 5;

/// The environment whose deployments may need approval.
const PRODUCTION: &str = "production";

pub(super) fn plan_of(push: &CodePush, cx: &Cx<'_, Deployment>) -> Plan {
    let config = &push.config;
    let mut gates = Gates::default();
    if push.kept.is_some() {
        (gates.build, gates.tests, gates.analysis) = (Gate::Met, Gate::Met, Gate::Met);
    }
    Plan {
        repo: push.repo.clone(),
        environment: push.environment.clone(),
        version: pipeline::version_of(&push.commit_id),
        requester: requester(cx),
        deployment: config.deployment.clone(),
        rollback: config.rollback.enabled,
        watch_seconds: config.rollback.threshold.duration,
        secrets: config.secrets.keys.clone(),
        gates,
        artefact: push.kept.as_ref().map(|kept| kept.artefact.clone()),
        start: push.kept.as_ref().map(|kept| kept.start.clone()).unwrap_or_default(),
        search_paths: push.kept.as_ref().map(|kept| kept.search_paths.clone()).unwrap_or_default(),
        asked_strategy: push
            .kept
            .as_ref()
            .and_then(|kept| super::commands::strategy(kept.strategy.as_deref()?)),
        approval: Approval::NotAsked,
        stage: Stage::Gathering,
        promoted: Vec::new(),
        aborted_by: None,
    }
}

/// Who asked for the run: the fold knows it from the push; a kept version's run begins with the command's actor.
fn requester(cx: &Cx<'_, Deployment>) -> String {
    let asked = &cx.pipeline().repo_context.asked_by;
    if asked.is_empty() { cx.actor().0.clone() } else { asked.clone() }
}

/// A newer push takes the place of those that are not rolling out yet.
pub(super) fn supersede(lane: &mut Lane, newer: RunId, commit: &str, cx: &mut Cx<'_, Deployment>) {
    let waiting: Vec<RunId> = lane
        .runs
        .iter()
        .filter(|(run, plan)| **run < newer && plan.stage == Stage::Gathering)
        .map(|(run, _)| *run)
        .collect();
    for run in waiting {
        let reason = format!("{newer} with {} took its place", pipeline::version_of(commit));
        end(lane, run, pipeline::Outcome::Superseded, reason, cx);
    }
}

/// Notes what a gate said, and ends the run when it said no.
pub(super) fn gate(
    lane: &mut Lane,
    run: RunId,
    status: Status,
    which: fn(&mut Gates) -> &mut Gate,
    why: String,
    cx: &mut Cx<'_, Deployment>,
) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    if plan.stage != Stage::Gathering {
        return;
    }
    match status {
        Status::InProgress => {}
        Status::Success => {
            *which(&mut plan.gates) = Gate::Met;
            consider(lane, run, cx);
        }
        Status::Failed => end(lane, run, pipeline::Outcome::Failed, why, cx),
    }
}

/// Looks whether a run may begin to roll out; says what it waits for when it may not.
pub(super) fn consider(lane: &mut Lane, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    if plan.stage != Stage::Gathering {
        return;
    }
    let open = plan.gates.open();
    if !open.is_empty() {
        return wait(plan, run, Hold::Gates(open), cx);
    }
    if let Some(refusal) = refusal(plan) {
        return end(lane, run, pipeline::Outcome::Refused, refusal, cx);
    }
    if let Some(frozen) = freeze(plan, cx) {
        cx.wake_for(Some(run), cx.now().plus_seconds(FREEZE_LOOK_SECONDS), "freeze");
        return wait(plan, run, Hold::Freeze(frozen), cx);
    }
    let wants_approval = cx.setting("config/approvals").and_then(serde_json::Value::as_bool).unwrap_or(false);
    if plan.environment == PRODUCTION && wants_approval && plan.approval != Approval::Granted {
        let id = approval_id(run);
        if plan.approval == Approval::NotAsked {
            plan.approval = Approval::Asked;
            cx.publish_for(
                run,
                ApprovalRequested {
                    id: id.clone(),
                    repo: plan.repo.clone(),
                    version: plan.version.clone(),
                    environment: plan.environment.clone(),
                    subject: plan.artefact.clone().unwrap_or_else(|| Digest::of(b"")),
                    requester: plan.requester.clone(),
                },
            );
        }
        return wait(plan, run, Hold::Approval(id), cx);
    }
    if let Some(other) = lane.rolling {
        return wait(plan, run, Hold::Run(other.to_string()), cx);
    }
    lane.rolling = Some(run);
    steps::begin(lane, run, 0, cx);
}

/// The id of a run's approval.
pub(super) fn approval_id(run: RunId) -> String {
    format!("APR-{}", run.0)
}

/// Why a run that met its gates can't be deployed by this version.
fn refusal(plan: &Plan) -> Option<String> {
    let deployment = &plan.deployment;
    if !TARGETS.contains(&deployment.target.as_str()) {
        let targets = TARGETS.join(", ");
        return Some(format!("no target serves `{}`; there is: {targets}", deployment.target));
    }
    if deployment.services.is_empty() {
        return Some("there is nothing to deploy: deployment.services names no service".to_owned());
    }
    let foreign = |runtime: &&String| !RUNTIMES.contains(&runtime.as_str());
    if let Some(runtime) =
        deployment.services.iter().find_map(|service| service.runtime.as_ref().filter(foreign))
    {
        let runtimes = RUNTIMES.join(", ");
        return Some(format!("no target serves the runtime `{runtime}`; there is: {runtimes}"));
    }
    let without_port = deployment.services.iter().find(|service| service.port.is_none())?;
    Some(format!("service `{}` has no port: set deployment.services[].port", without_port.name))
}

/// The freeze that stands in a run's way, with who set it.
fn freeze(plan: &Plan, cx: &Cx<'_, Deployment>) -> Option<String> {
    let now = cx.now().0;
    let stands = |value: &serde_json::Value| value["until"].as_i64().is_none_or(|until| until > now);
    let environment = format!("freeze/environment/{}", plan.environment);
    let services = plan.deployment.services.iter().map(|service| format!("freeze/service/{}", service.name));
    let mut names = services.chain([environment, "freeze/all".to_owned()]);
    let (name, value) = names.find_map(|name| {
        let value = cx.setting(&name)?;
        stands(value).then_some((name, value))
    })?;
    let what = name.trim_start_matches("freeze/").replace('/', " ");
    Some(format!("{what} is frozen by {}", value["by"].as_str().unwrap_or("someone")))
}

/// Tells what a run waits for, unless the thread shows it already.
fn wait(plan: &Plan, run: RunId, hold: Hold, cx: &mut Cx<'_, Deployment>) {
    let shown = cx.run() == Some(run) && cx.pipeline().deployment.hold.as_ref() == Some(&hold);
    // Open gates are on the card as what their agents do; only a change in what blocks is news.
    if shown || matches!(hold, Hold::Gates(_)) {
        return;
    }
    let mut event = told(plan, None, Status::InProgress);
    event.hold = Some(hold);
    cx.publish_for(run, event);
}

/// Ends a run, and lets those that waited for it go on.
pub(super) fn end(
    lane: &mut Lane,
    run: RunId,
    outcome: pipeline::Outcome,
    reason: String,
    cx: &mut Cx<'_, Deployment>,
) {
    let Some(plan) = lane.runs.remove(&run) else { return };
    cx.because(reason.clone());
    cx.publish_for(run, RunEnded { repo: plan.repo, outcome, reason });
    if lane.rolling == Some(run) {
        lane.rolling = None;
        let waiting: Vec<RunId> = lane.runs.keys().copied().collect();
        for next in waiting {
            consider(lane, next, cx);
        }
    }
}
