//! Takes a service back to the last good version, at once, and never to one that was refused.

use crate::agent;
use crate::agent::{Answers, Handles, Outcome};
use crate::context::Cx;
use crate::effects::{Target, TargetAnswer, TargetRequest};
use orchestra_events::Command;
use orchestra_events::people::{CommandGiven, CommandRefused};
use orchestra_events::pipeline::{
    AnalysisFinished, DeploymentTriggered, RollbackEvent, RollbackStatus, RunEnded, Status, StepKind,
    StepVerdict,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many versions are remembered as good, and as refused.
const REMEMBERED: usize = 20;

agent! {
    /// Takes a service back to the last good version, at once, and never to one that was refused.
    Rollback = "rollback",
    keyed by Lane,
    state Histories,
    subscribes { DeploymentTriggered, AnalysisFinished, RollbackEvent, CommandGiven, RunEnded },
    publishes { RollbackEvent, CommandRefused },
    uses { Target },
}

/// What is known of each service of a lane.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histories(pub BTreeMap<String, History>);

/// Which versions of a service were good, and which were not.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct History {
    /// Versions that were proven, newest last; the last is live unless a rollout or rollback goes on.
    pub good: Vec<String>,
    /// Versions that were refused or taken back.
    pub refused: Vec<String>,
    /// The version that a rollout brings, with what it replaces.
    pub coming: Option<(String, Option<String>)>,
    /// The rollback under way.
    pub going: Option<RollbackEvent>,
}

impl History {
    /// The version that traffic can go back to from `from`, as asked or the last good one.
    fn way_back(&self, from: Option<&str>, asked: Option<&str>) -> Result<String, String> {
        if let Some(asked) = asked {
            if self.refused.iter().any(|version| version == asked) {
                return Err(format!("{asked} was refused before; it is never gone back to"));
            }
            return match self.good.iter().find(|version| *version == asked) {
                Some(version) if Some(version.as_str()) != from => Ok(version.clone()),
                Some(_) => Err(format!("{asked} is live already")),
                None => Err(format!("{asked} was never live here")),
            };
        }
        let back = self.good.iter().rev().find(|version| {
            Some(version.as_str()) != from && !self.refused.iter().any(|refused| refused == *version)
        });
        back.cloned().ok_or_else(|| "there is no earlier good version to go back to".to_owned())
    }

    /// The version that would be taken back now.
    fn current(&self) -> Option<String> {
        let coming = self.coming.as_ref().map(|(version, _)| version.clone());
        coming.or_else(|| self.good.last().cloned())
    }
}

fn remember(list: &mut Vec<String>, version: &str) {
    list.retain(|known| known != version);
    list.push(version.to_owned());
    let surplus = list.len().saturating_sub(REMEMBERED);
    list.drain(..surplus);
}

impl Handles<DeploymentTriggered> for Rollback {
    fn handle(histories: &mut Histories, event: &DeploymentTriggered, _: &mut Cx<'_, Self>) {
        let Some(step) = &event.step else { return };
        let history = histories.0.entry(event.service_name.clone()).or_default();
        match (event.status, step.kind) {
            (Status::Success, StepKind::Proven) => {
                // Whoever puts a version live again knows better than its old refusal.
                history.refused.retain(|version| *version != event.version);
                remember(&mut history.good, &event.version);
                history.coming = None;
            }
            (Status::InProgress, _) => history.coming = Some((event.version.clone(), step.baseline.clone())),
            (Status::Failed, _) => {
                remember(&mut history.refused, &event.version);
                history.coming = None;
            }
            (Status::Success, StepKind::Start | StepKind::Share | StepKind::Promotion) => {}
        }
    }
}

impl Handles<AnalysisFinished> for Rollback {
    fn handle(histories: &mut Histories, finished: &AnalysisFinished, cx: &mut Cx<'_, Self>) {
        let context = &cx.pipeline().repo_context;
        let enabled = context.config.as_ref().is_some_and(|config| config.rollback.enabled);
        let over = cx.pipeline().ended();
        if finished.verdict != StepVerdict::Fail || !enabled || over {
            return;
        }
        let asked = request(
            &finished.repo,
            &finished.service,
            &context.environment,
            &finished.summary,
            "agent:observability",
        );
        begin(histories, asked, cx);
    }
}

