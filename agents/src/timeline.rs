//! What an event says in one line of a timeline. Pure.

use crate::effects::TimelineLine;
use orchestra_events::pipeline::{Hold, RollbackStatus, Status, StepKind, version_of};
use orchestra_events::{AnyEvent, Envelope};

/// The line of an event; `None` for an event that tells a reader nothing.
pub fn line(envelope: &Envelope) -> Option<TimelineLine> {
    let event = AnyEvent::decode(envelope).ok()?;
    let what = what(&event)?;
    let what = what.lines().next().unwrap_or_default().chars().take(300).collect();
    let actor = envelope.actor.spoken();
    Some(TimelineLine { at: envelope.time, event: envelope.id.0.clone(), actor, what })
}

fn what(event: &AnyEvent) -> Option<String> {
    Some(match event {
        AnyEvent::PushRequested(push) => format!("{} was pushed", push.repo),
        AnyEvent::CodePush(push) => format!("{} fetched: {}", version_of(&push.commit_id), push.message),
        AnyEvent::BuildReady(built) => match built.status {
            Status::InProgress => format!("build with {} began", built.tool),
            Status::Success => format!("built with {}", built.tool),
            Status::Failed => format!("build failed: {}", built.reason.as_deref().unwrap_or("?")),
        },
        AnyEvent::CodeAnalysis(analysis) if analysis.passed => "code analysis passed".to_owned(),
        AnyEvent::CodeAnalysis(analysis) => format!("code analysis found {} errors", analysis.errors.len()),
        AnyEvent::TestResults(results) => match results.status {
            Status::InProgress => "tests began".to_owned(),
            Status::Success | Status::Failed => {
                format!("{} of {} tests passed", results.passed, results.total_tests)
            }
        },
        AnyEvent::IaCReady(ready) => format!("infrastructure: {}", ready.reason),
        AnyEvent::DeploymentTriggered(event) => deployment(event)?,
        AnyEvent::AnalysisFinished(finished) => finished.summary.clone(),
        AnyEvent::ObservabilityAlert(alert) => format!("alert on {}: {}", alert.service, alert.issue),
        AnyEvent::RollbackEvent(event) => {
            let to = event.rollback_to.as_deref().unwrap_or("?");
            match event.status {
                RollbackStatus::Requested => {
                    format!("rollback of {} asked for: {}", event.service, event.reason)
                }
                RollbackStatus::InProgress => format!("{} goes back to {to}", event.service),
                RollbackStatus::Success => format!("{} is back on {to}", event.service),
                RollbackStatus::Failed => format!("rollback of {} failed: {}", event.service, event.reason),
            }
        }
        AnyEvent::RunEnded(ended) => format!("run ended: {}", ended.reason),
        AnyEvent::CommandGiven(given) => format!("command {}", given.command.name()),
        AnyEvent::CommandRefused(refused) => format!("{} refused: {}", refused.command, refused.reason),
        AnyEvent::ApprovalRequested(asked) => format!("{} asked for", asked.id),
        AnyEvent::ApprovalDecided(decided) if decided.granted => format!("{} approved", decided.id),
        AnyEvent::ApprovalDecided(decided) => format!("{} denied", decided.id),
        AnyEvent::IncidentOpened(opened) => format!("{} opened ({})", opened.id, opened.severity),
        AnyEvent::PostmortemWritten(_) | AnyEvent::Unknown => return None,
    })
}

fn deployment(event: &orchestra_events::pipeline::DeploymentTriggered) -> Option<String> {
    let (service, version) = (&event.service_name, &event.version);
    if let Some(hold) = &event.hold {
        return Some(format!("holds: {}", hold_words(hold)));
    }
    if let Some(reason) = event.reason.as_ref().filter(|_| event.status == Status::Failed) {
        return Some(format!("{service} {version} broke: {reason}"));
    }
    let step = event.step.as_ref()?;
    Some(match step.kind {
        StepKind::Start => format!("{service} {version} starts"),
        StepKind::Share => format!("{service} {version} takes {} % of the traffic", step.weight),
        StepKind::Promotion => format!("{service} {version} takes all traffic"),
        StepKind::Proven => format!("{service} {version} is proven"),
    })
}

/// Why a rollout holds, in words.
pub fn hold_words(hold: &Hold) -> String {
    match hold {
        Hold::Gates(open) => format!("waits for {}", open.join(", ")),
        Hold::Run(run) => format!("waits for {run}, which changes a service here"),
        Hold::Approval(id) => format!("waits for approval {id}"),
        Hold::Step => "the file says to wait for a promote".to_owned(),
        Hold::Paused(by) => format!("{by} paused it"),
        Hold::Inconclusive(lacking) => lacking.join("; "),
        Hold::Freeze(what) => what.clone(),
        Hold::Unknown(what) => what.clone(),
    }
}
