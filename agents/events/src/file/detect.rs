//! A pipeline for a repository that has no file: sensible guesses from what is there, each with its reason.
//!
//! It decides from names of files and a few manifests; it runs nothing and asks nobody.
//! Languages are in `detect_languages`; here stand the choice of folder and of the best guess.

use thiserror::Error;

use super::detect_languages::{GUESSES, Guess};
use super::pipeline::{Build, BuildTool, Deployment, PipelineFile, Project, Service, Testing};
use super::scalars;

/// The port of a detected service where no Dockerfile names one.
const USUAL_PORT: u16 = 8080;
/// Bytes of a manifest that is read; a longer one counts as absent.
const MAX_MANIFEST: usize = 256 << 10;
/// Paths that are looked at.
const MAX_PATHS: usize = 50_000;
/// Folders whose manifests say nothing about how the repository runs.
const SKIPPED_FOLDERS: &[&str] = &[
    "node_modules",
    "vendor",
    "target",
    "dist",
    "build",
    "tests",
    "test",
    "testdata",
    "examples",
    "docs",
    "fixtures",
];
/// What is recognised, and that nothing here builds it.
const FOREIGN: &[(&str, &str)] = &[
    ("Gemfile", "Ruby"),
    ("composer.json", "PHP"),
    ("mix.exs", "Elixir"),
    ("deno.json", "Deno"),
    ("project.clj", "Clojure"),
    ("build.sbt", "Scala"),
    ("Package.swift", "Swift"),
    ("pubspec.yaml", "Dart"),
    ("CMakeLists.txt", "CMake"),
];

/// What was guessed, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// The guess, as if it had been written down; it passes `check`.
    /// Commands run in `build.context`.
    pub pipeline: PipelineFile,
    /// One sentence for each choice, in the order of the choices.
    pub because: Vec<String>,
}

/// Why there is no guess, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DetectError {
    /// Nothing says how to build the repository.
    #[error(
        "nothing says how to build this{found}; \
         write `devops_orchestra.yaml` with `build.tool: custom`, `build.command` and the services' `command`"
    )]
    Unknown {
        /// What was recognised though nothing builds it: empty, or `: found Gemfile (Ruby)`.
        found: String,
    },
    /// Several folders could be meant.
    #[error(
        "several folders could be built: {}; write `devops_orchestra.yaml` with the right one as `build.context`",
        .folders.join(", ")
    )]
    Several {
        /// The folders, sorted.
        folders: Vec<String>,
    },
}

/// The files of the folder that is looked at.
pub(super) struct Folder<'a> {
    paths: &'a [&'a str],
    read: &'a dyn Fn(&str) -> Option<String>,
    /// Empty for the repository itself, else ending with `/`.
    prefix: String,
}

impl<'a> Folder<'a> {
    /// Whether the folder has the file.
    pub(super) fn has(&self, name: &str) -> bool {
        let path = format!("{}{name}", self.prefix);
        self.paths.contains(&path.as_str())
    }

    /// The file's text, if it is there and not too long.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        if !self.has(name) {
            return None;
        }
        (self.read)(&format!("{}{name}", self.prefix)).filter(|text| text.len() <= MAX_MANIFEST)
    }

    /// Every path below the folder, relative to it.
    pub(super) fn below(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.paths.iter().filter_map(|path| path.strip_prefix(self.prefix.as_str()))
    }

    fn at(&self, prefix: String) -> Folder<'a> {
        Folder { paths: self.paths, read: self.read, prefix }
    }
}

/// Guesses a pipeline from the repository's files.
///
/// `paths` are relative with `/`; `read` gives a file's text, or `None` where it cannot.
///
/// # Errors
/// [`DetectError`] where nothing is recognised or several folders could be meant.
pub fn detect(paths: &[&str], read: &dyn Fn(&str) -> Option<String>) -> Result<Detected, DetectError> {
    let root = Folder { paths: &paths[..paths.len().min(MAX_PATHS)], read, prefix: String::new() };
    let mut because = Vec::new();
    let (folder, guesses) = match guesses(&root) {
        guesses if !guesses.is_empty() => (root, guesses),
        _ => nested(&root, &mut because)?,
    };
    // A folder often has a second manifest for its tools; the one that can start something is meant.
    let best = guesses.iter().position(|guess| guess.start.is_some()).unwrap_or(0);
    for (index, guess) in guesses.iter().enumerate() {
        if index != best {
            because.push(format!("`{}` is there too and was not used", guess.manifest));
        }
    }
    let Some(guess) = guesses.into_iter().nth(best) else { return Err(unknown(&folder)) };
    // A web project of another language often carries a package.json for its assets alone.
    if guess.start.is_none() && !foreign(&folder).is_empty() {
        return Err(unknown(&folder));
    }
    Ok(assemble(&folder, guess, because))
}

fn guesses(folder: &Folder<'_>) -> Vec<Guess> {
    GUESSES.iter().filter_map(|guess| guess(folder)).collect()
}

