//! `orchestra push`.

use super::asker::Asker;
use super::print;
use crate::desk::{Answer, Ask, RunView};
use crate::outbound::Shower;
use crate::platform::console::{Console, ConsoleSettings};
use orchestra_events::RunId;
use orchestra_events::pipeline::{Hold, Outcome};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How often the run is looked at.
const LOOK: Duration = Duration::from_millis(150);

/// Exit codes, as the help says them.
const LIVE: u8 = 0;
const NOT_LIVE: u8 = 1;
const WAITS: u8 = 2;
const NOT_ASKED: u8 = 3;

/// Starts a run, and follows it when asked to, or when no server would.
///
/// # Errors
/// When the folder can't be opened or the server goes away.
pub async fn push(
    dir: &Path,
    source: &str,
    branch: Option<String>,
    wait: bool,
    json: bool,
) -> anyhow::Result<ExitCode> {
    // A path means one from here, whoever does the work.
    let path = Path::new(source);
    let location = match path.canonicalize() {
        Ok(path) if !source.contains("://") => path.display().to_string(),
        _ => source.to_owned(),
    };
    let mut asker = Asker::open(dir).await?;
    let here = asker.work_here();
    let run = match asker.ask(Ask::Push { location, branch }).await? {
        Answer::Started(run) => run,
        Answer::Refused { what, instead } => {
            print::note(&format!("{what}; {instead}"));
            return Ok(ExitCode::from(NOT_ASKED));
        }
        other => anyhow::bail!("the server answered something else: {other:?}"),
    };
    if !wait && !here {
        if json {
            print::json(&json!({ "run": run }));
        } else {
            print::line(&format!(
                "{run} started; follow it with `orchestra status`, or in the console of `up`"
            ));
        }
        return Ok(ExitCode::from(LIVE));
    }
    if here && !json {
        print::note("no server is running on this folder: this command carries the run to its end itself");
    }
    let view = follow(&mut asker, run, json).await?;
    asker.close().await?;
    if json {
        let state = &view.row.state;
        print::json(&json!({
            "run": run,
            "outcome": state.status.outcome,
            "reason": state.status.reason,
            "waits_for": state.deployment.hold,
            "version": state.repo_context.version(),
        }));
    }
    Ok(ExitCode::from(code(&view)))
}

/// Shows a run's thread until it ends or waits for a person.
///
/// # Errors
/// When the server goes away.
pub async fn follow(asker: &mut Asker, run: RunId, silent: bool) -> anyhow::Result<RunView> {
    let console = Arc::new(Console::new(ConsoleSettings {
        who: crate::user::current(),
        channel: "deliveries".to_owned(),
        session: run.to_string(),
        history: None,
        colour: true,
    }));
    let mut shower = Shower::new(console.clone());
    let mut shown = std::collections::HashMap::new();
    let mut progress: Option<String> = None;
    loop {
        let view = match asker.ask(Ask::Run { run }).await? {
            Answer::Run(view) => *view,
            Answer::Failed(why) => anyhow::bail!("the run can't be followed: {why}"),
            other => anyhow::bail!("the server answered something else: {other:?}"),
        };
        if !silent {
            for post in &view.posts {
                if shown.insert(post.post.name.clone(), post.wanted) != Some(post.wanted) {
                    shower.show(post).await?;
                }
            }
            let over = view.row.ended || waits(&view).is_some();
            let line = view
                .progress
                .iter()
                .find(|(_, line)| !line.is_empty())
                .filter(|_| !over)
                .map(|(agent, line)| format!("{run} {agent}: {line}"));
            if line != progress {
                console.progress(line.as_deref())?;
                progress = line;
            }
        }
        // The thread is complete when what is shown has caught up with the state.
        if (view.row.ended && closed(&view))
            || (!view.row.ended && waits(&view).is_some() && caught_up(&view))
        {
            return Ok(view);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether the closing post stands.
fn closed(view: &RunView) -> bool {
    let config = view.row.state.repo_context.config.as_ref();
    if config.is_some_and(|config| !config.chatops.enabled) {
        return true;
    }
    let expected = format!("{} · ", view.row.id);
    view.posts.iter().any(|post| {
        let headline = post.post.message["headline"].as_str().unwrap_or_default();
        post.post.name != crate::chatops::CARD && headline.starts_with(&expected)
    })
}

/// Whether the thread tells already that a person is waited for; its news come with the card in one step.
fn caught_up(view: &RunView) -> bool {
    let config = view.row.state.repo_context.config.as_ref();
    let silent = config.is_some_and(|config| !config.chatops.enabled);
    silent
        || view
            .posts
            .iter()
            .any(|post| post.post.name == crate::chatops::CARD && post.post.message["tone"] == "waiting")
}

/// The person's decision that a run waits for.
fn waits(view: &RunView) -> Option<&Hold> {
    match view.row.state.deployment.hold.as_ref()? {
        Hold::Gates(_) | Hold::Run(_) => None,
        hold @ (Hold::Approval(_)
        | Hold::Step
        | Hold::Paused(_)
        | Hold::Inconclusive(_)
        | Hold::Freeze(_)
        | Hold::Unknown(_)) => Some(hold),
    }
}

fn code(view: &RunView) -> u8 {
    match view.row.state.status.outcome {
        Some(Outcome::Live) => LIVE,
        Some(
            Outcome::Refused | Outcome::Failed | Outcome::Superseded | Outcome::RolledBack | Outcome::Aborted,
        ) => NOT_LIVE,
        None => WAITS,
    }
}
