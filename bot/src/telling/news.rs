//! What an event adds to its run's thread, and what `chatops.notify_on` calls it.

use super::numbers::compared;
use crate::message::checks::{Finding, Totals};
use crate::message::rollout::Subject;
use crate::message::words::length;
use crate::message::{Message, alerts, approvals, checks, incidents, rollback, rollout};
use orchestra_agents::timeline::hold_words;
use orchestra_events::file::pipeline::Notice;
use orchestra_events::people::{ApprovalDecided, ApprovalRequested, IncidentOpened, PostmortemWritten};
use orchestra_events::pipeline::{
    AlertState, AnalysisFinished, BuildReady, CodeAnalysis, CodePush, DeploymentTriggered, Hold,
    ObservabilityAlert, Remark, RollbackEvent, RollbackStatus, Severity, Status, StepKind, StepVerdict,
    TestResults, version_of,
};
use orchestra_events::{Actor, PipelineState};
use std::time::Duration;

/// A piece of news.
pub struct News {
    /// What it says.
    pub message: Message,
    /// What the file calls it, when people can ask to be told of it in the channel.
    pub notice: Option<Notice>,
}

fn news(message: Message, notice: Option<Notice>) -> Option<News> {
    Some(News { message, notice })
}

/// A commit on its way, with what was noticed in its file.
pub fn of_push(push: &CodePush) -> Option<News> {
    let version = version_of(&push.commit_id);
    let headline =
        format!("{version} of {} is on its way to {}: {}", push.repo, push.environment, push.message);
    let message = Message::new(crate::message::Tone::Working, headline);
    let noticed = push.notes.join("\n");
    news(if noticed.is_empty() { message } else { message.text(noticed) }, Some(Notice::PushReceived))
}

/// A build that failed.
pub fn of_build(built: &BuildReady) -> Option<News> {
    let reason = built.reason.as_deref().filter(|_| built.status == Status::Failed)?;
    let (first, rest) = reason.split_once('\n').unwrap_or((reason, ""));
    news(checks::build_failed(&built.tool, first, rest), Some(Notice::BuildFailure))
}

/// What the code analysis found, when it found something.
pub fn of_analysis(analysis: &CodeAnalysis) -> Option<News> {
    let finding = |severity: &str, remark: &Remark| Finding {
        severity: severity.to_owned(),
        place: format!("{}:{}", remark.file, remark.line),
        message: remark.message.clone(),
    };
    let errors = analysis.errors.iter().map(|remark| finding("error", remark));
    let warnings = analysis.warnings.iter().map(|remark| finding("warning", remark));
    let findings: Vec<Finding> = errors.chain(warnings).collect();
    if findings.is_empty() && analysis.passed {
        return None;
    }
    let notice = (!analysis.passed).then_some(Notice::AnalysisFailed);
    news(checks::analysis(analysis.passed, &findings), notice)
}

/// How the tests went.
pub fn of_tests(results: &TestResults) -> Option<News> {
    if results.status == Status::InProgress {
        return None;
    }
    let notice = (results.status == Status::Failed).then_some(Notice::TestsFailed);
    let message = match &results.reason {
        Some(reason) if results.status == Status::Failed => {
            let (first, rest) = reason.split_once('\n').unwrap_or((reason, ""));
            checks::tests_broke(first, rest)
        }
        Some(reason) => Message::new(crate::message::Tone::Plain, format!("no tests ran: {reason}")),
        None => {
            let output: Vec<String> = results
                .failures
                .iter()
                .map(|failed| format!("{}: {}", failed.name, failed.message))
                .collect();
            let totals = Totals {
                total: results.total_tests,
                passed: results.passed,
                failed: results.failed,
                failed_names: results.failures.iter().map(|failed| failed.name.clone()).collect(),
            };
            checks::tests(&totals, &output.join("\n"))
        }
    };
    news(message, notice)
}

