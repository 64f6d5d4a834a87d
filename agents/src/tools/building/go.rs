//! Go modules: downloads what `go.sum` names, builds every main package, keeps the executables.

use super::facts::TreeFacts;
use super::plan::{Artefact, BuildPlan, Refused, Start, lacks, words};

/// Where executables are written; a name that no repository has by chance.
const FOLDER: &str = "go-executables";

/// A `vendor` folder or a module without `go.sum` needs no download.
///
/// A command of the author's own may write anywhere, so then the whole tree is kept.
pub(super) fn plan(facts: &TreeFacts, has_command: bool) -> Result<BuildPlan, Refused> {
    if !facts.has("go.mod") {
        return Err(lacks("go", "go.mod"));
    }
    let needs_download = facts.has("go.sum") && !facts.has("vendor");
    Ok(BuildPlan {
        tool: "go",
        fetch: if needs_download { vec![words(&["go", "mod", "download"])] } else { Vec::new() },
        build: vec![words(&["go", "build", "-trimpath", "-o", &format!("{FOLDER}/"), "./..."])],
        artefact: match has_command {
            true => Artefact::Tree { without: &[] },
            false => Artefact::Executables { folder: FOLDER },
        },
        start: Start::Executable { preferred: None },
        needs: vec!["go"],
        search_paths: Vec::new(),
    })
}
