//! Events accepted durably per second, beside a bare SQLite loop that commits the very same rows.

use super::figure::{Figure, at};
use super::scratch::Scratch;
use orchestra_bus::bench::{accept_rate, bare_commit_rate};
use std::time::Duration;

/// How often store and bare loop take turns.
const ROUNDS: usize = 5;
/// How long each turn takes.
const TURN: Duration = Duration::from_millis(1500);

/// One at a time against one a transaction, then 32 at once against 32 a transaction.
pub(super) async fn measure(scratch: &Scratch) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (figure, at_once) in [("one_at_a_time", 1), ("32_at_once", 32)] {
        let (mut store, mut bare) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let folder = scratch.folder(&format!("bare-{at_once}-{round}"))?;
            bare.push(tokio::task::spawn_blocking(move || bare_commit_rate(&folder, at_once, TURN)).await??);
            let folder = scratch.folder(&format!("store-{at_once}-{round}"))?;
            store.push(accept_rate(&folder, at_once, TURN).await?);
        }
        figures.push(Figure::new("accept", figure, at(0.5, &mut store), "/s", at(0.5, &mut bare)));
    }
    Ok(figures)
}