/// A rollout's step, hold or failure.
pub fn of_deployment(event: &DeploymentTriggered, state: &PipelineState) -> Option<News> {
    let subject = Subject { service: &event.service_name, version: &event.version };
    let weight = event.step.as_ref().map_or(0, |step| step.weight);
    if let Some(hold) = &event.hold {
        return held(hold, subject, weight, state);
    }
    let step = event.step.as_ref()?;
    match (event.status, step.kind) {
        (Status::Failed, _) => {
            let reason = event.reason.as_deref().unwrap_or("it did not start");
            let (first, rest) = reason.split_once('\n').unwrap_or((reason, ""));
            news(rollout::failed(subject, first, rest), Some(Notice::DeploymentFailure))
        }
        (Status::InProgress, StepKind::Start) => {
            let decision = event.decision.as_ref()?;
            let steps = crate::message::words::count(u64::from(step.of), "step");
            let because = match event.strategy.as_str() {
                "first" => "it is the first version: it goes live on its health checks",
                _ => decision.because.as_str(),
            };
            let strategy = if event.strategy == "first" { "first version's" } else { &event.strategy };
            let message = rollout::started(subject, strategy, &steps, because);
            news(message, Some(Notice::DeploymentStarted))
        }
        // Blue-green's first step only stands beside what runs.
        (Status::InProgress, StepKind::Share) if weight == 0 => None,
        (Status::InProgress, StepKind::Share) => {
            let (step, of) = (step.number as usize, step.of as usize);
            news(rollout::stepped(subject, weight, step, of, &[]), None)
        }
        (Status::InProgress, StepKind::Promotion) if step.baseline.is_none() => {
            news(rollout::first_version(subject), None)
        }
        (Status::InProgress, StepKind::Promotion) => {
            let watched = length(Duration::from_secs(step.seconds));
            news(rollout::promoted(subject, None, &watched), None)
        }
        (Status::InProgress | Status::Success, _) => None,
    }
}

fn held(hold: &Hold, subject: Subject<'_>, weight: u8, state: &PipelineState) -> Option<News> {
    match hold {
        // Its own post says it better.
        Hold::Approval(_) | Hold::Gates(_) => None,
        Hold::Run(_) | Hold::Freeze(_) => {
            let what = format!("{} {}", state.repo_context.repo, subject.version);
            news(rollout::waits(&what, &[hold_words(hold)]), None)
        }
        Hold::Paused(by) => news(rollout::paused_by(subject, weight, by), Some(Notice::RolloutPaused)),
        Hold::Step => {
            let why = ["the file asks for a person's word before the next step".to_owned()];
            news(rollout::paused_without_verdict(subject, weight, &why, &[]), Some(Notice::RolloutPaused))
        }
        Hold::Inconclusive(lacking) => {
            let numbers =
                state.observability.analyses.get(subject.service).map(|analysis| compared(&analysis.numbers));
            let message =
                rollout::paused_without_verdict(subject, weight, lacking, &numbers.unwrap_or_default());
            news(message, Some(Notice::RolloutPaused))
        }
        Hold::Unknown(what) => {
            let why = [what.clone()];
            news(rollout::paused_without_verdict(subject, weight, &why, &[]), Some(Notice::RolloutPaused))
        }
    }
}

/// A step's verdict: what was compared when it passed, and why it was refused.
pub fn of_verdict(finished: &AnalysisFinished, state: &PipelineState) -> Option<News> {
    let subject = Subject { service: &finished.service, version: &finished.version };
    let step = state.deployment.services.get(&finished.service).and_then(|rollout| rollout.step.as_ref());
    let weight = step.map_or(0, |step| step.weight);
    let numbers = compared(&finished.numbers);
    match finished.verdict {
        StepVerdict::Fail => news(rollout::refused(subject, weight, &finished.summary, &numbers), None),
        StepVerdict::Pass => {
            let message = Message::new(crate::message::Tone::Good, &finished.summary);
            let columns = ["metric", "new", "before", "verdict"];
            let rows = numbers.into_iter().map(|row| vec![row.metric, row.canary, row.baseline, row.verdict]);
            let rows: Vec<_> = rows.collect();
            news(if rows.is_empty() { message } else { message.table(&columns, rows) }, None)
        }
        // The hold that follows says it, with what is lacking.
        StepVerdict::Inconclusive | StepVerdict::NoData => None,
    }
}

