//! The suite on SQLite, and what only the embedded store promises.

use super::{Options, SqliteStore, Subscriptions};
use crate::conformance::{self, Place, SUBSCRIPTIONS, act, delivery_step, event, intent, timer};
use crate::store::{Accepted, Input, Step, Store, StoreError};
use async_trait::async_trait;
use orchestra_events::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

struct Folder(tempfile::TempDir);

#[async_trait]
impl Place for Folder {
    async fn fresh(&mut self) -> Arc<dyn Store> {
        self.0 = tempfile::tempdir().unwrap();
        self.reopen().await
    }

    async fn reopen(&mut self) -> Arc<dyn Store> {
        Arc::new(opened(self.0.path()))
    }
}

pub(super) fn subscriptions() -> Subscriptions {
    Subscriptions::new(SUBSCRIPTIONS.iter().copied())
}

pub(super) fn opened(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, subscriptions()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_holds_what_every_adapter_must() {
    conformance::run_all(&mut Folder(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn a_folder_has_one_orchestra() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    match SqliteStore::open(dir.path(), subscriptions()).err() {
        Some(StoreError::Held { pid, .. }) => assert_eq!(pid, std::process::id()),
        other => panic!("the second is refused, not {other:?}"),
    }
    drop(store);
    opened(dir.path());
}

#[tokio::test]
async fn a_newer_file_and_another_programs_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(opened(dir.path()));
    let path = dir.path().join("orchestra.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = SqliteStore::open(dir.path(), subscriptions()).err().map(|error| error.to_string());
    assert!(newer.as_ref().is_some_and(|why| why.contains("newer version")), "{newer:?}");

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("orchestra.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE shop (id)").unwrap();
    let other = SqliteStore::open(dir.path(), subscriptions()).err().map(|error| error.to_string());
    assert!(other.as_ref().is_some_and(|why| why.contains("another program")), "{other:?}");
}

#[tokio::test]
async fn time_that_passes_makes_things_due() {
    let dir = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(1_000_000));
    let hand = Arc::clone(&now);
    let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> =
        Arc::new(move || Timestamp(hand.load(Ordering::SeqCst)));
    let options = Options { clock: Some(clock), max_pages: None };
    let store = SqliteStore::open_with(dir.path(), subscriptions(), options).unwrap();
    let at = |moment| now.store(moment, Ordering::SeqCst);
    store.accept(vec![event("a", "shop"), event("b", "shop")], Vec::new()).await.unwrap();
    let deliveries = store.pending(0, 10).await.unwrap();
    let step = Step {
        intents: vec![intent("i")],
        claim: true,
        timers: vec![timer("t", Timestamp(2_000_000))],
        ..delivery_step(&deliveries[0])
    };
    let claimed = store.commit(step).await.unwrap();
    store.put_back("i", claimed[0].fence, Timestamp(2_000_000)).await.unwrap();
    store.attempt(deliveries[2].id, Some(Timestamp(2_000_000))).await.unwrap();
    let due = async || {
        let claimed = store.claim(&["shell".to_owned()], 9).await.unwrap().len();
        let timers = store.due_timers(9).await.unwrap().0.len();
        let pending = store.pending(deliveries[1].id, 9).await.unwrap();
        let pending = pending.iter().filter(|d| d.agent == deliveries[2].agent).count();
        (claimed, timers, pending)
    };
    at(1_999_999);
    assert_eq!(due().await, (0, 0, 0), "a millisecond early is early");
    at(2_000_000);
    assert_eq!(due().await, (1, 1, 1));
    // A clock that jumps back repeats nothing.
    at(5);
    assert_eq!(due().await, (0, 0, 0));
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing_and_works_again_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { max_pages: Some(80), ..Options::default() };
    let store = SqliteStore::open_with(dir.path(), subscriptions(), options).unwrap();
    let mut accepted = 0;
    let full = loop {
        let mut large = event(&format!("event {accepted}"), "shop");
        large.data = serde_json::json!("x".repeat(20_000));
        match store.accept(vec![large], vec![act("shop", "deploy")]).await {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < 1000, "the limit is reached");
    };
    assert!(matches!(full, StoreError::Full(_)), "{full:?}");
    assert!(full.to_string().contains("free some space"), "{full}");
    let counts = store.counts().await.unwrap();
    assert_eq!(
        (counts.events, counts.pending),
        (accepted, 2 * accepted),
        "what was accepted is there, and no more"
    );
    assert_eq!(store.verify_audit().await.unwrap().acts, accepted, "nothing was half written");
    // What still fits is accepted; and a folder with more room goes on where this one ended.
    drop(store);
    let store = opened(dir.path());
    assert_eq!(store.accept(vec![event("later", "shop")], Vec::new()).await.unwrap(), [Accepted::New]);
    assert_eq!(store.counts().await.unwrap().events, accepted + 1);
}

#[tokio::test]
async fn dropping_the_store_finishes_what_was_asked() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(opened(dir.path()));
    let asked: Vec<_> = (0..20)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.accept(vec![event(&number.to_string(), "k")], Vec::new()).await })
        })
        .collect();
    for one in asked {
        one.await.unwrap().unwrap();
    }
    drop(store);
    assert_eq!(opened(dir.path()).counts().await.unwrap().events, 20);
}

#[tokio::test]
async fn a_timer_answer_does_not_pass_for_a_delivery() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    store.accept(vec![event("same", "shop")], Vec::new()).await.unwrap();
    let delivery = store.pending(0, 1).await.unwrap().remove(0);
    let step = Step { timers: vec![timer("same", Timestamp(1))], ..delivery_step(&delivery) };
    store.commit(step).await.unwrap();
    store.due_timers(9).await.unwrap();
    let fired = Step { input: Input::Timer("same".to_owned()), ..delivery_step(&delivery) };
    store.commit(fired).await.expect("a timer named like an event is another input");
}
