//! A rollout: from the version's start through its steps to the end of what it replaced.

use super::{Deployment, gates, told};
use crate::agent::Outcome;
use crate::context::Cx;
use crate::effects::{Measure, MeasureRequest, Measured, Target, TargetAnswer, TargetRequest};
use crate::rollout::{Lane, Phase, Plan, Rolling, Stage};
use orchestra_analytics::choice::{Known, choose};
use orchestra_analytics::plan::Pause;
use orchestra_events::RunId;
use orchestra_events::file::pipeline::Strategy;
use orchestra_events::pipeline::{
    self, Decision, DeploymentTriggered, Hold, RollbackEvent, RollbackStatus, Status, StepKind,
};
use serde_json::json;
use std::collections::BTreeMap;

/// Over how many seconds the traffic is looked up.
const TRAFFIC_SECONDS: i64 = 120;

/// Begins the rollout of the service at a place of the file; past the last one, everything is promoted.
pub(super) fn begin(lane: &mut Lane, run: RunId, index: usize, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    let Some(service) = plan.service(index) else { return settle(lane, run, cx) };
    let live = lane.services.get(&service.name).and_then(|record| record.live.clone());
    if live.as_deref() == Some(plan.version.as_str()) {
        return begin(lane, run, index + 1, cx);
    }
    if live.is_none() {
        return roll(lane, run, index, None, cx);
    }
    cx.because("the traffic decides which strategy can judge it");
    let measured = MeasureRequest {
        service: (service.environment, service.name),
        since: cx.now().0 / 1000 - TRAFFIC_SECONDS,
        events_after: u64::MAX,
    };
    cx.perform_for::<Measure>(Some(run), measured);
    plan.stage = Stage::Choosing(index);
}

/// The traffic is known, or known not to be known: a strategy is chosen and the version started.
pub(super) fn traffic_known(
    lane: &mut Lane,
    run: RunId,
    request: &MeasureRequest,
    outcome: Outcome<Measured>,
    cx: &mut Cx<'_, Deployment>,
) {
    let Some(Stage::Choosing(index)) = lane.runs.get(&run).map(|plan| plan.stage.clone()) else { return };
    let live = lane.services.get(&request.service.1).and_then(|record| record.live.clone());
    let rate = match (outcome, live) {
        (Outcome::Done(measured), Some(live)) => requests_per_minute(&measured, &live),
        (_, _) => None,
    };
    roll(lane, run, index, rate, cx);
}

/// The live version's traffic over the seconds that were measured; a service that just started was measured shorter.
fn requests_per_minute(measured: &Measured, live: &str) -> Option<f64> {
    let window = &measured.versions.get(live)?.window;
    let seconds = (measured.at - window.seconds.first()?.at).clamp(1, TRAFFIC_SECONDS);
    Some(window.total().requests as f64 * 60.0 / seconds as f64)
}

fn roll(
    lane: &mut Lane,
    run: RunId,
    index: usize,
    requests_per_minute: Option<f64>,
    cx: &mut Cx<'_, Deployment>,
) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    let Some(service) = plan.service(index) else { return settle(lane, run, cx) };
    let live = lane.services.get(&service.name).and_then(|record| record.live.clone());
    let Some(artefact) = plan.artefact.clone() else {
        let reason = "the artefact is gone".to_owned();
        return gates::end(lane, run, pipeline::Outcome::Failed, reason, cx);
    };
    let known = Known {
        first_version: live.is_none(),
        replicas: service.replicas,
        requests_per_minute,
        production: plan.environment == "production",
    };
    let asked = plan.asked_strategy.or(plan.deployment.strategy).map(strategy);
    let decision = choose(asked, &known);
    let (name, steps) = match live {
        None => ("first".to_owned(), Plan::first_steps(service.replicas)),
        Some(_) => (decision.chosen.to_string(), plan.steps(decision.chosen, service.replicas)),
    };
    let request = TargetRequest::Start {
        service: Box::new(service.clone()),
        version: plan.version.clone(),
        artefact,
        start: plan.start.clone(),
        search_paths: plan.search_paths.clone(),
        replicas: steps.first().map_or(service.replicas, |step| step.replicas),
    };
    let rolling =
        Rolling { index, service, strategy: name, baseline: live, steps, at: None, phase: Phase::Shifting };
    let mut event = told(plan, Some(&rolling), Status::InProgress);
    event.decision = Some(decided(&decision));
    cx.because(decision.because.clone());
    cx.publish_for(run, event);
    cx.perform_for::<Target>(Some(run), request);
    plan.stage = Stage::Rolling(Box::new(rolling));
}