impl Handles<RollbackEvent> for Rollback {
    fn handle(histories: &mut Histories, event: &RollbackEvent, cx: &mut Cx<'_, Self>) {
        if event.status == RollbackStatus::Requested {
            begin(histories, event.clone(), cx);
        }
    }
}

impl Handles<RunEnded> for Rollback {
    /// What a run that is over was bringing comes no more: after an abort what is live is the last good one.
    fn handle(histories: &mut Histories, _: &RunEnded, cx: &mut Cx<'_, Self>) {
        let version = cx.pipeline().repo_context.version();
        for history in histories.0.values_mut() {
            history.coming.take_if(|(coming, _)| *coming == version);
        }
    }
}

impl Handles<CommandGiven> for Rollback {
    fn handle(histories: &mut Histories, given: &CommandGiven, cx: &mut Cx<'_, Self>) {
        let Command::Rollback { to, .. } = &given.command else { return };
        let Some(service) = given.service.clone() else { return };
        let history = histories.0.entry(service.clone()).or_default();
        if history.going.is_some() {
            return refuse(given, format!("{service} is being taken back already"), cx);
        }
        if let Err(reason) = history.way_back(history.current().as_deref(), to.as_deref()) {
            return refuse(given, reason, cx);
        }
        let context = &cx.pipeline().repo_context;
        let reason = format!("{} asked for it", cx.actor().spoken());
        let mut asked = request(&context.repo, &service, &context.environment, &reason, &cx.actor().0);
        asked.rollback_to.clone_from(to);
        begin(histories, asked, cx);
    }
}

impl Answers<Target> for Rollback {
    fn answer(
        histories: &mut Histories,
        request: TargetRequest,
        outcome: Outcome<TargetAnswer>,
        cx: &mut Cx<'_, Self>,
    ) {
        let TargetRequest::Restore { service: (_, service), to } = request else { return };
        let Some(history) = histories.0.get_mut(&service) else { return };
        let Some(mut event) = history.going.take() else { return };
        match outcome {
            Outcome::Done(_) => {
                if let Some(from) = &event.rollback_from {
                    remember(&mut history.refused, from);
                    history.good.retain(|version| version != from);
                }
                remember(&mut history.good, &to);
                history.coming = None;
                event.status = RollbackStatus::Success;
            }
            Outcome::Failed(reason) | Outcome::Unknown(reason) => {
                event.status = RollbackStatus::Failed;
                event.reason = format!("{to} could not take the traffic: {reason}");
            }
        }
        cx.because(event.reason.clone());
        cx.publish(event);
    }
}

/// Begins a rollback, or says that there is nothing to go back to.
fn begin(histories: &mut Histories, mut event: RollbackEvent, cx: &mut Cx<'_, Rollback>) {
    let history = histories.0.entry(event.service.clone()).or_default();
    if history.going.is_some() {
        return;
    }
    event.agent = "rollback".to_owned();
    event.rollback_from = history.current();
    cx.because(event.reason.clone());
    match history.way_back(event.rollback_from.as_deref(), event.rollback_to.as_deref()) {
        Ok(to) => {
            event.rollback_to = Some(to.clone());
            event.status = RollbackStatus::InProgress;
            history.going = Some(event.clone());
            let service = (event.environment.clone(), event.service.clone());
            cx.perform::<Target>(TargetRequest::Restore { service, to });
        }
        Err(reason) => {
            event.status = RollbackStatus::Failed;
            event.reason = format!("{} ({reason})", event.reason);
        }
    }
    cx.publish(event);
}

fn request(repo: &str, service: &str, environment: &str, reason: &str, by: &str) -> RollbackEvent {
    RollbackEvent {
        repo: repo.to_owned(),
        service: service.to_owned(),
        reason: reason.to_owned(),
        triggered_by: by.to_owned(),
        status: RollbackStatus::Requested,
        logs: None,
        rollback_to: None,
        agent: "rollback".to_owned(),
        rollback_from: None,
        environment: environment.to_owned(),
    }
}

fn refuse(given: &CommandGiven, reason: String, cx: &mut Cx<'_, Rollback>) {
    cx.because(reason.clone());
    cx.publish(CommandRefused {
        command: given.command.name().to_owned(),
        reason,
        instead: "status, or deploy a version that is kept".to_owned(),
        thread: given.thread.clone(),
    });
}

#[cfg(test)]
#[path = "rollback_tests.rs"]
mod tests;
