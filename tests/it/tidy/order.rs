//! Sizes of files, forgotten files, folders without a README, words that must not stand anywhere.

use super::none_of;
use super::sources::{SourceFile, files, root, rust};
use std::collections::BTreeSet;

/// How many lines a file may have.
const LONGEST: usize = 600;
/// Nine in ten have fewer.
const MOST: usize = 400;

/// What stands nowhere: the places where this was made, and hosts that only a client's own settings may name.
const FORBIDDEN: &[&str] = &[
    concat!("/wo", "rk/main"),
    concat!("/wo", "rk/shared"),
    concat!("/wo", "rk/notes"),
    concat!("crates", ".io"),
    concat!("py", "pi.org"),
    concat!("files.python", "hosted.org"),
    concat!("registry.npm", "js.org"),
    concat!("proxy.go", "lang.org"),
    concat!("repo.mav", "en.apache.org"),
    concat!("repo1.mav", "en.org"),
    concat!("deb.deb", "ian.org"),
];

#[test]
fn files_are_small() {
    let mut lengths: Vec<(usize, String)> =
        rust().into_iter().map(|file| (file.text.lines().count(), file.path)).collect();
    lengths.sort();
    let at = |share: f64| lengths[((lengths.len() - 1) as f64 * share).round() as usize].0;
    let longest = &lengths[lengths.len() - 1];
    println!(
        "{} files of Rust: median {} lines, nine in ten under {}, longest {} ({})",
        lengths.len(),
        at(0.5),
        at(0.9) + 1,
        longest.0,
        longest.1
    );
    let over: Vec<String> = lengths
        .iter()
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    none_of(&over, &format!("no file has more than {LONGEST} lines"), "README.md");
    assert!(at(0.9) < MOST, "nine in ten files have under {MOST} lines, not {}; see README.md", at(0.9));
}

#[test]
fn nothing_is_left_to_be_done() {
    let words = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("db", "g!(")];
    let mut found = Vec::new();
    for file in rust() {
        for (index, line) in file.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) && !line.trim_start().starts_with("//") {
                found.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    none_of(&found, "what is not built does not exist; nothing stands in for it", "README.md");
}

#[test]
fn nothing_names_the_place_where_it_was_made() {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| file.name() != "Cargo.lock") {
        for (index, line) in file.text.lines().enumerate() {
            for word in FORBIDDEN.iter().filter(|word| line.contains(*word)) {
                found.push(format!("{}:{}: {word}", file.path, index + 1));
            }
        }
    }
    none_of(&found, "no path of a workplace and no host of a registry stands in the repository", "README.md");
}

#[test]
fn no_file_is_forgotten() {
    let all = rust();
    let roots = |file: &SourceFile| {
        let folder = file.folder();
        let starts = matches!(file.name(), "lib.rs" | "main.rs" | "build.rs");
        // Cargo finds these by themselves.
        let found = |part: &str| {
            folder
                .rsplit_once('/')
                .is_some_and(|(above, last)| last == part && root().join(above).join("Cargo.toml").is_file())
        };
        starts || ["examples", "benches", "tests"].into_iter().any(found)
    };
    let mut forgotten = Vec::new();
    for file in all.iter().filter(|file| !roots(file)) {
        let mut folder = file.folder();
        let mut stem = file.name().trim_end_matches(".rs");
        if stem == "mod" {
            (folder, stem) = folder.rsplit_once('/').unwrap_or(("", folder));
        }
        let declared = format!("mod {stem};");
        let by_path = format!("{}\"]", file.name());
        let near = |other: &&SourceFile| {
            // A module is declared beside it (`mod.rs`, `lib.rs`), or in the file with its folder's name.
            other.folder() == folder
                || other.path == format!("{folder}.rs")
                || folder.starts_with(other.folder())
        };
        let names = |other: &SourceFile| {
            let lines = other.text.lines().map(str::trim);
            let mut lines = lines.filter(|line| !line.starts_with("//"));
            lines.any(|line| {
                line.ends_with(&declared) || (line.starts_with("#[path") && line.ends_with(&by_path))
            })
        };
        if !all.iter().filter(near).any(|other| other.path != file.path && names(other)) {
            forgotten.push(file.path.clone());
        }
    }
    none_of(&forgotten, "every file is a part of some crate; a `mod` names it", "tests/README.md");
}

#[test]
fn every_folder_is_explained() {
    let files = files();
    let has_readme = |folder: &str| root().join(folder).join("README.md").is_file();
    let mut folders = BTreeSet::new();
    for file in &files {
        let mut folder = file.folder();
        while !folder.is_empty() {
            folders.insert(folder.to_owned());
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
    let mut bare = Vec::new();
    for folder in &folders {
        let top = !folder.contains('/');
        let in_source = folder.split('/').any(|part| part == "src") || folder.starts_with('.');
        if in_source || has_readme(folder) {
            continue;
        }
        if top {
            bare.push(format!("{folder}/ has no README.md"));
            continue;
        }
        // A small folder may be explained by the README of the nearest room above, which then names it.
        let mut above = folder.as_str();
        let explained = loop {
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
            if above.is_empty() {
                break false;
            }
            if has_readme(above) {
                let named = format!("{}/", &folder[above.len() + 1..]);
                let readme = files.iter().find(|file| file.path == format!("{above}/README.md"));
                break readme.is_some_and(|readme| readme.text.contains(&named));
            }
        };
        if !explained {
            bare.push(format!("{folder}/ has no README.md, and the one above does not name it"));
        }
    }
    none_of(&bare, "every folder outside `src` is explained by a README", "README.md");
}

#[test]
fn every_room_has_its_four_headings() {
    let headings = [
        "## What lives here",
        "## What must not",
        "## How to add one",
        "## How it is tested",
        "## Decisions",
    ];
    let rooms = [
        "agents",
        "agents/events",
        "agents/analytics",
        "agents/bus",
        "agents/shim",
        "bot",
        "deploy",
        "tests",
    ];
    let mut lacking = Vec::new();
    for room in rooms {
        let path = format!("{room}/README.md");
        let text = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        for heading in headings.iter().filter(|heading| !text.lines().any(|line| line == **heading)) {
            lacking.push(format!("{path}: {heading}"));
        }
    }
    none_of(&lacking, "a room's README has four headings and its decisions", "README.md");
}
