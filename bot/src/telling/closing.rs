//! The last post of a run.

use super::card::between;
use crate::message::Message;
use crate::message::checks::Totals;
use crate::message::ending::{self, Closing, NextStep};
use crate::message::words::length;
use orchestra_events::pipeline::{Outcome, RunEnded};
use orchestra_events::{PipelineState, RunId, Timestamp};

/// The closing post, from the state with the ending folded in.
pub fn closing(run: RunId, ended: &RunEnded, state: &PipelineState, now: Timestamp) -> Message {
    let context = &state.repo_context;
    let services: Vec<&str> = state.deployment.services.keys().map(String::as_str).collect();
    let what = match (services.is_empty(), &context.commit_id) {
        (true, None) => context.repo.clone(),
        (true, Some(_)) => format!("{} {}", context.repo, context.version()),
        (false, _) => format!("{} {}", services.join(", "), context.version()),
    };
    let tests = state.test_results.as_ref().filter(|results| results.total > 0).map(|results| Totals {
        total: results.total,
        passed: results.passed,
        failed: results.failed,
        failed_names: results
            .failures
            .iter()
            .map(|failed| format!("{}: {}", failed.name, failed.message))
            .collect(),
    });
    let author = match &context.commit_id {
        Some(_) => format!("{} by {}: {}", context.version(), context.author, context.message),
        None => String::new(),
    };
    let (because, more) = ended.reason.split_once('\n').unwrap_or((&ended.reason, ""));
    let message = ending::closing(&Closing {
        run: run.to_string(),
        what,
        outcome: match ended.outcome {
            Outcome::Live => ending::Outcome::Live,
            Outcome::Refused => ending::Outcome::Refused,
            Outcome::Failed => ending::Outcome::Failed,
            Outcome::Superseded => ending::Outcome::Superseded,
            Outcome::RolledBack => ending::Outcome::RolledBack,
            Outcome::Aborted => ending::Outcome::Aborted,
        },
        because: if ended.outcome == Outcome::Live { String::new() } else { because.to_owned() },
        took: length(between(context.asked_at, now)),
        tests,
        change: [author, context.change.join("; ")],
        next: next_steps(ended, state),
    });
    if more.is_empty() { message } else { message.code(more) }
}

/// Up to three next steps, each with what speaks for it.
fn next_steps(ended: &RunEnded, state: &PipelineState) -> Vec<NextStep> {
    let mut steps = Vec::new();
    let service = state.deployment.services.keys().next().cloned().unwrap_or_default();
    let logs = (!service.is_empty())
        .then(|| ("Logs".to_owned(), format!("logs {service} {}", state.repo_context.version())));
    match ended.outcome {
        Outcome::RolledBack => {
            steps.push(NextStep {
                what: "read what the refused version wrote".to_owned(),
                evidence: ended.reason.lines().next().unwrap_or_default().to_owned(),
                button: logs,
            });
            if let Some(incident) = &state.incident {
                steps.push(NextStep {
                    what: format!("complete the postmortem of {}", incident.id),
                    evidence: format!("note in {}", incident.note),
                    button: None,
                });
            }
        }
        Outcome::Failed if state.test_results.as_ref().is_some_and(|results| results.failed > 0) => {
            steps.push(NextStep {
                what: "mend the failing tests and push again".to_owned(),
                evidence: state
                    .test_results
                    .as_ref()
                    .and_then(|results| results.failures.first())
                    .map(|failed| failed.name.clone())
                    .unwrap_or_default(),
                button: None,
            });
        }
        Outcome::Live => {
            let name = service.clone();
            steps.push(NextStep {
                what: "go back if something looks wrong".to_owned(),
                evidence: "the version before is kept".to_owned(),
                button: (!name.is_empty()).then(|| ("Roll back".to_owned(), format!("rollback {name}"))),
            });
        }
        Outcome::Failed | Outcome::Refused | Outcome::Superseded | Outcome::Aborted => {}
    }
    steps
}
