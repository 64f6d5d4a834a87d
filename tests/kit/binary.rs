//! The program under test: the workspace's own `orchestra`, built when it is missing or older than the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of `orchestra`, as fresh as the tests themselves.
///
/// # Panics
/// When it can't be built.
pub fn orchestra() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // Whoever runs all tests has built it just before.
        if let Some(binary) = std::env::var_os("ORCHESTRA_BINARY") {
            return PathBuf::from(binary);
        }
        // target/PROFILE/deps/it-HASH
        let tests = std::env::current_exe().unwrap();
        let profile = tests.parent().and_then(Path::parent).unwrap().to_owned();
        let binary = profile.join("orchestra");
        if !as_fresh(&binary, &tests) {
            build(&profile);
        }
        assert!(binary.is_file(), "`{}` was not built", binary.display());
        binary
    })
}

/// Both are linked from the same crates, so a binary that is older than the tests may be of older sources.
fn as_fresh(binary: &Path, tests: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
    matches!((modified(binary), modified(tests)), (Some(binary), Some(tests)) if binary >= tests)
}

fn build(profile: &Path) {
    let name = match profile.file_name().unwrap().to_string_lossy() {
        name if name == "debug" => "dev".to_owned(),
        name => name.into_owned(),
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "orchestra-bot", "--bin", "orchestra", "--profile", &name])
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.unwrap().success(), "`orchestra` does not build");
}