/// Looks one folder down, then two, for the only folder that something can be made of.
fn nested<'a>(root: &Folder<'a>, because: &mut Vec<String>) -> Result<(Folder<'a>, Vec<Guess>), DetectError> {
    for depth in 1..=2 {
        let mut folders: Vec<String> = root
            .paths
            .iter()
            .filter_map(|path| {
                let (parts, rest) = split_at_depth(path, depth)?;
                let manifest = !rest.contains('/');
                let skipped =
                    parts.split('/').any(|part| SKIPPED_FOLDERS.contains(&part) || part.starts_with('.'));
                (manifest && !skipped && scalars::repository_path(parts).is_ok()).then(|| parts.to_owned())
            })
            .collect();
        folders.sort();
        folders.dedup();
        // Each guess reads manifests, so the number of folders tried is bounded too.
        folders.truncate(50);
        let mut found: Vec<(String, Vec<Guess>)> = folders
            .into_iter()
            .map(|name| {
                let guesses = guesses(&root.at(format!("{name}/")));
                (name, guesses)
            })
            .filter(|(_, guesses)| !guesses.is_empty())
            .collect();
        if found.len() > 1 {
            return Err(DetectError::Several { folders: found.into_iter().map(|(name, _)| name).collect() });
        }
        if let Some((name, guesses)) = found.pop() {
            because.push(format!("`{name}` is the only folder with something to build"));
            return Ok((root.at(format!("{name}/")), guesses));
        }
    }
    Err(unknown(root))
}

fn split_at_depth(path: &str, depth: usize) -> Option<(&str, &str)> {
    let (end, _) = path.match_indices('/').nth(depth - 1)?;
    Some((&path[..end], &path[end + 1..]))
}

fn foreign(folder: &Folder<'_>) -> Vec<String> {
    let mut found: Vec<String> = FOREIGN
        .iter()
        .filter(|(file, _)| folder.has(file))
        .map(|(file, language)| format!("{file} ({language})"))
        .collect();
    if let Some(project) = folder.below().find(|path| path.ends_with(".csproj") || path.ends_with(".fsproj"))
    {
        found.push(format!("{project} (.NET)"));
    }
    found
}

fn unknown(folder: &Folder<'_>) -> DetectError {
    let found = foreign(folder);
    let found = if found.is_empty() { String::new() } else { format!(": found {}", found.join(", ")) };
    DetectError::Unknown { found }
}

fn assemble(folder: &Folder<'_>, guess: Guess, mut because: Vec<String>) -> Detected {
    because.extend(guess.because);
    let start = procfile(folder, &mut because).or(guess.start);
    let name = guess.name.as_deref().and_then(sound_name).unwrap_or_else(|| "app".to_owned());
    let services = match start {
        Some(command) => {
            let port = port(folder, &mut because);
            vec![Service {
                name: name.clone(),
                port: Some(port),
                command: Some(command),
                ..Service::default()
            }]
        }
        // A Dockerfile or a Java archive says by itself how it starts.
        None if matches!(guess.tool, BuildTool::Docker | BuildTool::Maven | BuildTool::Gradle) => {
            let port = port(folder, &mut because);
            vec![Service { name: name.clone(), port: Some(port), ..Service::default() }]
        }
        None => {
            because.push("nothing says how to start it, so nothing is deployed".to_owned());
            Vec::new()
        }
    };
    let (framework, command) = guess.test.unzip();
    let framework = framework.flatten();
    if command.is_none() {
        because.push("no tests were found".to_owned());
    }
    let context = match folder.prefix.trim_end_matches('/') {
        "" => ".".to_owned(),
        inner => inner.to_owned(),
    };
    let pipeline = PipelineFile {
        project: Project { name: Some(name), ..Project::default() },
        build: Build { tool: Some(guess.tool), context, dockerfile: None, command: guess.build },
        testing: Testing { enabled: command.is_some(), framework, command, ..Testing::default() },
        deployment: Deployment { services, ..Deployment::default() },
        ..PipelineFile::default()
    };
    Detected { pipeline, because }
}

/// The `web` line of a Procfile, which says how to start it whatever the language.
fn procfile(folder: &Folder<'_>, because: &mut Vec<String>) -> Option<String> {
    let text = folder.text("Procfile")?;
    let command = text.lines().find_map(|line| line.strip_prefix("web:"))?.trim().to_owned();
    if command.is_empty() || command.len() > 4096 || command.chars().any(char::is_control) {
        return None;
    }
    because.push("`Procfile` says how to start it".to_owned());
    Some(command)
}

fn port(folder: &Folder<'_>, because: &mut Vec<String>) -> u16 {
    let exposed = folder.text("Dockerfile").and_then(|text| {
        text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let instruction = words.next()?.eq_ignore_ascii_case("expose");
            let port = words.next()?.split('/').next()?.parse().ok()?;
            (instruction && port > 0).then_some(port)
        })
    });
    match exposed {
        Some(port) => {
            because.push(format!("`Dockerfile` exposes port {port}"));
            port
        }
        None => {
            because.push(format!("nothing names a port, so it is {USUAL_PORT}"));
            USUAL_PORT
        }
    }
}

/// The last part of a name, if it is one that a service may have.
fn sound_name(name: &str) -> Option<String> {
    let last = name.rsplit('/').next().unwrap_or(name);
    scalars::name(last, 63).is_ok().then(|| last.to_owned())
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
