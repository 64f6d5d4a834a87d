//! Node with npm: fetches packages without running their scripts, runs those without network, then
//! the script `build`; the tree with `node_modules` is kept.

use super::facts::TreeFacts;
use super::plan::{Artefact, BuildPlan, Refused, Start, lacks, words};

/// `npm ci` with a lock file, which is held to; `npm install` without one, when there is something to fetch.
pub(super) fn plan(facts: &TreeFacts) -> Result<BuildPlan, Refused> {
    if !facts.has("package.json") {
        return Err(lacks("npm", "package.json"));
    }
    let Some(npm) = &facts.npm else {
        return Err(Refused {
            tool: "npm".to_owned(),
            why: "`package.json` is not JSON, or bigger than 1 MiB".to_owned(),
            instead: "mend it".to_owned(),
        });
    };
    let is_locked = facts.has("package-lock.json") || facts.has("npm-shrinkwrap.json");
    let mut fetch = Vec::new();
    let mut build = Vec::new();
    if npm.has_dependencies {
        let install: &[&str] = if is_locked { &["ci"] } else { &["install", "--no-package-lock"] };
        fetch.push(words(&[&["npm"], install, &["--ignore-scripts"]].concat()));
        // A package's own script is anybody's code, so it runs after the network is off.
        build.push(words(&["npm", "rebuild"]));
    }
    if npm.scripts.contains("build") {
        build.push(words(&["npm", "run", "build"]));
    }
    Ok(BuildPlan {
        tool: "npm",
        fetch,
        build,
        artefact: Artefact::Tree { without: &[] },
        start: start(facts, npm.main.as_deref(), npm.scripts.contains("start")),
        needs: vec!["npm", "node"],
        search_paths: vec![("PATH", "node_modules/.bin")],
    })
}

/// The script `start`, else `main`, else a file with a usual name.
fn start(facts: &TreeFacts, main: Option<&str>, has_start: bool) -> Start {
    if has_start {
        return Start::Command(words(&["npm", "start", "--silent"]));
    }
    let usual = ["server.js", "index.js", "app.js", "server.mjs", "index.mjs"];
    // A name with a dash in front would be an option of node.
    let main = main.filter(|main| !main.starts_with('-'));
    let file = main.or_else(|| usual.into_iter().find(|name| facts.has(name)));
    file.map_or(Start::Unknown, |file| Start::Command(words(&["node", file])))
}
