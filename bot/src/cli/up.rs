//! `orchestra up`: the server with its console.

use super::{print, trace};
use crate::app::App;
use crate::control;
use crate::inbound::Inbound;
use crate::outbound;
use crate::platform::console::{Console, ConsoleSettings};
use crate::platform::{ChatPlatform as _, InboundBody};
use crate::policy::Person;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long everything may take to end.
const PATIENCE: Duration = Duration::from_secs(8);
/// How many sentences wait at most; an adapter that is quicker waits.
const INBOX: usize = 64;
/// How often completion learns new names.
const NAMES: Duration = Duration::from_secs(2);

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
/// When the folder can't be opened, or the agents stop by themselves.
pub async fn up(dir: &Path, listen: Option<SocketAddr>) -> anyhow::Result<ExitCode> {
    trace::to_file(dir)?;
    let app = App::open_listening(dir, listen.map(|address| address.ip())).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let working = app.work(stop.clone());
    let console = Arc::new(Console::new(ConsoleSettings {
        who: crate::user::current(),
        channel: "deliveries".to_owned(),
        session: app.desk.fresh_id(),
        history: Some(app.dir.join("history")),
        colour: true,
    }));
    let serving = tokio::spawn(serve(app.dir.clone(), app.desk.clone(), app.config.clone(), stop.clone()));
    let sending = tokio::spawn(outbound::send(app.store.clone(), console.clone(), stop.clone()));
    let hearing =
        tokio::spawn(hear(app.desk.inbound().clone(), console.clone(), app.config.clone(), stop.clone()));
    print::note(&format!("orchestra is up on {}; type `help`, end with Ctrl-C", app.dir.display()));
    tracing::info!(dir = %app.dir.display(), "up");
    let stopped = tokio::select! {
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
        () = stop.cancelled() => Some("the agents stopped"),
    };
    stop.cancel();
    hearing.abort();
    let ended = tokio::time::timeout(PATIENCE, async {
        let worked = working.await;
        drop(serving.await);
        drop(sending.await);
        worked
    })
    .await;
    if let Ok(worked) = ended {
        worked??;
    }
    if let Some(why) = stopped {
        anyhow::bail!("{why}");
    }
    let services = app.store.settings("service/").await?.len();
    print::note(&match services {
        0 => "orchestra has ended; nothing was deployed".to_owned(),
        1 => {
            "orchestra has ended; the service that it deployed goes on (`orchestra down` stops it)".to_owned()
        }
        many => format!(
            "orchestra has ended; the {many} services that it deployed go on (`orchestra down` stops them)"
        ),
    });
    Ok(ExitCode::SUCCESS)
}

async fn serve(
    dir: std::path::PathBuf,
    desk: crate::desk::Desk,
    config: Arc<crate::config::Config>,
    stop: CancellationToken,
) {
    if let Err(error) = control::serve(&dir, desk, config, stop).await {
        tracing::error!(error = format!("{error:#}"), "subcommands can't ask this server");
    }
}

/// Listens to the console and follows what is said; ends when there is nothing more to hear.
async fn hear(
    inbound: Inbound,
    console: Arc<Console>,
    config: Arc<crate::config::Config>,
    stop: CancellationToken,
) {
    let (inbox, mut said) = tokio::sync::mpsc::channel(INBOX);
    let listener = console.clone();
    let listening = tokio::spawn(async move { listener.listen(inbox).await });
    let mut names = tokio::time::interval(NAMES);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = names.tick() => {
                if let Ok(names) = inbound.names().await {
                    console.offer(names);
                }
            }
            heard = said.recv() => {
                let Some(heard) = heard else { break };
                let person = Person::named(&heard.who, &config);
                let thread = heard.place.thread.clone();
                let text = match &heard.body {
                    InboundBody::Text(text) | InboundBody::Button(text) => text.clone(),
                };
                let answer = inbound.hear(&person, &heard.id, thread.as_deref(), heard.mention, &text).await;
                if let Some(message) = answer
                    && let Err(error) = console.post(&heard.place, &message).await
                {
                    tracing::warn!(%error, "answer not shown");
                }
            }
        }
    }
    listening.abort();
}
