//! Rust with cargo: fetches what the lock file names, builds in release, keeps the executables.

use super::facts::TreeFacts;
use super::plan::{Artefact, BuildPlan, Refused, Start, lacks, words};

/// A lock file is held to; without one, cargo chooses versions at the fetch.
pub(super) fn plan(facts: &TreeFacts) -> Result<BuildPlan, Refused> {
    if !facts.has("Cargo.toml") {
        return Err(lacks("cargo", "Cargo.toml"));
    }
    let mut fetch = words(&["cargo", "fetch"]);
    let mut build = words(&["cargo", "build", "--release", "--offline"]);
    if facts.has("Cargo.lock") {
        [&mut fetch, &mut build].into_iter().for_each(|command| command.push("--locked".to_owned()));
    }
    Ok(BuildPlan {
        tool: "cargo",
        fetch: vec![fetch],
        build: vec![build],
        artefact: Artefact::CargoExecutables,
        start: Start::Executable { preferred: facts.cargo_package.clone() },
        needs: vec!["cargo", "cc"],
        search_paths: Vec::new(),
    })
}
