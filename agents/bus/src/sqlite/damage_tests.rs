//! Files that somebody or something changed: what is said, and where.

use super::SqliteStore;
use super::store_tests::{opened, subscriptions};
use crate::audit::Verified;
use crate::conformance::{act, event};
use crate::store::{Store, StoreError};
use std::path::{Path, PathBuf};

fn database(dir: &Path) -> PathBuf {
    dir.join("orchestra.db")
}

/// A folder with nine acts in three chains, closed.
async fn with_acts() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    for number in 0..9 {
        let chain = ["shop", "blog", "wiki"][number % 3];
        let event = event(&number.to_string(), chain);
        store.accept(vec![event], vec![act(chain, &format!("act {number}"))]).await.unwrap();
    }
    dir
}

async fn verified_after(sql: &str) -> Verified {
    let dir = with_acts().await;
    rusqlite::Connection::open(database(dir.path())).unwrap().execute_batch(sql).unwrap();
    opened(dir.path()).verify_audit().await.unwrap()
}

#[tokio::test]
async fn every_change_to_the_audit_is_found_where_it_was_made() {
    assert_eq!(verified_after("SELECT 1").await, Verified { acts: 9, chains: 3, broken: None });
    for (sql, seq, chain) in [
        ("UPDATE acts SET actor = 'user:mallory' WHERE seq = 5", 5, "blog"),
        ("UPDATE acts SET at = at + 1 WHERE seq = 1", 1, "shop"),
        ("DELETE FROM acts WHERE seq = 4", 4, "shop"),
        ("DELETE FROM acts WHERE seq = 9", 9, "wiki"),
        ("DELETE FROM acts WHERE seq = 7", 7, "shop"),
        (
            "UPDATE acts SET seq = -1 WHERE seq = 4; UPDATE acts SET seq = 4 WHERE seq = 7;
             UPDATE acts SET seq = 7 WHERE seq = -1",
            4,
            "shop",
        ),
        ("DELETE FROM acts WHERE chain = 'blog'; DELETE FROM heads WHERE chain = 'blog'", 2, ""),
        ("DELETE FROM acts; DELETE FROM heads", 1, ""),
        ("DELETE FROM heads WHERE chain = 'wiki'", 9, "wiki"),
    ] {
        let found = verified_after(sql).await.broken.unwrap_or_else(|| panic!("`{sql}` is not found"));
        assert_eq!((found.seq, found.chain.as_str()), (seq, chain), "{sql}: {}", found.why);
    }
}

/// Copies a folder as a crash would leave it: with its write-ahead log, while it is open.
fn crashed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["orchestra.db", "orchestra.db-wal"] {
        std::fs::copy(dir.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

#[tokio::test]
async fn a_torn_or_flipped_tail_of_the_log_opens_with_a_whole_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    for number in 0..10 {
        store.accept(vec![event(&number.to_string(), "shop")], vec![act("shop", "act")]).await.unwrap();
    }
    let whole = std::fs::read(dir.path().join("orchestra.db-wal")).unwrap();
    let mut seen = Vec::new();
    for cut in 0..40 {
        let copy = crashed(dir.path());
        let mut torn = whole.clone();
        // Half of the cuts tear the tail off, the other half flip one bit near it.
        let from_the_end = (cut + 1) * 1733 % torn.len();
        let place = torn.len() - from_the_end;
        if cut % 2 == 0 {
            torn.truncate(place)
        } else {
            torn[place] ^= 16
        }
        std::fs::write(copy.path().join("orchestra.db-wal"), torn).unwrap();
        let store = opened(copy.path());
        let log = store.events(0, 100).await.unwrap();
        let ids: Vec<_> = log.into_iter().map(|(_, event)| event.id.0).collect();
        let expected: Vec<_> = (0..ids.len()).map(|number| number.to_string()).collect();
        assert_eq!(ids, expected, "a prefix, without holes");
        let verified = store.verify_audit().await.unwrap();
        assert_eq!((verified.acts, verified.broken), (ids.len() as u64, None), "and each event with its act");
        seen.push(ids.len());
    }
    assert!(seen.iter().any(|count| *count < 10) && seen.contains(&9), "the tail was really torn: {seen:?}");
}

#[tokio::test]
async fn a_damaged_page_is_said_and_nothing_panics() {
    let dir = with_acts().await;
    let whole = std::fs::read(database(dir.path())).unwrap();
    let pages = whole.len() / 4096;
    let mut refused = 0;
    for page in 0..pages {
        let mut damaged = whole.clone();
        let at = page * 4096;
        damaged[at + if page == 0 { 0 } else { 1 }..at + 512].fill(0xa5);
        std::fs::write(database(dir.path()), &damaged).unwrap();
        match SqliteStore::open(dir.path(), subscriptions()) {
            Err(StoreError::Unreadable { why, .. }) => {
                assert!(!why.is_empty());
                refused += 1;
            }
            Err(other) => panic!("page {page}: {other}"),
            // A page that holds nothing, or damage that the database cannot see, must not panic later either.
            Ok(store) => drop(store.verify_audit().await),
        }
    }
    assert!(refused * 10 >= pages * 9, "{refused} of {pages} damaged pages were refused");
}

#[tokio::test]
async fn a_file_that_is_cut_short_or_no_database_is_refused() {
    for length in [1, 100, 5000, 4096 * 3] {
        let dir = with_acts().await;
        let file = std::fs::File::options().write(true).open(database(dir.path())).unwrap();
        file.set_len(length).unwrap();
        drop(file);
        let refused = SqliteStore::open(dir.path(), subscriptions()).err();
        assert!(matches!(refused, Some(StoreError::Unreadable { .. })), "{length}: {refused:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(database(dir.path()), "a shopping list, and not a short one".repeat(400)).unwrap();
    let refused = SqliteStore::open(dir.path(), subscriptions()).err();
    assert!(matches!(refused, Some(StoreError::Unreadable { .. })), "{refused:?}");
}

#[tokio::test]
async fn damage_that_appears_while_the_store_is_open_is_what_the_audit_says() {
    let dir = with_acts().await;
    let store = opened(dir.path());
    let pages = std::fs::metadata(database(dir.path())).unwrap().len() / 4096;
    let mut bytes = std::fs::read(database(dir.path())).unwrap();
    for page in 1..pages as usize {
        bytes[page * 4096 + 1..page * 4096 + 200].fill(0xff);
    }
    std::fs::write(database(dir.path()), bytes).unwrap();
    match store.verify_audit().await {
        Ok(verified) => assert!(verified.broken.is_some(), "{verified:?}"),
        Err(StoreError::Stopped(why) | StoreError::Unreadable { why, .. }) => {
            assert!(why.contains("damaged"))
        }
        Err(other) => panic!("{other}"),
    }
}
