//! What truly happened: each claim of the demo held against the log, the shim, the thread and the files.

use super::shop::Version;
use crate::app::App;
use crate::load::Seen;
use crate::message::words::length;
use crate::telling::card::between;
use orchestra_agents::tools::perform::target_files::ServiceFolder;
use orchestra_bus::RunRow;
use orchestra_events::pipeline::{
    AnalysisFinished, Outcome, RollbackEvent, RollbackStatus, StepVerdict, version_of,
};
use orchestra_events::{Event as _, RunId};
use orchestra_shim::ShimClient;
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The closing summary.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Whether all of it happened.
    pub ok: bool,
    /// Each claim, whether it holds, and what shows it.
    pub claims: Vec<Claim>,
    /// Requests of the load: answered, failed with 5xx, without any answer.
    pub requests: (u64, u64, u64),
    /// Files to read.
    pub files: Vec<String>,
}

/// One claim.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// What should have happened.
    pub what: String,
    /// Whether it did.
    pub holds: bool,
    /// What shows it, or what was seen instead.
    pub shown_by: String,
}

impl Summary {
    /// For the terminal.
    pub fn told(&self) -> String {
        let mut text = String::from("\n── what happened ──\n");
        for claim in &self.claims {
            let mark = if claim.holds { "✓" } else { "✗" };
            // Writing to a `String` can't fail.
            _ = writeln!(text, "{mark} {}: {}", claim.what, claim.shown_by);
        }
        let (answered, failed, unanswered) = self.requests;
        _ = writeln!(
            text,
            "  the load had {answered} good answers, {failed} errors of the service, {unanswered} without an answer"
        );
        for file in &self.files {
            _ = writeln!(text, "  read {file}");
        }
        let last = if self.ok { "All of it truly happened." } else { "Not all of it happened." };
        text + last
    }
}

/// Looks at everything.
///
/// # Errors
/// The store's.
pub async fn summary(app: &App, runs: &[(Version, RunId)], seen: &Seen) -> anyhow::Result<Summary> {
    let mut claims = Vec::new();
    let mut files = Vec::new();
    let mut rows = Vec::new();
    for (version, run) in runs {
        if let Some(row) = app.store.run(*run).await? {
            rows.push((*version, row));
        }
    }
    let row = |wanted: Version| rows.iter().find(|(version, _)| *version == wanted).map(|(_, row)| row);
    let (first, good, bad) = (row(Version::First), row(Version::Good), row(Version::Bad));
    claims.push(went_live("the first version went live on its health checks", first));
    claims.push(went_live("the good version went live", good));
    claims.push(compared(app, "its canary was compared and passed", good, StepVerdict::Pass).await?);
    claims.push(
        compared(app, "the bad version's canary was compared and refused", bad, StepVerdict::Fail).await?,
    );
    claims.push(rolled_back(app, bad, good).await?);
    claims.push(traffic_is_back(app, bad, good).await);
    claims.push(thread_tells(app, bad).await?);
    for (what, file) in [
        ("the incident's note stands", bad.and_then(|row| Some(row.state.incident.as_ref()?.note.clone()))),
        ("the postmortem stands", bad.and_then(|row| row.state.incident.as_ref()?.postmortem.clone())),
    ] {
        let path = file.map(|file| app.dir.join(file));
        let length = path
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok())
            .map(|text| text.lines().count());
        let shown = match (&path, length) {
            (Some(path), Some(lines)) => format!("{lines} lines in {}", path.display()),
            _ => "there is no such file".to_owned(),
        };
        claims.push(Claim {
            what: what.to_owned(),
            holds: length.is_some_and(|lines| lines > 5),
            shown_by: shown,
        });
        files.extend(path.filter(|_| length.is_some()).map(|path| path.display().to_string()));
    }
    let audit = app.store.verify_audit().await?;
    claims.push(Claim {
        what: "the audit is whole".to_owned(),
        holds: audit.broken.is_none() && audit.acts > 0,
        shown_by: format!("{} acts in {} chains", audit.acts, audit.chains),
    });
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let requests = (count(&seen.answered), count(&seen.failed), count(&seen.unanswered));
    claims.push(Claim {
        what: "no request was left without an answer".to_owned(),
        holds: requests.2 == 0,
        shown_by: format!("{} of {}", requests.2, requests.0 + requests.1 + requests.2),
    });
    Ok(Summary { ok: claims.iter().all(|claim| claim.holds), claims, requests, files })
}

fn claim(what: &str, holds: bool, shown_by: String) -> Claim {
    Claim { what: what.to_owned(), holds, shown_by }
}

fn went_live(what: &str, row: Option<&RunRow>) -> Claim {
    let Some(row) = row else { return claim(what, false, "there is no such run".to_owned()) };
    let status = &row.state.status;
    let took = length(between(row.opened, status.at.unwrap_or(row.changed)));
    let shown = format!("{} {}, {took}: {}", row.id, version(row), status.reason);
    claim(what, status.outcome == Some(Outcome::Live), shown)
}

