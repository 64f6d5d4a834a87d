//! From the start of a process to its first answer, beside a start of the same program that does nothing.

use super::figure::{Figure, at};
use super::scratch::Scratch;
use super::server::Server;
use anyhow::Context as _;
use std::process::Stdio;
use std::time::Instant;
use tokio::process::Command;

/// How often.
const ROUNDS: usize = 10;

/// The median of ten starts on fresh folders.
pub(super) async fn measure(scratch: &Scratch) -> anyhow::Result<Vec<Figure>> {
    let (mut ready, mut nothing) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        nothing.push(start_for_nothing().await? * 1000.0);
        let (server, took) = Server::start(&scratch.folder(&format!("start-{round}"))?).await?;
        ready.push(took.as_secs_f64() * 1000.0);
        server.end().await?;
    }
    Ok(vec![Figure::new("start", "until_it_answers", at(0.5, &mut ready), "ms", at(0.5, &mut nothing))])
}

async fn start_for_nothing() -> anyhow::Result<f64> {
    let program = std::env::current_exe().context("the program's own path is not known")?;
    let begun = Instant::now();
    let status = Command::new(program).arg("--version").stdout(Stdio::null()).status().await?;
    anyhow::ensure!(status.success(), "`orchestra --version` ended with {status}");
    Ok(begun.elapsed().as_secs_f64())
}
