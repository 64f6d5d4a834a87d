//! What a file's path says about its content.

/// Files whose long random strings are checksums, not secrets.
const LOCK_FILES: [&str; 14] = [
    "cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pipfile.lock",
    "uv.lock",
    "go.sum",
    "composer.lock",
    "gemfile.lock",
    "flake.lock",
    "bun.lock",
    "packages.lock.json",
];

/// The last part of a path.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The extension in lower case, or empty.
pub(super) fn extension(path: &str) -> String {
    name(path).rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default()
}

/// Lock files, minified code and the like: nobody writes a secret there by hand.
pub(super) fn is_generated(path: &str) -> bool {
    let name = name(path).to_lowercase();
    LOCK_FILES.contains(&name.as_str())
        || [".min.js", ".min.css", ".map", ".svg", ".sum", ".lock"].iter().any(|end| name.ends_with(end))
}

/// Tests, fixtures, examples and documentation: a secret there is most often an example.
pub(super) fn is_example(path: &str) -> bool {
    let path = path.to_lowercase();
    let folders = [
        "test",
        "tests",
        "testdata",
        "fixtures",
        "fixture",
        "__tests__",
        "spec",
        "specs",
        "mocks",
        "examples",
        "example",
        "docs",
        "doc",
        "samples",
    ];
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    parts.iter().any(|part| folders.contains(part))
        || name.starts_with("test_")
        || ["_test.", ".test.", "_tests.", ".spec.", ".example", ".sample", ".md", ".rst", ".adoc"]
            .iter()
            .any(|mark| name.contains(mark))
}

/// Test vectors on purpose broken: a file that does not parse there is no mistake.
pub(super) fn is_fixture(path: &str) -> bool {
    let path = path.to_lowercase();
    path.split('/').any(|part| {
        ["test", "tests", "testdata", "fixtures", "fixture", "__fixtures__", "samples"].contains(&part)
    })
}

/// Files in which values stand without quotes.
pub(super) fn has_bare_values(path: &str) -> bool {
    let name = name(path).to_lowercase();
    name.starts_with(".env")
        || name.ends_with(".env")
        || ["properties", "ini", "cfg", "conf", "yaml", "yml", "toml", "npmrc", "pypirc", "credentials"]
            .contains(&extension(path).as_str())
        || name == "credentials"
        || name == "dockerfile"
}
