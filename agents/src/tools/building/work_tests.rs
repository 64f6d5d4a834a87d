//! Whole builds with the real tools of this machine; a tool that is missing is skipped loudly.
//!
//! Each tiny program prints a line; its artefact is unpacked in another folder after the workspace is
//! gone, and started there.

use std::path::Path;
use std::process::Command;

use super::confined_tests::{folder, request, wrappers};
use super::*;
use crate::testing_support::skipped;
use crate::tools::archive::{Bounds, unpack};

fn has(programs: &[&str]) -> bool {
    let toolchain = Toolchain::detect();
    let missing: Vec<&&str> = programs.iter().filter(|program| toolchain.find(program).is_none()).collect();
    for program in &missing {
        skipped(program, "this machine has none");
    }
    missing.is_empty()
}

/// The strongest confinement that can be tried here, for what doesn't differ between them.
fn wrapper() -> Wrapper {
    wrappers().pop().unwrap().1
}

fn build_request(folder: &Path, tool: Option<&str>, files: &[(&str, &str)]) -> BuildRequest {
    BuildRequest {
        site: request(folder, wrapper(), files),
        tool: tool.map(str::to_owned),
        command: None,
        keep: Vec::new(),
        network: Network::Off,
        artefact: folder.join("artefact.tar"),
        artefact_bounds: Bounds::default(),
    }
}

