//! Watches: compares a rollout's version with what it replaces, and raises alerts on what is live.
//!
//! It asks for measurements at stated times, judges them with [`orchestra_analytics`], and says what it found
//! with the numbers. No data is a verdict of its own.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome, Wake};
use crate::context::Cx;
use crate::effects::{Measure, MeasureRequest, Measured};
use crate::watching::{Alarm, LiveService, Watch, Watched};
use orchestra_events::RunId;
use orchestra_events::pipeline::{
    AlertState, AnalysisFinished, DeploymentTriggered, ObservabilityAlert, RollbackEvent, RollbackStatus,
    Severity, Status, StepKind,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often a live service is looked at, in seconds.
const LIVE_LOOK_SECONDS: u64 = 15;
/// Over how many seconds a live service's metrics are taken.
const LIVE_WINDOW_SECONDS: i64 = 60;

agent! {
    /// Watches: compares a rollout's version with what it replaces, and raises alerts on what is live.
    Observability = "observability",
    keyed by Lane,
    state Watches,
    subscribes { DeploymentTriggered, RollbackEvent },
    publishes { AnalysisFinished, ObservabilityAlert },
    uses { Measure, Wake },
}

/// What is watched in a lane, by service.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Watches {
    /// Rollouts under analysis.
    pub rollouts: BTreeMap<String, Watch>,
    /// Live services.
    pub live: BTreeMap<String, LiveService>,
}

impl Handles<DeploymentTriggered> for Observability {
    fn handle(watches: &mut Watches, event: &DeploymentTriggered, cx: &mut Cx<'_, Self>) {
        let Some(run) = cx.run() else { return };
        let service = event.service_name.clone();
        if event.status != Status::InProgress || event.hold.is_some() {
            stop_watch(watches, run, &service);
        }
        match (&event.step, event.status, &event.hold) {
            (Some(step), Status::InProgress, None) if step.seconds > 0 => {
                stop_watch(watches, run, &service);
                let watch = Watch::begin(run, event, step.clone(), cx.pipeline(), cx.now());
                next_look(&service, &watch, cx);
                cx.because(format!("{} is analysed for {} s", event.version, step.seconds));
                watches.rollouts.insert(service, watch);
            }
            (Some(step), Status::Success, _) if step.kind == StepKind::Proven => {
                went_live(watches, run, event, cx);
            }
            _ => {}
        }
    }
}

impl Handles<RollbackEvent> for Observability {
    fn handle(watches: &mut Watches, event: &RollbackEvent, _: &mut Cx<'_, Self>) {
        if event.status == RollbackStatus::InProgress {
            watches.rollouts.remove(&event.service);
        }
        if event.status == RollbackStatus::Success
            && let (Some(live), Some(to)) = (watches.live.get_mut(&event.service), &event.rollback_to)
        {
            live.version.clone_from(to);
        }
    }
}

impl Answers<Wake> for Observability {
    fn answer(watches: &mut Watches, note: String, _: Outcome<()>, cx: &mut Cx<'_, Self>) {
        let mut words = note.splitn(3, ' ');
        let (what, mark, service) = (words.next(), words.next(), words.next().unwrap_or_default());
        match what.unwrap_or_default() {
            "rollout" => {
                // A timer of a watch that was stopped and begun again has another mark.
                let marked = |watch: &&Watch| mark == Some(watch.mark().as_str());
                if let Some(watch) = watches.rollouts.get(service).filter(marked) {
                    let since = watch.measured_from();
                    measure(&watch.environment, service, since, watch.events_seen, Some(watch.run), cx);
                }
            }
            "live" => {
                if let Some(live) = watches.live.get_mut(service) {
                    let since = cx.now().0 / 1000 - LIVE_WINDOW_SECONDS;
                    live.asked_since = since;
                    measure(&live.environment, service, since, live.events_seen, Some(live.run), cx);
                }
            }
            _ => {}
        }
    }
}

