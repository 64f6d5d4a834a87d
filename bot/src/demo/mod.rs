//! `orchestra demo`: the main job on a small real service, under real traffic.
//!
//! The demo only makes a repository, pushes and looks. Everything that happens is the product's own doing, and the
//! summary is read from the log, the shim, the thread and the files: nothing here knows how it ends.
//!
//! # Layout
//!
//! - [`shop`]: the repository with its three versions
//! - [`summary`]: what truly happened

pub mod shop;
pub mod summary;

use crate::app::App;
use crate::cli::{print, trace};
use crate::desk::{Answer, Ask};
use crate::load::{self, Seen};
use crate::outbound;
use crate::platform::console::{Console, ConsoleSettings};
use crate::policy::Person;
use anyhow::Context as _;
use orchestra_bus::{RunRow, Store};
use orchestra_events::RunId;
use shop::{Shop, Version};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Requests a second of the built-in load, and over how many connections.
const RATE: u32 = 120;
const CONNECTIONS: u32 = 8;
/// How long one run may take before the demo says that it did not happen.
const PATIENCE: Duration = Duration::from_secs(240);
/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Runs the demo. A folder that is given is kept and gone on with; without one, a fresh one is made and named.
///
/// # Errors
/// When the demo can't be set up: no git, a folder that can't be written.
pub async fn demo(dir: Option<&Path>, json: bool) -> anyhow::Result<ExitCode> {
    let dir = match dir {
        Some(dir) => dir.to_owned(),
        None => fresh_folder()?,
    };
    trace::to_file(&dir)?;
    let app = App::open(&dir).await?;
    let shop = Shop::open(&app.dir)?;
    let said = |text: &str| {
        if !json {
            print::note(text);
        }
    };
    said(&format!("The demo works in {} on port {}.", app.dir.display(), shop.port()));
    let stop = CancellationToken::new();
    let working = app.work(stop.clone());
    let console = Arc::new(Console::new(ConsoleSettings {
        who: crate::user::current(),
        channel: "deliveries".to_owned(),
        session: app.desk.fresh_id(),
        history: None,
        colour: true,
    }));
    let showing = if json {
        tokio::spawn(print_events(app.store.clone(), stop.clone()))
    } else {
        tokio::spawn(outbound::send(app.store.clone(), console, stop.clone()))
    };
    let seen = Arc::new(Seen::default());
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), shop.port());
    let paths = shop::PATHS.iter().map(|path| (*path).to_owned()).collect();
    let loading =
        tokio::spawn(load::run(address, paths, RATE, CONNECTIONS, seen.clone(), stop.child_token()));
    let told = tokio::select! {
        told = tell(&app, &shop, said) => told,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    let summary = match &told {
        Ok(runs) => Some(summary::summary(&app, runs, &seen).await?),
        Err(_) => None,
    };
    stop.cancel();
    let stopped = app.down(Some(2)).await;
    // Everything below only ends; what it has to say was said.
    drop(loading.await);
    drop(showing.await);
    working.await??;
    told?;
    stopped?;
    let summary = summary.context("there is no summary")?;
    if json {
        print::json(&summary);
    } else {
        print::line(&summary.told());
    }
    Ok(if summary.ok { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Pushes the three versions, each when the one before has ended. What an earlier start has done stands in the log
/// and is not done again.
async fn tell(app: &App, shop: &Shop, said: impl Fn(&str)) -> anyhow::Result<Vec<(Version, RunId)>> {
    let person = Person::named(&crate::user::current(), &app.config);
    let mut runs = Vec::new();
    for version in Version::ALL {
        let commit = shop.commit(version).await?;
        said(&format!("\n── {} ──", version.told()));
        let run = match run_of(&app.store, shop, &commit).await? {
            Some(run) => run,
            None => {
                let location = shop.repository().display().to_string();
                match app.desk.answer(&person, Ask::Push { location, branch: None }).await {
                    Answer::Started(run) => run,
                    other => anyhow::bail!("the push was not taken: {other:?}"),
                }
            }
        };
        ended(app, run).await?;
        runs.push((version, run));
    }
    // The postmortem is written after the last run's end; the story is told when it stands.
    for _ in 0..100 {
        let last = runs.last().map(|(_, run)| *run);
        let row = match last {
            Some(run) => app.store.run(run).await?,
            None => None,
        };
        let incident = row.and_then(|row| row.state.incident);
        if incident.is_none_or(|incident| incident.postmortem.is_some()) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(runs)
}

/// The run of a commit that an earlier start pushed, if one did.
async fn run_of(store: &Arc<dyn Store>, shop: &Shop, commit: &str) -> anyhow::Result<Option<RunId>> {
    let location = shop.repository().display().to_string();
    let mine = |row: &&RunRow| {
        let context = &row.state.repo_context;
        // A push that was accepted and not fetched yet is of this commit: the next is made when it has ended.
        context.location == location
            && match &context.commit_id {
                Some(id) => id == commit,
                None => !row.ended,
            }
    };
    Ok(store.runs(false, 50).await?.iter().find(mine).map(|row| row.id))
}

async fn ended(app: &App, run: RunId) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let row = app.store.run(run).await?;
        if row.as_ref().is_some_and(|row| row.ended) {
            return Ok(());
        }
        if let Some(hold) = row.and_then(|row| row.state.deployment.hold)
            && matches!(hold, orchestra_events::pipeline::Hold::Inconclusive(_))
        {
            // It waits for a person, and in the demo none comes: the summary says so.
            return Ok(());
        }
        anyhow::ensure!(
            tokio::time::Instant::now() < deadline,
            "{run} did not end within {} s",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// Every event as a JSON line, for a script that watches.
async fn print_events(
    store: Arc<dyn Store>,
    stop: CancellationToken,
) -> Result<(), orchestra_bus::StoreError> {
    let mut after = 0;
    let mut changes = store.changes();
    loop {
        for (place, event) in store.events(after, 100).await? {
            after = place;
            print::json(&event);
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            changed = changes.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

fn fresh_folder() -> anyhow::Result<PathBuf> {
    let dir = std::env::temp_dir().join(format!("orchestra-demo-{:08x}", rand::random::<u32>()));
    std::fs::create_dir_all(&dir).with_context(|| format!("`{}` can't be made", dir.display()))?;
    Ok(dir)
}
