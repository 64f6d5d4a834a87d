//! Prints how fast the store accepts beside bare SQLite, and how long a folder with 10,000 open runs takes to open.
//!
//! `cargo run --release -p orchestra-bus --example rates -- DIR`, with DIR on the disk that is meant.
// The figures are this program's output.
#![allow(clippy::print_stdout)]

use orchestra_bus::conformance::{SUBSCRIPTIONS, act, run_event};
use orchestra_bus::{SqliteStore, Store, StoreError, Subscriptions, bench};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let dir = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/rates".to_owned()));
    for round in 0..3 {
        for in_flight in [1, 32] {
            let bare = folder(&dir, &format!("bare-{in_flight}-{round}"))?;
            let baseline = bench::bare_commit_rate(&bare, in_flight, Duration::from_secs(3))?;
            let store = folder(&dir, &format!("store-{in_flight}-{round}"))?;
            let rate = bench::accept_rate(&store, in_flight, Duration::from_secs(3)).await?;
            println!(
                "accept {in_flight} at once: {rate:.0}/s, bare {baseline:.0}/s, ratio {:.2}",
                rate / baseline
            );
        }
    }
    opening(&folder(&dir, "runs")?).await
}

fn folder(dir: &Path, name: &str) -> Result<PathBuf, StoreError> {
    let path = dir.join(name);
    std::fs::create_dir_all(&path).map_err(|error| StoreError::Database(error.to_string()))?;
    Ok(path)
}

async fn opening(dir: &Path) -> Result<(), StoreError> {
    let subscriptions = || Subscriptions::new(SUBSCRIPTIONS.iter().copied());
    let store = SqliteStore::open(dir, subscriptions())?;
    for batch in 0..100 {
        let runs = (batch * 100 + 1)..=(batch * 100 + 100);
        let events = runs.flat_map(|run| {
            (0..3).map(move |number| run_event(&format!("{run}/{number}"), &format!("repository-{run}"), run))
        });
        store.accept(events.collect(), vec![act("runs", "push")]).await?;
    }
    drop(store);
    let begun = Instant::now();
    let store = SqliteStore::open(dir, subscriptions())?;
    let opened = begun.elapsed();
    let pending = store.pending(0, 1000).await?.len();
    println!(
        "open with 10,000 open runs: {opened:?}; first {pending} deliveries after {:?}",
        begun.elapsed()
    );
    println!("{:?}", store.counts().await?);
    Ok(())
}
