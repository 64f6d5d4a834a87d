//! What is known about a tree without running anything of it.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

/// A bigger manifest is not read.
const LARGEST_MANIFEST: u64 = 1 << 20;
/// More names at the top of a tree are not looked at.
const MOST_NAMES: usize = 10_000;

/// Facts about the top of a tree, all from files that its author wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeFacts {
    /// Names of files and folders at the top.
    pub names: BTreeSet<String>,
    /// `[package] name` of `Cargo.toml`.
    pub cargo_package: Option<String>,
    /// `package.json`, when it can be read.
    pub npm: Option<NpmFacts>,
    /// Whether `requirements.txt` names anything.
    pub has_requirements: bool,
    /// Whether `pyproject.toml` describes something to install (and not only settings of tools).
    pub is_python_project: bool,
}

/// Facts from `package.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NpmFacts {
    /// Names of `scripts`.
    pub scripts: BTreeSet<String>,
    /// Whether it has any kind of dependencies.
    pub has_dependencies: bool,
    /// `main`.
    pub main: Option<String>,
}

impl TreeFacts {
    /// Looks at the top of a tree; what is missing, too big or broken counts as not there.
    #[must_use]
    pub fn read(tree: &Path) -> Self {
        let entries = std::fs::read_dir(tree).into_iter().flatten().flatten().take(MOST_NAMES);
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let text = |name: &str| read_bounded(&tree.join(name)).unwrap_or_default();
        Self {
            names,
            cargo_package: package_name(&text("Cargo.toml")),
            npm: serde_json::from_str(&text("package.json")).ok().map(|json| npm_facts(&json)),
            has_requirements: text("requirements.txt").lines().any(names_something),
            is_python_project: text("pyproject.toml")
                .lines()
                .any(|line| matches!(line.trim(), "[project]" | "[build-system]")),
        }
    }

    /// Whether a file or folder of this name is at the top.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The tool for a tree whose file names none: the first of these files that is there.
    #[must_use]
    pub fn tool(&self) -> Option<&'static str> {
        let table = [
            ("Cargo.toml", "cargo"),
            ("go.mod", "go"),
            ("package.json", "npm"),
            ("requirements.txt", "pip"),
            ("pyproject.toml", "pip"),
            ("Makefile", "make"),
            ("makefile", "make"),
            ("GNUmakefile", "make"),
            ("app.py", "pip"),
            ("main.py", "pip"),
            ("server.py", "pip"),
        ];
        table.into_iter().find(|(file, _)| self.has(file)).map(|(_, tool)| tool)
    }
}

/// A regular file's text up to [`LARGEST_MANIFEST`]; never through a link, which could lead anywhere.
fn read_bounded(path: &Path) -> Option<String> {
    let about = std::fs::symlink_metadata(path).ok()?;
    if !about.is_file() || about.len() > LARGEST_MANIFEST {
        return None;
    }
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(LARGEST_MANIFEST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The `name` in the section `[package]`; enough to choose between binaries, so no parser is needed.
fn package_name(manifest: &str) -> Option<String> {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[package]").skip(1);
    let value = lines
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("name")?.trim_start().strip_prefix('='))?;
    let name = value.trim().strip_prefix('"')?.split('"').next()?;
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

/// Whether a line of `requirements.txt` is more than a comment.
fn names_something(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

fn npm_facts(json: &Value) -> NpmFacts {
    let filled = |key: &str| json[key].as_object().is_some_and(|object| !object.is_empty());
    let kinds = ["dependencies", "devDependencies", "optionalDependencies", "workspaces"];
    let scripts = json["scripts"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    NpmFacts {
        scripts: scripts.collect(),
        has_dependencies: kinds.into_iter().any(filled) || json["workspaces"].is_array(),
        main: json["main"].as_str().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_read_out_of_its_own_section_only() {
        let table = [
            ("[package]\nname = \"demo\"\n", Some("demo")),
            ("[workspace]\nname = \"no\"\n[package]\nversion = \"1\"\nname=\"yes\"", Some("yes")),
            ("[package]\nversion = \"1\"\n[dependencies]\nname = \"no\"", None),
            ("[package]\nname.workspace = true", None),
            ("", None),
        ];
        for (manifest, expected) in table {
            assert_eq!(package_name(manifest).as_deref(), expected, "{manifest:?}");
        }
    }

    #[test]
    fn broken_manifests_and_links_count_as_not_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package.json"), "{ not json").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("requirements.txt")).unwrap();
        std::fs::write(folder.path().join("pyproject.toml"), "[tool.ruff]\nline-length = 99\n").unwrap();
        let facts = TreeFacts::read(folder.path());
        assert_eq!(facts.npm, None);
        assert!(!facts.has_requirements && !facts.is_python_project);
        assert_eq!(facts.tool(), Some("npm"));
        assert_eq!(TreeFacts::read(Path::new("/nowhere")).tool(), None);
    }
}
