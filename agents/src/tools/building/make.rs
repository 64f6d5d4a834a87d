//! Make: its default target, and the whole tree is kept.

use super::facts::TreeFacts;
use super::plan::{Artefact, BuildPlan, Refused, Start, lacks, words};

/// The file may name another command, for instance another target; then no Makefile is looked for.
pub(super) fn plan(facts: &TreeFacts, has_command: bool) -> Result<BuildPlan, Refused> {
    let is_there = ["GNUmakefile", "makefile", "Makefile"].into_iter().any(|name| facts.has(name));
    if !is_there && !has_command {
        return Err(lacks("make", "Makefile"));
    }
    Ok(BuildPlan {
        tool: "make",
        fetch: Vec::new(),
        build: vec![words(&["make"])],
        artefact: Artefact::Tree { without: &[] },
        start: Start::Executable { preferred: None },
        needs: vec!["make"],
        search_paths: Vec::new(),
    })
}
