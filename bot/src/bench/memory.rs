//! Resident memory of a server, idle and after 100,000 events; the baseline of the second is the first.

use super::figure::Figure;
use super::handle::accept;
use super::scratch::Scratch;
use super::server::Server;
use crate::app::App;
use std::time::{Duration, Instant};

/// How many events.
const EVENTS: u64 = 100_000;
/// How long a fresh server settles before it counts as idle.
const SETTLE: Duration = Duration::from_secs(2);
/// How often its counts are read meanwhile.
const LOOK: Duration = Duration::from_millis(200);
/// By then they must be handled.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server on an empty folder, then one that finds 100,000 accepted events and handles them all.
pub(super) async fn measure(scratch: &Scratch) -> anyhow::Result<Vec<Figure>> {
    let (server, _) = Server::start(&scratch.folder("idle")?).await?;
    tokio::time::sleep(SETTLE).await;
    let idle = server.resident()?;
    server.end().await?;

    let folder = scratch.folder("busy")?;
    let app = App::open(&folder).await?;
    accept(&app.store, EVENTS).await?;
    drop(app);
    let (mut server, _) = Server::start(&folder).await?;
    let begun = Instant::now();
    let mut counts = server.status().await?.counts;
    while counts.pending > 0 {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "{} of {EVENTS} events still wait", counts.pending);
        tokio::time::sleep(LOOK).await;
        counts = server.status().await?.counts;
    }
    anyhow::ensure!(counts.handled >= EVENTS, "{} of {EVENTS} events were handled", counts.handled);
    let after = server.resident()?;
    server.end().await?;
    Ok(vec![
        Figure::new("memory", "idle", idle, "MiB", idle),
        Figure::new("memory", "after_100000_events", after, "MiB", idle),
    ])
}