/// An alert that came or went.
pub fn of_alert(alert: &ObservabilityAlert) -> Option<News> {
    let severity = match alert.severity {
        Severity::Info => alerts::Severity::Info,
        Severity::Warning => alerts::Severity::Warning,
        Severity::Critical => alerts::Severity::Critical,
    };
    match alert.state {
        AlertState::Raised => {
            let message = alerts::fired(severity, &alert.service, &alert.issue, &[]);
            let notice = if alert.name == "died" { Notice::ServiceRestarted } else { Notice::AlertRaised };
            news(message, Some(notice))
        }
        AlertState::Resolved => {
            news(alerts::resolved(&alert.service, &alert.issue, ""), Some(Notice::AlertResolved))
        }
    }
}

/// A rollback that began, is done, or could not be done.
pub fn of_rollback(event: &RollbackEvent, state: &PipelineState) -> Option<News> {
    let (from, to) = (event.rollback_from.as_deref(), event.rollback_to.as_deref());
    let by = Actor(event.triggered_by.clone()).spoken();
    match event.status {
        RollbackStatus::Requested => None,
        RollbackStatus::InProgress => {
            let message = rollback::started(
                &event.service,
                from.unwrap_or("the new version"),
                to.unwrap_or("?"),
                &event.reason,
                &by,
            );
            news(message, Some(Notice::RollbackTriggered))
        }
        RollbackStatus::Success => {
            let took = state
                .rollback
                .as_ref()
                .map(|rollback| super::card::between(rollback.requested, rollback.changed));
            let took = took.map(length).unwrap_or_default();
            news(rollback::done(&event.service, to.unwrap_or("?"), &event.reason, &took), None)
        }
        RollbackStatus::Failed if to.is_none() => news(
            rollback::nothing_to_go_back_to(&event.service, &event.reason),
            Some(Notice::DeploymentFailure),
        ),
        RollbackStatus::Failed => {
            let message = rollback::failed(&event.service, to.unwrap_or("?"), &event.reason, "");
            news(message, Some(Notice::DeploymentFailure))
        }
    }
}

/// An approval that is asked for.
pub fn of_approval_asked(asked: &ApprovalRequested) -> Option<News> {
    let what = format!("{} {} in {}", asked.repo, asked.version, asked.environment);
    let by = Actor(asked.requester.clone()).spoken();
    let message = approvals::asked(&asked.id, &what, &by, "any approver but whoever asked");
    news(message, Some(Notice::ApprovalRequested))
}

/// An approval that was decided.
pub fn of_approval(decided: &ApprovalDecided, state: &PipelineState) -> Option<News> {
    let what = format!("{} {}", decided.repo, state.repo_context.version());
    let by = Actor(decided.by.clone()).spoken();
    let message = if decided.granted {
        approvals::approved(&decided.id, &what, &by)
    } else {
        approvals::denied(&decided.id, &what, &by, decided.reason.as_deref())
    };
    news(message, None)
}

/// An incident that was opened.
pub fn of_incident(opened: &IncidentOpened, run: &str) -> Option<News> {
    let message = incidents::opened(&opened.id, &opened.service, &opened.title, run, &opened.file);
    news(message, Some(Notice::IncidentOpened))
}

/// A postmortem that was written.
pub fn of_postmortem(written: &PostmortemWritten, state: &PipelineState) -> Option<News> {
    let summary = state.rollback.as_ref().map(|rollback| rollback.last.reason.clone()).unwrap_or_default();
    let message = incidents::postmortem(&written.incident, &written.file, &summary, &[]);
    news(message, Some(Notice::PostmortemWritten))
}
