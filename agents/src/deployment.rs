//! Puts a version live, step by step, once every gate is met; one run at a time in a lane.
//!
//! It waits for verdicts and never makes them, and it leaves taking back to the rollback agent; only what a
//! person aborts does it put back itself, since nothing went wrong then.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome, Wake};
use crate::context::Cx;
use crate::effects::{Measure, MeasureRequest, Measured, Target, TargetAnswer, TargetRequest};
use crate::rollout::{Lane, Phase, Plan, Rolling, Stage};
use orchestra_events::people::{ApprovalDecided, ApprovalRequested, CommandGiven, CommandRefused};
use orchestra_events::pipeline::{
    self, AnalysisFinished, BuildReady, CodeAnalysis, CodePush, DeploymentTriggered, Hold, IaCReady,
    RollbackEvent, RunEnded, Status, StepVerdict, TestResults,
};

mod commands;
mod gates;
mod steps;

agent! {
    /// Puts a version live, step by step, once every gate is met; one run at a time in a lane.
    Deployment = "deployment",
    keyed by Lane,
    state Lane,
    subscribes {
        CodePush, BuildReady, TestResults, CodeAnalysis, IaCReady, AnalysisFinished, RollbackEvent, CommandGiven,
    },
    publishes {
        DeploymentTriggered, RollbackEvent, RunEnded, ApprovalRequested, ApprovalDecided, CommandRefused,
    },
    uses { Target, Measure, Wake },
}

impl Handles<CodePush> for Deployment {
    fn handle(lane: &mut Lane, push: &CodePush, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        if lane.runs.contains_key(&run) {
            return;
        }
        gates::supersede(lane, run, &push.commit_id, cx);
        lane.runs.insert(run, gates::plan_of(push, cx));
        // A slow fetch can bring an older push after a newer one.
        if let Some(newer) = lane.runs.keys().copied().find(|other| *other > run) {
            let reason = format!("{newer} is newer and was here before");
            return gates::end(lane, run, pipeline::Outcome::Superseded, reason, cx);
        }
        gates::consider(lane, run, cx);
    }
}

impl Handles<BuildReady> for Deployment {
    fn handle(lane: &mut Lane, built: &BuildReady, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        if let Some(plan) = lane.runs.get_mut(&run)
            && built.status == Status::Success
        {
            plan.artefact.clone_from(&built.artefact);
            plan.start.clone_from(&built.start);
            plan.search_paths.clone_from(&built.search_paths);
        }
        let why = built.reason.clone().unwrap_or_else(|| "the build failed".to_owned());
        gates::gate(
            lane,
            run,
            built.status,
            |gates| &mut gates.build,
            format!("the build failed: {why}"),
            cx,
        );
    }
}

impl Handles<TestResults> for Deployment {
    fn handle(lane: &mut Lane, results: &TestResults, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        let why = match &results.reason {
            Some(reason) => format!("the tests failed: {reason}"),
            None => format!("{} of {} tests failed", results.failed, results.total_tests),
        };
        gates::gate(lane, run, results.status, |gates| &mut gates.tests, why, cx);
    }
}

impl Handles<CodeAnalysis> for Deployment {
    fn handle(lane: &mut Lane, analysis: &CodeAnalysis, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        let status = if analysis.passed { Status::Success } else { Status::Failed };
        let why = match (&analysis.reason, analysis.errors.first()) {
            (Some(reason), _) => format!("the code could not be read: {reason}"),
            (None, Some(first)) => format!(
                "the code analysis found {} errors, the first in {}:{}: {}",
                analysis.errors.len(),
                first.file,
                first.line,
                first.message
            ),
            (None, None) => "the code analysis failed".to_owned(),
        };
        gates::gate(lane, run, status, |gates| &mut gates.analysis, why, cx);
    }
}

impl Handles<IaCReady> for Deployment {
    fn handle(lane: &mut Lane, ready: &IaCReady, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        let why = format!("the infrastructure is not ready: {}", ready.reason);
        gates::gate(lane, run, ready.status, |gates| &mut gates.infrastructure, why, cx);
    }
}

