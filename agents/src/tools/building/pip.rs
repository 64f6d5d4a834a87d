//! Python with pip: fetches wheels, installs them without network into a folder of the tree, keeps
//! the tree with that folder.

use super::facts::TreeFacts;
use super::plan::{Artefact, BuildPlan, Start, shell, words};

/// Where packages are installed.
const PACKAGES: &str = ".packages";
/// Where wheels lie between fetch and installation.
const WHEELS: &str = ".wheels";

/// `requirements.txt` goes before `pyproject.toml`; a tree with neither has nothing to install.
pub(super) fn plan(facts: &TreeFacts) -> BuildPlan {
    let what: &[&str] = if facts.has_requirements {
        &["-r", "requirements.txt"]
    } else if facts.is_python_project && !facts.has("requirements.txt") {
        &["."]
    } else {
        &[]
    };
    let mut fetch = Vec::new();
    let mut build = Vec::new();
    if !what.is_empty() {
        // A source package is built into its wheel here: it needs tools that only the index has.
        fetch.push(words(&[&["python3", "-m", "pip", "wheel", "--wheel-dir", WHEELS], what].concat()));
        // A wrapper such as pyenv's tidies its own folders after an installation, which it can't here,
        // so the interpreter itself is asked where it is.
        build.push(shell(&format!(
            "set -- {WHEELS}/*.whl; exec \"$(python3 -c 'import sys; print(sys.executable)')\" \\\n  \
             -m pip install --no-index --no-deps --no-compile --target {PACKAGES} \"$@\""
        )));
    }
    BuildPlan {
        tool: "pip",
        fetch,
        build,
        artefact: Artefact::Tree { without: &[WHEELS] },
        start: start(facts),
        needs: vec!["python3"],
        search_paths: if what.is_empty() { Vec::new() } else { vec![("PYTHONPATH", PACKAGES)] },
    }
}

/// A file with a usual name.
fn start(facts: &TreeFacts) -> Start {
    let usual = ["app.py", "main.py", "server.py", "wsgi.py", "__main__.py"];
    let file = usual.into_iter().find(|name| facts.has(name));
    file.map_or(Start::Unknown, |file| Start::Command(words(&["python3", file])))
}
