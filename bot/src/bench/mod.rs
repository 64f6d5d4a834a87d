//! What this build does on this machine: each figure beside a baseline of the same run, so that a slow disk or a
//! busy machine shows in both.
//!
//! # Layout
//!
//! - `figure`: one measured figure and how it is printed
//! - `scratch`: a folder on the data folder's disk, gone afterwards
//! - `accept`, `handle`, `proxy`, `start`, `memory`: one bench each
//! - `server`: a running `orchestra up` of this very program, for those that need one

mod accept;
mod figure;
mod handle;
mod memory;
mod proxy;
mod scratch;
mod server;
mod start;

use crate::cli::print;
use figure::Figure;
use scratch::Scratch;
use std::path::Path;
use std::process::ExitCode;

/// What each bench measures, in the order in which they run.
const BENCHES: [(&str, &str); 5] = [
    ("accept", "events accepted durably per second, beside bare SQLite committing the same rows"),
    ("handle", "events handled per second through the runtime, beside bare commits of the same events"),
    ("proxy", "the proxy's requests per second and added latency, beside a direct connection"),
    ("start", "from the start of a process to its first answer, beside a start that does nothing"),
    ("memory", "resident memory of a server, idle and after 100,000 events"),
];

/// Runs one bench, or all of them; `dir` is the data folder, below which scratch folders are made and removed.
///
/// A name that no bench has lists those that there are and gives exit 2.
///
/// # Errors
/// When a bench can't be done here: no disk, no socket, no process.
pub async fn bench(dir: &Path, name: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    if let Some(name) = name.filter(|name| !BENCHES.iter().any(|(known, _)| known == name)) {
        print::note(&format!("orchestra: there is no bench `{name}`; there are:"));
        for (known, about) in BENCHES {
            print::note(&format!("  {known:<8}{about}"));
        }
        return Ok(ExitCode::from(2));
    }
    if !json {
        print::line(&Figure::heading());
    }
    for (known, about) in BENCHES.iter().filter(|(known, _)| name.is_none_or(|name| name == *known)) {
        tracing::info!(bench = known, about, "begins");
        let scratch = Scratch::below(dir)?;
        let figures = match *known {
            "accept" => accept::measure(&scratch).await?,
            "handle" => handle::measure(&scratch).await?,
            "proxy" => proxy::measure().await?,
            "start" => start::measure(&scratch).await?,
            _ => memory::measure(&scratch).await?,
        };
        for figure in figures {
            if json { print::json(&figure) } else { print::line(&figure.row()) }
        }
    }
    Ok(ExitCode::SUCCESS)
}
