//! What to do to build a tree (pure): which commands, what to keep, how to start it.

use super::facts::TreeFacts;
use super::{cargo, custom, go, make, npm, pip};

/// A program and its arguments.
pub type Command = Vec<String>;

/// How one tree is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPlan {
    /// The tool's name, as the file says it.
    pub tool: &'static str,
    /// The tool's own fetch of dependencies, the only commands with network; often none.
    pub fetch: Vec<Command>,
    /// The commands of the build, in order, without network; none when there is nothing to compile.
    pub build: Vec<Command>,
    /// What is kept of it.
    pub artefact: Artefact,
    /// How it is probably started, when the file doesn't say.
    pub start: Start,
    /// Programs that the machine has to have, for the build and for the start.
    pub needs: Vec<&'static str>,
    /// Search paths that the program needs, as (variable, folder in the artefact).
    pub search_paths: Vec<(&'static str, &'static str)>,
}

/// What is kept of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artefact {
    /// The executables of cargo's release folder, at `target/release/`, and [`ASSETS`].
    CargoExecutables,
    /// The executables in a folder of the tree, moved to its top, and [`ASSETS`].
    Executables {
        /// The folder.
        folder: &'static str,
    },
    /// The whole tree without these folders at its top.
    Tree {
        /// What the build needed and the program doesn't.
        without: &'static [&'static str],
    },
}

/// Folders and files at the top of a tree that programs read while they run; kept beside executables.
pub const ASSETS: [&str; 12] = [
    "assets",
    "config",
    "data",
    "locales",
    "migrations",
    "public",
    "resources",
    "schema",
    "static",
    "templates",
    "views",
    "www",
];

/// How an artefact is started, in its own folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With this command.
    Command(Command),
    /// With the only executable that the build left, or the one of this name if there are several.
    Executable {
        /// The preferred name.
        preferred: Option<String>,
    },
    /// Nothing is known; the file has to name `command`.
    Unknown,
}

/// A tool that can't be used, and what to do meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{tool}` can't build this: {why}; {instead}")]
pub struct Refused {
    /// The tool's name as it was given.
    pub tool: String,
    /// Why not.
    pub why: String,
    /// What to set instead.
    pub instead: String,
}

/// Plans the build of a tree with a tool.
///
/// A `command` of the file replaces the tool's own build commands. It is its author's text and runs
/// as it stands in a shell inside the confinement; nothing is ever inserted into it.
///
/// # Errors
/// [`Refused`] for a tool that isn't there, and for a tree that the tool can't build.
pub fn plan(tool: &str, command: Option<&str>, facts: &TreeFacts) -> Result<BuildPlan, Refused> {
    let command = command.map(str::trim).filter(|text| !text.is_empty());
    let mut plan = match tool {
        "cargo" => cargo::plan(facts)?,
        "go" => go::plan(facts, command.is_some())?,
        "make" => make::plan(facts, command.is_some())?,
        "npm" => npm::plan(facts)?,
        "pip" => pip::plan(facts),
        "custom" => custom::plan(command.is_some())?,
        other => return Err(not_there(other)),
    };
    if let Some(command) = command {
        plan.build = vec![shell(command)];
    }
    Ok(plan)
}

fn not_there(tool: &str) -> Refused {
    let (why, instead) = match tool {
        "docker" => (
            "this version builds no container images yet",
            "set `build.tool` to the language's own tool (cargo, go, npm, pip, make), or to `custom` with `build.command`",
        ),
        "maven" | "gradle" => (
            "this version does not know it yet",
            "set `build.tool: custom` and `build.command` to its offline build with dependencies in the repository",
        ),
        "yarn" | "pnpm" => {
            ("this version does not know it yet", "set `build.tool: npm` and commit a `package-lock.json`")
        }
        "poetry" | "uv" => (
            "this version does not know it yet",
            "set `build.tool: pip` and commit a `requirements.txt` (both tools can export one)",
        ),
        _ => ("there is no such tool here", "set `build.tool` to one of cargo, go, make, npm, pip, custom"),
    };
    Refused { tool: tool.chars().take(80).collect(), why: why.to_owned(), instead: instead.to_owned() }
}

/// A command of separate words.
pub(super) fn words(words: &[&str]) -> Command {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A whole text for the shell.
pub(super) fn shell(text: &str) -> Command {
    words(&["/bin/sh", "-c", text])
}

/// A tree that lacks what the tool needs.
pub(super) fn lacks(tool: &str, file: &str) -> Refused {
    Refused {
        tool: tool.to_owned(),
        why: format!("there is no `{file}` at the top of the tree"),
        instead: "set `build.context` to the folder that has it, or another `build.tool`".to_owned(),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