/// The strategy in the words of the plan.
fn strategy(asked: Strategy) -> orchestra_analytics::plan::Strategy {
    match asked {
        Strategy::Canary => orchestra_analytics::plan::Strategy::Canary,
        Strategy::BlueGreen => orchestra_analytics::plan::Strategy::BlueGreen,
        Strategy::Rolling => orchestra_analytics::plan::Strategy::Rolling,
    }
}

fn decided(decision: &orchestra_analytics::choice::Decision) -> Decision {
    let known = match json!(decision.known) {
        serde_json::Value::Object(fields) => fields.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    Decision {
        chosen: decision.chosen.to_string(),
        alternatives: decision.alternatives.iter().map(|other| other.to_string()).collect(),
        propensity: decision.propensity,
        because: decision.because.clone(),
        known,
    }
}

/// The target did what it was asked, or could not.
pub(super) fn target_answered(
    lane: &mut Lane,
    run: RunId,
    request: TargetRequest,
    outcome: Outcome<TargetAnswer>,
    cx: &mut Cx<'_, Deployment>,
) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    let answer = match outcome {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Failed(reason) | Outcome::Unknown(reason) => Err(reason),
    };
    match (&mut plan.stage, request, answer) {
        (Stage::Rolling(rolling), TargetRequest::Start { .. }, Ok(_)) => {
            rolling.at = Some(0);
            shift(plan, run, cx);
        }
        (Stage::Rolling(rolling), TargetRequest::Share { .. }, Ok(answer)) => {
            rolling.phase = Phase::Analysing;
            let mut event = told(plan, rolling_of(plan), Status::InProgress);
            event.address = Some(answer.address);
            let analysed = event.step.as_ref().is_some_and(|step| step.seconds > 0);
            cx.because("the traffic is shifted");
            cx.publish_for(run, event);
            if !analysed {
                after_analysis(lane, run, cx);
            }
        }
        (Stage::Rolling(_), TargetRequest::Start { .. } | TargetRequest::Share { .. }, Err(reason)) => {
            broke(lane, run, &reason, cx);
        }
        // Only what was asked for this: a start that was under way when a person aborted answers as well.
        (
            Stage::PuttingBack(left),
            TargetRequest::Restore { service: (_, name), .. }
            | TargetRequest::Remove { service: (_, name), .. },
            answer,
        ) if left.first().is_some_and(|(first, _)| *first == name) => {
            if let Err(reason) = answer {
                let reason = format!("what was begun could not be put back: {reason}");
                return gates::end(lane, run, pipeline::Outcome::Failed, reason, cx);
            }
            if !left.is_empty() {
                left.remove(0);
            }
            put_back(lane, run, cx);
        }
        (Stage::Settling(left), TargetRequest::Settle { .. }, answer) => {
            if let Err(reason) = answer {
                // The version is live and proven; what could not be stopped costs memory, not trust.
                cx.because(format!("the old version could not be stopped: {reason}"));
            }
            if !left.is_empty() {
                left.remove(0);
            }
            settled(lane, run, cx);
        }
        // An answer that came after its stage was left: the removal of a version that never took traffic.
        (
            Stage::Gathering
            | Stage::Choosing(_)
            | Stage::GoingBack { .. }
            | Stage::PuttingBack(_)
            | Stage::Rolling(_)
            | Stage::Settling(_),
            _,
            _,
        ) => {}
    }
}

fn rolling_of(plan: &Plan) -> Option<&Rolling> {
    match &plan.stage {
        Stage::Rolling(rolling) => Some(rolling),
        Stage::Gathering
        | Stage::Choosing(_)
        | Stage::GoingBack { .. }
        | Stage::PuttingBack(_)
        | Stage::Settling(_) => None,
    }
}