/// Unpacks the artefact elsewhere and starts it with what the build says.
fn start(built: &Built, folder: &Path) -> String {
    let tree = folder.join("else where");
    unpack(&built.artefact_path, &tree, Bounds::default()).unwrap();
    let [program, arguments @ ..] = built.start.as_slice() else { panic!("nothing to start: {built:?}") };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&tree);
    for (name, place) in &built.search_paths {
        let old = std::env::var(name).unwrap_or_default();
        command.env(name, format!("{}:{old}", tree.join(place).display()));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

async fn builds(tool: Option<&str>, files: &[(&str, &str)]) -> (Built, String) {
    let folder = folder();
    let request = build_request(folder.path(), tool, files);
    let built = build(request.clone()).await;
    let built = built.unwrap_or_else(|error| {
        panic!("{error}\n{}", std::fs::read_to_string(&request.site.log).unwrap_or_default())
    });
    assert!(!request.site.folder.join("tree").exists(), "the workspace is gone");
    let said = start(&built, folder.path());
    (built, said)
}

#[tokio::test]
async fn cargo_builds_a_program_that_runs_elsewhere_and_again_to_the_same_digest() {
    if !has(&["cargo", "cc"]) {
        return;
    }
    let manifest = "[workspace]\n[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let main = "fn main() { print!(\"cargo {}\", include_str!(\"../config/word\")) }";
    let files = [("Cargo.toml", manifest), ("src/main.rs", main), ("config/word", "works")];
    let folder = folder();
    let request = build_request(folder.path(), None, &files);
    let first = build(request.clone()).await.unwrap();
    assert_eq!(first.start, ["./target/release/tiny"]);
    assert_eq!(start(&first, folder.path()), "cargo works");
    assert!(folder.path().join("else where/config/word").exists(), "assets come along");
    let second = build(request).await.unwrap();
    assert_eq!(first.artefact_digest, second.artefact_digest);
}

#[tokio::test]
async fn go_builds_a_program_that_runs_elsewhere() {
    if !has(&["go"]) {
        return;
    }
    let main = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"go works\") }\n";
    let (built, said) =
        builds(None, &[("go.mod", "module example.org/tiny\n\ngo 1.21\n"), ("main.go", main)]).await;
    assert_eq!((built.tool, said.as_str()), ("go", "go works"));
    assert_eq!(built.start, ["./tiny"]);
}

#[tokio::test]
async fn make_keeps_the_tree_and_finds_the_program_that_it_made() {
    if !has(&["make", "cc"]) {
        return;
    }
    let makefile = "out/tiny: tiny.c\n\tmkdir -p out\n\tcc -o $@ $<\n";
    let main = "#include <stdio.h>\nint main(void) { puts(\"make works\"); return 0; }\n";
    let (built, said) = builds(Some("make"), &[("Makefile", makefile), ("tiny.c", main)]).await;
    assert_eq!(built.start, ["./out/tiny"]);
    assert_eq!(said, "make works");
}

#[tokio::test]
async fn npm_runs_the_script_build_without_network() {
    if !has(&["npm", "node"]) {
        return;
    }
    let package = r#"{"name": "tiny", "version": "1.0.0", "main": "made.js",
        "scripts": {"build": "node -e \"require('fs').writeFileSync('made.js', 'console.log(/npm works/.source)')\""}}"#;
    let (built, said) = builds(None, &[("package.json", package)]).await;
    assert_eq!(built.start, ["node", "made.js"]);
    assert_eq!(said, "npm works");
}

#[tokio::test]
async fn pip_installs_a_wheel_of_the_repository_into_the_artefact() {
    if !has(&["python3"]) {
        return;
    }
    let make_wheel = "import zipfile\nz = zipfile.ZipFile('tinylib-1.0-py3-none-any.whl', 'w')\n\
        z.writestr('tinylib.py', 'word = \"works\"')\n\
        z.writestr('tinylib-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: tinylib\\nVersion: 1.0\\n')\n\
        z.writestr('tinylib-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
        z.writestr('tinylib-1.0.dist-info/RECORD', '')\nz.close()\n";
    let folder = folder();
    let source = folder.path().join("source of it");
    std::fs::create_dir(&source).unwrap();
    let made = Command::new("python3").args(["-c", make_wheel]).current_dir(&source).status().unwrap();
    assert!(made.success());
    let files = [
        ("requirements.txt", "# a comment\n./tinylib-1.0-py3-none-any.whl\n"),
        ("app.py", "import tinylib\nprint('pip', tinylib.word)\n"),
    ];
    let request = build_request(folder.path(), None, &files);
    let built = build(request.clone()).await;
    let built = built
        .unwrap_or_else(|error| panic!("{error}\n{}", std::fs::read_to_string(&request.site.log).unwrap()));
    assert_eq!(built.start, ["python3", "app.py"]);
    assert_eq!(start(&built, folder.path()), "pip works");
    assert!(!folder.path().join("else where/.wheels").exists());
}

#[tokio::test]
async fn a_custom_command_runs_as_it_stands_and_only_the_named_paths_are_kept() {
    let folder = folder();
    let mut request = build_request(folder.path(), Some("custom"), &[("word", "works")]);
    request.command = Some("mkdir 'o u t' && { echo '#!/bin/sh'; echo \"echo custom $(cat word)\"; } > 'o u t/run' && chmod +x 'o u t/run'".to_owned());
    request.keep = vec!["o u t".to_owned()];
    let mut built = build(request).await.unwrap();
    built.start = vec!["./o u t/run".to_owned()];
    assert_eq!(start(&built, folder.path()), "custom works");
    assert!(!folder.path().join("else where/word").exists());
}

/// Builds with a command of the file and says how it failed.
async fn fails(folder: &Path, command: &str, change: impl FnOnce(&mut BuildRequest)) -> BuildError {
    let mut request = build_request(folder, Some("custom"), &[("file", "x")]);
    request.command = Some(command.to_owned());
    change(&mut request);
    let error = build(request.clone()).await.unwrap_err();
    assert!(!request.artefact.exists());
    assert!(!request.site.folder.join("tree").exists());
    error
}

#[tokio::test]
async fn a_build_that_fails_floods_or_hangs_says_so_in_one_line() {
    let second = std::time::Duration::from_secs(2);
    let at = folder();
    let error = fails(at.path(), "echo before; exit 7", |_| {}).await;
    assert_eq!(error.to_string(), "`echo before; exit 7` ended with code 7");
    let BuildError::Step { ended, .. } = error else { panic!("{error:?}") };
    assert!(ended.output_tail.contains("before"));
    let at = folder();
    let error =
        fails(at.path(), "sleep 987671 & sleep 987671", |request| request.site.limits.wall = second).await;
    assert!(error.to_string().ends_with("took too long and was ended"), "{error}");
    let at = folder();
    let error = fails(at.path(), "yes", |request| request.site.limits.output = 100_000).await;
    assert!(error.to_string().ends_with("wrote too much output and was ended"), "{error}");
}

#[tokio::test]
async fn a_build_is_cancelled_while_it_runs() {
    let at = folder();
    let (sender, mut lines) = tokio::sync::mpsc::channel(16);
    let mut request = build_request(at.path(), Some("custom"), &[]);
    request.command = Some("echo begun; sleep 987672".to_owned());
    request.site.on_line = Some(sender);
    let cancel = request.site.cancel.clone();
    let building = tokio::spawn(build(request));
    // Under Landlock the test program that becomes the command has written the line's beginning.
    while !lines.recv().await.expect("it begins").ends_with("begun") {}
    cancel.cancel();
    assert!(matches!(building.await.unwrap(), Err(BuildError::Cancelled)));
}

#[tokio::test]
async fn links_that_a_build_plants_lead_nowhere() {
    let outside = folder();
    std::fs::write(outside.path().join("secret"), "hush").unwrap();
    let place = outside.path().display();
    let at = folder();
    let error = fails(at.path(), &format!("ln -s '{place}' stolen"), |_| {}).await;
    assert!(matches!(error, BuildError::Artefact(_)), "{error:?}");
    let at = folder();
    let plant = format!("ln -s '{place}' dist");
    let keep = vec!["dist/secret".to_owned()];
    let error = fails(at.path(), &plant, |request| request.keep = keep).await;
    assert!(matches!(error, BuildError::Artefact(_)), "{error:?}");
    let at = folder();
    let plant = format!("mkdir -p \"$CARGO_TARGET_DIR\" && ln -s '{place}' \"$CARGO_TARGET_DIR/release\"");
    let error = fails(at.path(), &plant, |request| {
        request.tool = Some("cargo".to_owned());
        request.site = self::request(at.path(), wrapper(), &[("Cargo.toml", "[workspace]\n")]);
    });
    if has(&["cargo", "cc"]) {
        let error = error.await;
        assert!(matches!(error, BuildError::NoArtefact(_)), "{error:?}");
    }
    assert!(outside.path().join("secret").exists());
}

#[tokio::test]
async fn a_missing_tool_and_an_unknown_tree_are_refused() {
    let at = folder();
    let mut request = build_request(at.path(), Some("go"), &[("go.mod", "module m\n")]);
    request.site.toolchain = Toolchain::from_variables([("PATH".into(), "/nowhere".into())]);
    let error = build(request).await.unwrap_err();
    assert_eq!(error.to_string(), "`go` is not installed on this machine, so `go` can't be used");
    let at = folder();
    let error = build(build_request(at.path(), None, &[])).await.unwrap_err();
    assert!(matches!(error, BuildError::Undetected), "{error:?}");
    let error = build(build_request(at.path(), Some("docker"), &[])).await.unwrap_err();
    assert!(error.to_string().starts_with("`docker` can't build this"), "{error}");
}
