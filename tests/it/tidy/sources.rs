//! The repository's files, and what of a file is product and what is test.

use std::path::{Path, PathBuf};

/// Where the repository lies.
pub(super) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().map_or_else(|| panic!("{} lies in no repository", tests.display()), Path::to_path_buf)
}

/// A text file of the repository.
pub(super) struct SourceFile {
    /// Its path from the repository's top, with `/`.
    pub(super) path: String,
    /// What it says.
    pub(super) text: String,
}

impl SourceFile {
    /// The folder that it lies in, from the repository's top; empty for the top itself.
    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Its name with the extension.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it is Rust of this workspace; the demo's shop is a program of its own.
    pub(super) fn is_ours(&self) -> bool {
        self.path.ends_with(".rs") && !self.path.starts_with("deploy/demo/")
    }

    /// Whether all of it is test.
    pub(super) fn is_test(&self) -> bool {
        let folders = format!("/{}/", self.folder());
        self.name().ends_with("_tests.rs") || folders.contains("/tests/") || folders.contains("/examples/")
    }

    /// The lines of the product with their numbers: no comments, and nothing of a test module at the end.
    pub(super) fn product(&self) -> Vec<(usize, &str)> {
        if self.is_test() {
            return Vec::new();
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let opens_tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].ends_with("mod tests {");
        let end = lines.windows(2).position(opens_tests).unwrap_or(lines.len());
        let numbered = lines[..end].iter().enumerate().map(|(index, line)| (index + 1, *line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
    }
}

/// Every text file of the repository, sorted by path; nothing of `target`, `.git` and other hidden folders.
pub(super) fn files() -> Vec<SourceFile> {
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 50, "the repository was not found at {}", root().display());
    found
}

/// The workspace's own Rust.
pub(super) fn rust() -> Vec<SourceFile> {
    files().into_iter().filter(SourceFile::is_ours).collect()
}

/// One file by its path.
pub(super) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<SourceFile>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.flatten() {
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
        let hidden = name.starts_with('.') && name != ".ci";
        if hidden || name == "target" {
            continue;
        }
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file()
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            found.push(SourceFile { path, text });
        }
    }
}

/// What a manifest names in its sections of dependencies: (section, name).
pub(super) fn dependencies(manifest: &str) -> Vec<(&str, &str)> {
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            // `[dependencies.name]` is a dependency by itself.
            if let Some((kind, name)) = section.split_once("dependencies.") {
                found.push((if kind.is_empty() { "dependencies" } else { kind }, name));
            }
        } else if section.ends_with("dependencies") && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if !name.is_empty() {
                found.push((section, name));
            }
        }
    }
    found
}

#[test]
fn what_is_product_and_what_is_test_is_told_apart() {
    let text = "use a;\n// b\nfn c() {}\n#[cfg(test)]\nmod tests {\n    d\n}\n".to_owned();
    let file = SourceFile { path: "bot/src/x.rs".to_owned(), text };
    assert_eq!(file.product(), [(1, "use a;"), (3, "fn c() {}")]);
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# b = 1\nc = { version = \"1\" }\n\
                    [dev-dependencies]\nd = \"1\"\n[dependencies.e]\nversion = \"1\"\n";
    let found =
        [("dependencies", "a"), ("dependencies", "c"), ("dev-dependencies", "d"), ("dependencies", "e")];
    assert_eq!(dependencies(manifest), found);
}