/// Asks the target for the current step's share.
fn shift(plan: &mut Plan, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let version = plan.version.clone();
    let Stage::Rolling(rolling) = &mut plan.stage else { return };
    let Some(step) = rolling.at.and_then(|at| rolling.steps.get(at)) else { return };
    let request = TargetRequest::Share {
        service: (rolling.service.environment.clone(), rolling.service.name.clone()),
        version,
        baseline: rolling.baseline.clone(),
        weight: step.weight,
        replicas: step.replicas,
    };
    cx.because(format!("{} % of the traffic is next", step.weight));
    cx.perform_for::<Target>(Some(run), request);
    rolling.phase = Phase::Shifting;
}

/// The step's analysis passed, or none was needed: its pause comes, then the next step.
pub(super) fn after_analysis(lane: &mut Lane, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    let Stage::Rolling(rolling) = &mut plan.stage else { return };
    let pause = rolling.at.and_then(|at| rolling.steps.get(at)).and_then(|step| step.pause);
    match pause {
        Some(Pause::UntilPromoted) => hold(lane, run, Hold::Step, cx),
        Some(Pause::Seconds(seconds)) => {
            cx.because(format!("the step rests for {seconds} s"));
            let timer = cx.wake_for(Some(run), cx.now().plus_seconds(seconds), "pause");
            rolling.phase = Phase::Pausing(timer);
        }
        None => next(lane, run, cx),
    }
}

/// A step's pause is over.
pub(super) fn pause_over(lane: &mut Lane, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get(&run) else { return };
    if let Some(Rolling { phase: Phase::Pausing(timer), .. }) = rolling_of(plan)
        && cx.answered() == Some(timer.as_str())
    {
        next(lane, run, cx);
    }
}

/// Goes on to the next step; after the last one the service is promoted.
pub(super) fn next(lane: &mut Lane, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    let Stage::Rolling(rolling) = &mut plan.stage else { return };
    let at = rolling.at.map_or(0, |at| at + 1);
    if at < rolling.steps.len() {
        rolling.at = Some(at);
        return shift(plan, run, cx);
    }
    let (index, service, baseline) = (rolling.index, rolling.service.name.clone(), rolling.baseline.clone());
    plan.promoted.push((service, baseline));
    begin(lane, run, index + 1, cx);
}

/// Every service of the run is proven: the versions before are drained and stopped.
fn settle(lane: &mut Lane, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    if plan.promoted.is_empty() {
        let reason = format!("{} is live already", plan.version);
        return gates::end(lane, run, pipeline::Outcome::Live, reason, cx);
    }
    let services: Vec<String> = plan.promoted.iter().map(|(service, _)| service.clone()).collect();
    plan.stage = Stage::Settling(services);
    settled(lane, run, cx);
}

fn settled(lane: &mut Lane, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    let Stage::Settling(left) = &plan.stage else { return };
    if let Some(service) = left.first() {
        let service = (plan.environment.clone(), service.clone());
        let version = plan.version.clone();
        cx.because(format!("{version} of {} is proven", service.1));
        cx.perform_for::<Target>(Some(run), TargetRequest::Settle { service, version });
        return;
    }
    let (version, environment) = (plan.version.clone(), plan.environment.clone());
    for (service, _) in plan.promoted.clone() {
        let event = proven(plan, &service);
        lane.services.entry(service.clone()).or_default().goes_live(&version);
        remember_live(&environment, &service, &version, cx);
        cx.publish_for(run, event);
    }
    gates::end(lane, run, pipeline::Outcome::Live, format!("{version} takes all traffic"), cx);
}

fn proven(plan: &Plan, service: &str) -> DeploymentTriggered {
    let mut event = told(plan, None, Status::Success);
    event.service_name = service.to_owned();
    event.strategy = plan.deployment.strategy.unwrap_or_default().word().to_owned();
    event.step = Some(pipeline::RolloutStep {
        number: 0,
        of: 0,
        kind: StepKind::Proven,
        weight: 100,
        seconds: 0,
        least_seconds: 0,
        health_only: false,
        baseline: None,
    });
    event
}

/// Writes what `status` shows of a service.
pub(super) fn remember_live(environment: &str, service: &str, version: &str, cx: &mut Cx<'_, Deployment>) {
    let value = json!({
        "environment": environment,
        "service": service,
        "version": version,
        "lane": cx.lane(),
        "run": cx.run().map(|run| run.to_string()),
        "since": cx.now().0,
        "by": cx.pipeline().repo_context.asked_by,
    });
    cx.set(format!("service/{environment}/{service}"), Some(value));
}