impl Answers<Measure> for Observability {
    fn answer(
        watches: &mut Watches,
        request: MeasureRequest,
        outcome: Outcome<Measured>,
        cx: &mut Cx<'_, Self>,
    ) {
        let measured = match outcome {
            Outcome::Done(measured) => measured,
            Outcome::Failed(reason) | Outcome::Unknown(reason) => {
                Measured { at: cx.now().0 / 1000, unreachable: Some(reason), ..Measured::default() }
            }
        };
        let service = request.service.1;
        let asked_by_watch =
            |watch: &&mut Watch| Some(watch.run) == cx.run() && watch.measured_from() == request.since;
        match watches.rollouts.get_mut(&service).filter(asked_by_watch) {
            Some(watch) => match watch.look(&service, &measured, cx.now()) {
                Watched::GoesOn => next_look(&service, &watches.rollouts[&service], cx),
                Watched::Finished(finished) => {
                    watches.rollouts.remove(&service);
                    cx.because(finished.summary.clone());
                    cx.publish(*finished);
                }
            },
            // A look at a rollout that is over finds no watch; only a live look goes on.
            None => {
                let live = watches.live.get_mut(&service);
                if let Some(live) = live.filter(|live| request.since == live.asked_since) {
                    for alarm in live.look(&measured) {
                        tell(live, &service, alarm, cx);
                    }
                    next_live_look(&service, live.run, cx);
                }
            }
        }
    }
}

fn stop_watch(watches: &mut Watches, run: RunId, service: &str) {
    // The timer that is still set finds nothing to look at and says nothing.
    watches.rollouts.retain(|name, watch| watch.run != run || (!service.is_empty() && name != service));
}

fn went_live(watches: &mut Watches, run: RunId, event: &DeploymentTriggered, cx: &mut Cx<'_, Observability>) {
    let Some(config) = &cx.pipeline().repo_context.config else { return };
    if !config.observability.enabled {
        watches.live.remove(&event.service_name);
        return;
    }
    let first = !watches.live.contains_key(&event.service_name);
    let live = LiveService::new(run, event, config, watches.live.remove(&event.service_name));
    watches.live.insert(event.service_name.clone(), live);
    if first {
        next_live_look(&event.service_name, run, cx);
    }
}

fn next_look(service: &str, watch: &Watch, cx: &mut Cx<'_, Observability>) {
    cx.wake_for(Some(watch.run), watch.next_look(cx.now()), format!("rollout {} {service}", watch.mark()));
}

fn next_live_look(service: &str, run: RunId, cx: &mut Cx<'_, Observability>) {
    cx.wake_for(Some(run), cx.now().plus_seconds(LIVE_LOOK_SECONDS), format!("live - {service}"));
}

fn measure(
    environment: &str,
    service: &str,
    since: i64,
    events_after: u64,
    run: Option<RunId>,
    cx: &mut Cx<'_, Observability>,
) {
    let service = (environment.to_owned(), service.to_owned());
    cx.perform_for::<Measure>(run, MeasureRequest { service, since, events_after });
}

fn tell(live: &LiveService, service: &str, alarm: Alarm, cx: &mut Cx<'_, Observability>) {
    let severity = match alarm.severity {
        orchestra_analytics::alerts::Severity::Info => Severity::Info,
        orchestra_analytics::alerts::Severity::Warning => Severity::Warning,
        orchestra_analytics::alerts::Severity::Critical => Severity::Critical,
    };
    cx.because(alarm.issue.clone());
    cx.publish_for(
        live.run,
        ObservabilityAlert {
            repo: live.repo.clone(),
            service: service.to_owned(),
            issue: alarm.issue,
            severity,
            logs: None,
            metrics: alarm.value.map(|value| BTreeMap::from([(alarm.name.clone(), value)])),
            agent: "observability".to_owned(),
            name: alarm.name,
            state: if alarm.raised { AlertState::Raised } else { AlertState::Resolved },
            environment: live.environment.clone(),
        },
    );
}

#[cfg(test)]
#[path = "observability_tests.rs"]
mod tests;