fn version(row: &RunRow) -> String {
    version_of(row.state.repo_context.commit_id.as_deref().unwrap_or_default())
}

/// Looks for a verdict of this kind that has numbers of both sides.
async fn compared(
    app: &App,
    what: &str,
    row: Option<&RunRow>,
    verdict: StepVerdict,
) -> anyhow::Result<Claim> {
    let Some(row) = row else { return Ok(claim(what, false, "there is no such run".to_owned())) };
    let events = app.store.events_of(row.id).await?;
    let verdicts: Vec<AnalysisFinished> = events
        .iter()
        .filter(|event| event.kind == AnalysisFinished::KIND)
        .filter_map(|event| serde_json::from_value(event.data.clone()).ok())
        .collect();
    let found = verdicts.iter().find(|finished| finished.verdict == verdict && !finished.numbers.is_empty());
    let (before, new) = found.map(|finished| finished.requests).unwrap_or_default();
    let shown = match found.or(verdicts.last()) {
        None => "no step was analysed".to_owned(),
        Some(finished) => format!("{} ({new} requests against {before})", finished.summary),
    };
    Ok(claim(what, found.is_some() && before > 0 && new > 0, shown))
}

async fn rolled_back(app: &App, bad: Option<&RunRow>, good: Option<&RunRow>) -> anyhow::Result<Claim> {
    let what = "it was taken back to the good version";
    let (Some(bad), Some(good)) = (bad, good) else {
        return Ok(claim(what, false, "there is no such run".to_owned()));
    };
    let events = app.store.events_of(bad.id).await?;
    let done = events
        .iter()
        .filter(|event| event.kind == RollbackEvent::KIND)
        .filter_map(|event| serde_json::from_value::<RollbackEvent>(event.data.clone()).ok())
        .find(|event| event.status == RollbackStatus::Success);
    let took = bad.state.rollback.as_ref().map(|rollback| between(rollback.requested, rollback.changed));
    let to = done.as_ref().and_then(|event| event.rollback_to.clone());
    let holds = bad.state.status.outcome == Some(Outcome::RolledBack) && to == Some(version(good));
    let shown = match done {
        None => format!("{} {}", bad.id, bad.state.status.reason),
        Some(_) => format!(
            "{} is back on {} after {}",
            bad.id,
            to.unwrap_or_default(),
            length(took.unwrap_or_default())
        ),
    };
    Ok(claim(what, holds, shown))
}

/// Asks the shim itself where the traffic goes, and looks at what the proxy answers.
async fn traffic_is_back(app: &App, bad: Option<&RunRow>, good: Option<&RunRow>) -> Claim {
    let what = "all traffic goes to the good version";
    let (Some(bad), Some(good)) = (bad, good) else {
        return claim(what, false, "there is no such run".to_owned());
    };
    let context = &bad.state.repo_context;
    let name = bad.state.deployment.services.keys().next().cloned().unwrap_or_default();
    let folder = ServiceFolder::of(&app.dir, &context.environment, &name);
    for _ in 0..40 {
        let Ok(client) = ShimClient::connect(&folder.0).await else {
            return claim(what, false, "its shim does not answer".to_owned());
        };
        let Ok(status) = client.status().await else {
            return claim(what, false, "its shim does not answer".to_owned());
        };
        let since = orchestra_events::Timestamp(bad.changed.0).0 / 1000;
        let metrics = client.metrics(since).await.map(|reply| reply.versions).unwrap_or_default();
        let weight = status.weights.get(&version(good)).copied().unwrap_or(0);
        let alone = status.weights.values().sum::<u32>() == weight && weight > 0;
        let served = metrics.get(&version(good)).map_or(0, |window| window.total().requests);
        // A second of traffic after the rollback is waited for, so that there is something to see.
        if alone && served > 0 {
            return claim(
                what,
                true,
                format!("{} has weight {weight}, and served {served} requests since", version(good)),
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    claim(what, false, "the shim says otherwise".to_owned())
}

async fn thread_tells(app: &App, bad: Option<&RunRow>) -> anyhow::Result<Claim> {
    let what = "its thread tells it";
    let Some(row) = bad else { return Ok(claim(what, false, "there is no such run".to_owned())) };
    let posts = app.store.thread(&row.id.to_string(), 0, 500).await?;
    let text: Vec<String> = posts.iter().map(|post| post.post.message.to_string()).collect();
    let good = row.state.rollback.as_ref().and_then(|rollback| rollback.last.rollback_to.clone());
    let tells_numbers = row.state.observability.analyses.values().any(|finished| {
        !finished.summary.is_empty() && text.iter().any(|post| post.contains(&finished.summary))
    });
    let tells_rollback = good.is_some_and(|good| {
        text.iter().any(|post| post.contains("rollback") || post.contains("back on") && post.contains(&good))
    });
    Ok(claim(what, tells_numbers && tells_rollback, format!("{} posts in {}", posts.len(), row.id)))
}