impl Handles<AnalysisFinished> for Deployment {
    fn handle(lane: &mut Lane, finished: &AnalysisFinished, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        let Some(plan) = lane.runs.get_mut(&run) else { return };
        let Stage::Rolling(rolling) = &mut plan.stage else { return };
        let current = rolling.told(false).number;
        let waits = matches!(rolling.phase, Phase::Analysing);
        if !waits || rolling.service.name != finished.service || current != finished.step {
            return;
        }
        match finished.verdict {
            StepVerdict::Pass => steps::after_analysis(lane, run, cx),
            StepVerdict::Fail if plan.rollback => {
                // The rollback agent has heard the same verdict and takes the service back.
                cx.because(format!("refused: {}", finished.summary));
                let service = rolling.service.name.clone();
                plan.stage = Stage::GoingBack { service, reason: finished.summary.clone() };
            }
            StepVerdict::Fail => {
                let why = format!("{}; the file switches rollback off", finished.summary);
                steps::hold(lane, run, Hold::Inconclusive(vec![why]), cx);
            }
            StepVerdict::Inconclusive | StepVerdict::NoData => {
                let mut lacking = finished.lacking.clone();
                if lacking.is_empty() {
                    lacking.push(finished.summary.clone());
                }
                steps::hold(lane, run, Hold::Inconclusive(lacking), cx);
            }
        }
    }
}

impl Handles<RollbackEvent> for Deployment {
    fn handle(lane: &mut Lane, event: &RollbackEvent, cx: &mut Cx<'_, Self>) {
        use pipeline::RollbackStatus::{Failed, InProgress, Requested, Success};
        // Asked for in an older run's thread, it takes back what rolls out now all the same.
        let rolling = lane.rolling.filter(|run| {
            let coming = lane.runs.get(run).map(|plan| plan.version.as_str());
            cx.run() == Some(*run) || (coming.is_some() && coming == event.rollback_from.as_deref())
        });
        match event.status {
            Requested => {}
            InProgress => {
                if let Some(plan) = rolling.and_then(|run| lane.runs.get_mut(&run)) {
                    let (service, reason) = (event.service.clone(), event.reason.clone());
                    plan.stage = Stage::GoingBack { service, reason };
                }
            }
            Success => {
                if let Some(to) = &event.rollback_to {
                    lane.services.entry(event.service.clone()).or_default().live = Some(to.clone());
                    steps::remember_live(&event.environment, &event.service, to, cx);
                }
                if let Some(run) = rolling {
                    steps::went_back(lane, run, event, cx);
                }
            }
            Failed => {
                if let Some(run) = rolling {
                    let reason = format!("{} could not be taken back: {}", event.service, event.reason);
                    gates::end(lane, run, pipeline::Outcome::Failed, reason, cx);
                }
            }
        }
    }
}

impl Handles<CommandGiven> for Deployment {
    fn handle(lane: &mut Lane, given: &CommandGiven, cx: &mut Cx<'_, Self>) {
        commands::follow(lane, given, cx);
    }
}

impl Answers<Target> for Deployment {
    fn answer(
        lane: &mut Lane,
        request: TargetRequest,
        outcome: Outcome<TargetAnswer>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(run) = cx.run() else { return };
        steps::target_answered(lane, run, request, outcome, cx);
    }
}

impl Answers<Measure> for Deployment {
    fn answer(lane: &mut Lane, request: MeasureRequest, outcome: Outcome<Measured>, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        steps::traffic_known(lane, run, &request, outcome, cx);
    }
}

impl Answers<Wake> for Deployment {
    fn answer(lane: &mut Lane, note: String, _: Outcome<()>, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        match note.as_str() {
            "freeze" => gates::consider(lane, run, cx),
            "pause" => steps::pause_over(lane, run, cx),
            _ => {}
        }
    }
}

/// An event about a run's rollout as it stands.
fn told(plan: &Plan, rolling: Option<&Rolling>, status: Status) -> DeploymentTriggered {
    DeploymentTriggered {
        repo: plan.repo.clone(),
        service_name: rolling.map(|rolling| rolling.service.name.clone()).unwrap_or_default(),
        version: plan.version.clone(),
        strategy: rolling.map(|rolling| rolling.strategy.clone()).unwrap_or_default(),
        status,
        logs: None,
        agent: "deployment".to_owned(),
        decision: None,
        environment: plan.environment.clone(),
        step: rolling.map(|rolling| rolling.told(plan.health_only())),
        hold: None,
        reason: None,
        address: None,
    }
}

#[cfg(test)]
#[path = "deployment_tests.rs"]
mod tests;