/// The version could not be started or given traffic: it is taken away, and what this run promoted goes back.
fn broke(lane: &mut Lane, run: RunId, reason: &str, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    let Stage::Rolling(rolling) = &plan.stage else { return };
    let (service, version) = (rolling.service.clone(), plan.version.clone());
    let started_badly = rolling.at.is_none();
    let mut event = told(plan, Some(rolling), Status::Failed);
    event.reason = Some(reason.to_owned());
    cx.publish_for(run, event);
    if !started_badly && plan.rollback && rolling.baseline.is_some() {
        return ask_for_rollback(plan, run, service.name, reason, cx);
    }
    let name = (service.environment, service.name.clone());
    cx.perform_for::<Target>(Some(run), TargetRequest::Remove { service: name, version: version.clone() });
    // A first version among them has nothing to go back to; it must not keep the others from going back.
    match plan.promoted.iter().rposition(|(_, baseline)| baseline.is_some()) {
        Some(place) if plan.rollback => {
            let (earlier, _) = plan.promoted.remove(place);
            ask_for_rollback(
                plan,
                run,
                earlier,
                &format!("{} of this run failed: {reason}", service.name),
                cx,
            );
        }
        _ => {
            let reason = format!("{} {version} did not start: {reason}", service.name);
            gates::end(lane, run, pipeline::Outcome::Failed, reason, cx);
        }
    }
}

fn ask_for_rollback(plan: &mut Plan, run: RunId, service: String, reason: &str, cx: &mut Cx<'_, Deployment>) {
    cx.publish_for(
        run,
        RollbackEvent {
            repo: plan.repo.clone(),
            service: service.clone(),
            reason: reason.to_owned(),
            triggered_by: "agent:deployment".to_owned(),
            status: RollbackStatus::Requested,
            logs: None,
            rollback_to: None,
            agent: "deployment".to_owned(),
            rollback_from: Some(plan.version.clone()),
            environment: plan.environment.clone(),
        },
    );
    plan.stage = Stage::GoingBack { service, reason: reason.to_owned() };
}

/// A service is back: the others that this run promoted follow, then the run ends.
pub(super) fn went_back(lane: &mut Lane, run: RunId, event: &RollbackEvent, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    plan.promoted.retain(|(service, baseline)| *service != event.service && baseline.is_some());
    if let Some((service, _)) = plan.promoted.pop() {
        return ask_for_rollback(plan, run, service, &event.reason, cx);
    }
    let to = event.rollback_to.clone().unwrap_or_default();
    let reason = format!("{} is back on {to}: {}", event.service, event.reason);
    gates::end(lane, run, pipeline::Outcome::RolledBack, reason, cx);
}

/// Holds a rollout where it is, and says why.
pub(super) fn hold(lane: &mut Lane, run: RunId, hold: Hold, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    let Stage::Rolling(rolling) = &mut plan.stage else { return };
    if let Phase::Pausing(timer) = &rolling.phase {
        cx.cancel(timer.clone());
    }
    rolling.phase = Phase::Holding(hold.clone());
    cx.because("the rollout holds until a person decides");
    let mut event = told(plan, rolling_of(plan), Status::InProgress);
    event.hold = Some(hold);
    cx.publish_for(run, event);
}

/// Analyses the current step again.
pub(super) fn again(lane: &mut Lane, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get_mut(&run) else { return };
    shift(plan, run, cx);
}

/// Puts back what a person's abort left, service by service, then ends the run.
pub(super) fn put_back(lane: &mut Lane, run: RunId, cx: &mut Cx<'_, Deployment>) {
    let Some(plan) = lane.runs.get(&run) else { return };
    let Stage::PuttingBack(left) = &plan.stage else { return };
    let Some((name, baseline)) = left.first().cloned() else {
        let by = plan.aborted_by.clone().unwrap_or_default();
        let reason = format!("{by} aborted it; what was live before is live");
        return gates::end(lane, run, pipeline::Outcome::Aborted, reason, cx);
    };
    let service = (plan.environment.clone(), name);
    let request = match baseline {
        Some(to) => TargetRequest::Restore { service, to },
        None => TargetRequest::Remove { service, version: plan.version.clone() },
    };
    cx.perform_for::<Target>(Some(run), request);
}
