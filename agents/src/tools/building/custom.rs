//! A command of the author's own, and the whole tree is kept.

use super::plan::{Artefact, BuildPlan, Refused, Start};

/// Needs the command, for there is nothing else to go by.
pub(super) fn plan(has_command: bool) -> Result<BuildPlan, Refused> {
    if !has_command {
        return Err(Refused {
            tool: "custom".to_owned(),
            why: "it has no command".to_owned(),
            instead: "set `build.command`".to_owned(),
        });
    }
    Ok(BuildPlan {
        tool: "custom",
        fetch: Vec::new(),
        build: Vec::new(),
        artefact: Artefact::Tree { without: &[] },
        start: Start::Executable { preferred: None },
        needs: vec!["/bin/sh"],
        search_paths: Vec::new(),
    })
}
