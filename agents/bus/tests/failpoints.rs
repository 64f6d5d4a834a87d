//! The store stopped at every place of the step protocol, and a flush that fails.
//!
//! A panic in the writer ends it as a kill does: nothing that was not committed is there when the folder is
//! opened again. The kill itself is done to the whole program by the harness in `tests/`.

use orchestra_bus::conformance::{SUBSCRIPTIONS, act, delivery_step, event, intent, timer};
use orchestra_bus::{Blobs, FAILPOINTS, Input, NewPost, SqliteStore, Step, Store, StoreError, Subscriptions};
use orchestra_events::{RunId, Timestamp};
use serde_json::json;
use std::path::Path;

fn opened(dir: &Path) -> SqliteStore {
    let store = SqliteStore::open(dir, Subscriptions::new(SUBSCRIPTIONS.iter().copied()));
    store.unwrap_or_else(|error| panic!("the folder opens again: {error}"))
}

/// Does one of everything, whatever was done of it before; stops at the first error.
async fn work(store: &SqliteStore) -> Result<(), StoreError> {
    store.accept(vec![event("a", "shop"), event("b", "blog")], vec![act("shop", "deploy")]).await?;
    store.next_number("incident").await?;
    store.set_progress(RunId(1), "build", "compiling").await?;
    for delivery in store.pending(0, 100).await? {
        store.attempt(delivery.id, None).await?;
        let name = format!("{}/{}", delivery.agent, delivery.event.id);
        if name == "tell/b" {
            store.bury(Some(delivery.id), None, "it cannot be handled").await?;
            continue;
        }
        let builds = delivery.agent == "build";
        let post = NewPost { thread: "RUN-1".to_owned(), name: name.clone(), message: json!("news") };
        let step = Step {
            intents: if builds { vec![intent(&name)] } else { Vec::new() },
            timers: if builds { vec![timer(&name, Timestamp(1))] } else { Vec::new() },
            posts: vec![post],
            acts: vec![act("shop", "handle")],
            ..delivery_step(&delivery)
        };
        store.commit(step).await?;
    }
    for letter in store.dead_letters().await? {
        if letter.status == "waiting" {
            store.settle_dead_letter(letter.id, false, act("shop", "drop")).await?;
        }
    }
    loop {
        let claimed = store.claim(&["shell".to_owned()], 10).await?;
        if claimed.is_empty() {
            break;
        }
        for one in claimed {
            if one.attempts == 0 {
                let earlier = store.now().await?.plus_millis(-1);
                store.put_back(&one.intent.id, one.fence, earlier).await?;
                continue;
            }
            let outcome = json!({"exit": 0});
            let input = Input::Answer { intent: one.intent.id, fence: one.fence, outcome, unknown: false };
            store.commit(of_build(input)).await?;
        }
    }
    for due in store.due_timers(10).await?.0 {
        store.commit(of_build(Input::Timer(due.timer.id))).await?;
    }
    for post in store.unshown(10).await? {
        store.shown(&post.post.thread, &post.post.name, post.wanted).await?;
    }
    store.expire(Timestamp(0)).await.map(|_| ())
}

fn of_build(input: Input) -> Step {
    let any = orchestra_bus::Delivery { id: 0, agent: "build".to_owned(), event: event("", ""), attempts: 0 };
    Step { input, ..delivery_step(&any) }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_anywhere_everything_still_counts_once() {
    let scenario = fail::FailScenario::setup();
    for name in FAILPOINTS.iter().filter(|name| !name.starts_with("blob.")) {
        let dir = tempfile::tempdir().unwrap();
        let store = opened(dir.path());
        let action = if *name == "store.commit.io" { "3*off->1*return" } else { "1*panic" };
        fail::cfg(*name, action).unwrap();
        let stopped = work(&store).await;
        assert!(matches!(stopped, Err(StoreError::Stopped(_))), "`{name}` is reached: {stopped:?}");
        fail::remove(name);
        let later = store.accept(vec![event("later", "shop")], Vec::new()).await;
        assert!(
            matches!(later, Err(StoreError::Stopped(_))),
            "`{name}`: a stopped store stays so: {later:?}"
        );
        drop(store);

        let store = opened(dir.path());
        work(&store).await.unwrap_or_else(|error| panic!("`{name}`: it continues: {error}"));
        let counts = store.counts().await.unwrap();
        assert_eq!((counts.events, counts.pending, counts.dead), (2, 0, 0), "`{name}`");
        assert_eq!((counts.open_intents, counts.timers), (0, 0), "`{name}`");
        assert_eq!(counts.handled, 4 + 2 + 2, "`{name}`: deliveries, answers and timers, each once");
        let verified = store.verify_audit().await.unwrap();
        assert_eq!((verified.acts, verified.broken), (1 + 3 + 1, None), "`{name}`: each act once");
        assert_eq!(store.unshown(10).await.unwrap(), [], "`{name}`");
    }
    scenario.teardown();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_flush_nothing_is_answered_until_the_folder_is_opened_again() {
    let scenario = fail::FailScenario::setup();
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    store.accept(vec![event("before", "shop")], Vec::new()).await.unwrap();
    fail::cfg("store.commit.io", "1*return").unwrap();
    let failed = store.accept(vec![event("during", "shop")], Vec::new()).await;
    assert!(matches!(failed, Err(StoreError::Stopped(_))), "{failed:?}");
    let later = store.accept(vec![event("after", "shop")], Vec::new()).await;
    assert!(matches!(later, Err(StoreError::Stopped(_))), "a later success would prove nothing: {later:?}");
    assert!(matches!(store.counts().await, Err(StoreError::Stopped(_))), "nor is anything read");
    drop(store);
    let store = opened(dir.path());
    assert_eq!(
        store.counts().await.unwrap().events,
        1,
        "what was accepted is there, what was refused is not"
    );
    store.accept(vec![event("after", "shop")], Vec::new()).await.unwrap();
    scenario.teardown();
}

#[test]
fn a_blob_has_its_name_only_when_it_is_whole() {
    let scenario = fail::FailScenario::setup();
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let digest = orchestra_events::Digest::of(b"an artefact");
    for (name, visible) in [("blob.before-rename", false), ("blob.after-rename", true)] {
        fail::cfg(name, "1*panic").unwrap();
        assert!(std::panic::catch_unwind(|| blobs.put(b"an artefact")).is_err(), "`{name}` is reached");
        assert_eq!(blobs.exists(&digest), visible, "`{name}`");
    }
    assert_eq!(blobs.put(b"an artefact").unwrap(), digest);
    assert_eq!(blobs.get(&digest).unwrap(), b"an artefact");
    scenario.teardown();
}
