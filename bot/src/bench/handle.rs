//! Events handled per second through the runtime by an agent that only counts, beside bare commits of the same
//! number of events.

use super::figure::{Figure, at};
use super::scratch::Scratch;
use orchestra_agents::agent;
use orchestra_agents::agent::Handles;
use orchestra_agents::context::Cx;
use orchestra_agents::runtime::{Hands, Member, Runtime};
use orchestra_agents::tools::secret::SecretRegistry;
use orchestra_bus::bench::bare_commit_rate;
use orchestra_bus::{SqliteStore, Store, Subscriptions};
use orchestra_events::people::CommandRefused;
use orchestra_events::{Actor, Envelope, Event, EventId, Timestamp};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often runtime and bare loop take turns.
const ROUNDS: usize = 3;
/// How many events wait in each round.
const EVENTS: u64 = 10_000;
/// In how many lanes they wait: as many are handled at once.
const LANES: u64 = 32;
/// How many are accepted at once.
const BATCH: u64 = 500;
/// How long the bare loop takes.
const TURN: Duration = Duration::from_secs(2);
/// No round takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

agent! {
    /// Counts what it hears.
    Counter = "counter",
    keyed by Lane,
    state u64,
    subscribes { CommandRefused },
    publishes {},
    uses {},
}

impl Handles<CommandRefused> for Counter {
    fn handle(heard: &mut u64, _: &CommandRefused, _: &mut Cx<'_, Self>) {
        *heard += 1;
    }
}

/// Events that wait in 32 lanes against as many rows in transactions of 32.
pub(super) async fn measure(scratch: &Scratch) -> anyhow::Result<Vec<Figure>> {
    let (mut through, mut bare) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let folder = scratch.folder(&format!("bare-{round}"))?;
        let at_once = LANES as usize;
        bare.push(tokio::task::spawn_blocking(move || bare_commit_rate(&folder, at_once, TURN)).await??);
        through.push(handled_rate(&scratch.folder(&format!("store-{round}"))?).await?);
    }
    Ok(vec![Figure::new("handle", "through_the_runtime", at(0.5, &mut through), "/s", at(0.5, &mut bare))])
}

async fn handled_rate(dir: &Path) -> anyhow::Result<f64> {
    let subscriptions = Subscriptions::new([(CommandRefused::KIND, "counter")]);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir, subscriptions)?);
    accept(&store, EVENTS).await?;
    let runtime =
        Runtime::new(store.clone(), [Member::of::<Counter>()], Hands::default(), SecretRegistry::new());
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let until = stop.clone();
    let running = tokio::spawn(async move { runtime.run(until).await });
    while store.counts().await?.pending > 0 {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "{EVENTS} events were not handled within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    stop.cancel();
    running.await??;
    let mut counted = 0;
    for lane in 0..LANES {
        let state = store.state("counter", &lane_name(lane)).await?;
        counted += state.and_then(|(_, heard)| heard.as_u64()).unwrap_or_default();
    }
    anyhow::ensure!(counted == EVENTS, "{counted} of {EVENTS} events were counted");
    Ok(EVENTS as f64 / seconds)
}

/// Accepts so many small events of no run in turn for each lane.
///
/// # Errors
/// What the store answers.
pub(super) async fn accept(store: &Arc<dyn Store>, events: u64) -> anyhow::Result<()> {
    let mut first = 0;
    while first < events {
        let last = (first + BATCH).min(events);
        store.accept((first..last).map(event).collect(), Vec::new()).await?;
        first = last;
    }
    Ok(())
}

fn lane_name(lane: u64) -> String {
    format!("repository-{lane}@staging")
}

fn event(number: u64) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: EventId::derived(&EventId(number.to_string()), "bench", 0),
        source: "/bench".to_owned(),
        kind: CommandRefused::KIND.to_owned(),
        subject: None,
        time: Timestamp(1_795_692_315_123),
        datacontenttype: "application/json".to_owned(),
        partitionkey: lane_name(number % LANES),
        correlationid: None,
        causationid: None,
        traceparent: None,
        actor: Actor::person("bench"),
        data: serde_json::to_value(CommandRefused::example()).unwrap_or_default(),
    }
}
