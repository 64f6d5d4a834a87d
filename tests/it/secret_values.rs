//! A secret reaches the service and nothing else.

use orchestra_tests::traffic::get;
use orchestra_tests::{Manner, World};
use std::path::{Path, PathBuf};

#[test]
fn a_secret_reaches_the_service_and_stands_in_no_file_thread_or_log() {
    let mut world = World::asleep();
    let secret = format!("s3cr3t-{:016x}", u64::from(std::process::id()).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    world.sets("TOKEN", &secret);
    world.wakes();
    let shop = world.repository("shop").with_more("secrets:\n  keys: [TOKEN]\n");
    shop.serves(Manner::TellsItsSecret, "one");
    let run = world.goes_live(&shop);
    assert_eq!(get(shop.port, "/"), Some((200, format!("length {}", secret.len()))));

    let logs = world.orchestra(&["logs", "shop"]);
    assert!(logs.out.contains("the token is"), "{}", logs.out);
    assert!(!logs.out.contains(&secret), "`logs` tells it");
    assert!(!world.says("logs shop").contains(&secret), "chat tells it");
    assert!(!world.thread(run).contains(&secret), "the thread tells it");
    assert!(!world.console().contains(&secret), "the console tells it");
    let found = files_with(world.data(), secret.as_bytes());
    // What the shim was told to do is its memory on disk, for its owner only.
    let elsewhere: Vec<_> = found.iter().filter(|path| !path.ends_with("desired.json")).collect();
    assert!(elsewhere.is_empty(), "the secret stands in {elsewhere:?}");
    for path in &found {
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "others may read {}", path.display());
    }
}

#[test]
fn a_secret_that_is_not_there_is_named() {
    let world = World::begins();
    let shop = world.repository("shop").with_more("secrets:\n  keys: [NO_SUCH_TOKEN_HERE]\n");
    shop.serves(Manner::Good, "one");
    let said = world.push_and_wait(&shop);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("NO_SUCH_TOKEN_HERE"), "{}", said.out);
}

/// Files below a folder that hold these bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder reads").flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if kind.is_file() {
            let text = std::fs::read(&path).unwrap_or_default();
            if text.windows(bytes.len()).any(|part| part == bytes) {
                found.push(path);
            }
        }
    }
    found
}
