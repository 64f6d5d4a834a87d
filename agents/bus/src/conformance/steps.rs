//! Atomicity, versions, handled once, settings, numbers.

use super::given::{act, delivered, delivery_step, event, intent, step, timer};
use super::place::Place;
use crate::store::{Input, NewPost, Step, Store, StoreError};
use orchestra_events::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// A step that does one of everything.
fn everything(delivery: &crate::store::Delivery, version: u64, state: Value) -> Step {
    Step {
        events: vec![event("published", "shop")],
        intents: vec![intent("wanted")],
        claim: true,
        timers: vec![timer("later", Timestamp(1))],
        posts: vec![NewPost { name: "card".to_owned(), thread: "RUN-1".to_owned(), message: json!("hello") }],
        settings: vec![("freeze".to_owned(), Some(json!(true)))],
        acts: vec![act("shop", "build")],
        ..step("build", "shop", Input::Delivery(delivery.id), version, Some(state))
    }
}

/// Whether nothing that [`everything`] writes is there.
async fn nothing_of_it(store: &dyn Store) -> bool {
    let counts = store.counts().await.unwrap();
    counts.events == 1
        && counts.open_intents == 0
        && counts.timers == 0
        && counts.handled == 0
        && store.thread("RUN-1", 0, 10).await.unwrap().is_empty()
        && store.setting("freeze").await.unwrap().is_none()
        && store.acts(0, 10).await.unwrap().is_empty()
        && store.state("build", "shop").await.unwrap().is_none()
}

pub(super) async fn a_step_does_all_or_nothing(place: &mut dyn Place) {
    let store = place.fresh().await;
    let delivery = delivered(&*store, "a").await;
    let stale = store.commit(everything(&delivery, 4, json!(1))).await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
    assert!(nothing_of_it(&*store).await, "a step that is refused for its version leaves nothing");
    let mut bad = everything(&delivery, 0, json!(1));
    bad.settings.push(("large".to_owned(), Some(json!("x".repeat(2 * 1024 * 1024)))));
    let large = store.commit(bad).await;
    assert!(matches!(large, Err(StoreError::TooLarge { .. })), "{large:?}");
    assert!(nothing_of_it(&*store).await, "a step that fails at its end leaves nothing");

    let claimed = store.commit(everything(&delivery, 0, json!({"built": 1}))).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!((&claimed[0].intent, claimed[0].fence, claimed[0].unanswered), (&intent("wanted"), 1, false));
    drop(store);
    let store = place.reopen().await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.events, counts.pending, counts.handled), (2, 3, 1));
    assert_eq!((counts.open_intents, counts.timers), (1, 1));
    assert_eq!(store.state("build", "shop").await.unwrap(), Some((1, json!({"built": 1}))));
    assert_eq!(store.setting("freeze").await.unwrap(), Some(json!(true)));
    assert_eq!(store.thread("RUN-1", 0, 10).await.unwrap()[0].post.message, json!("hello"));
    assert_eq!(store.acts(0, 10).await.unwrap()[0].1, act("shop", "build"));
}

pub(super) async fn an_input_is_handled_once(place: &mut dyn Place) {
    let store = place.fresh().await;
    let delivery = delivered(&*store, "a").await;
    store.commit(delivery_step(&delivery)).await.unwrap();
    let again = store.commit(delivery_step(&delivery)).await;
    assert!(matches!(again, Err(StoreError::AlreadyHandled { .. })), "{again:?}");
    drop(store);
    let store = place.reopen().await;
    let later = store.commit(everything(&delivery, 0, json!(1))).await;
    assert!(matches!(later, Err(StoreError::AlreadyHandled { .. })), "after a restart: {later:?}");
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.events, counts.handled), (1, 1), "and nothing of it is written");
    let stranger = store.commit(step("build", "shop", Input::Delivery(1 << 40), 0, None)).await;
    assert!(matches!(stranger, Err(StoreError::Missing { .. })), "{stranger:?}");
    let other = store.pending(0, 10).await.unwrap();
    assert_eq!(other.len(), 1, "the other agent's delivery is its own");
    let wrong = store.commit(step("build", "shop", Input::Delivery(other[0].id), 0, None)).await;
    assert!(wrong.is_err(), "an agent cannot handle what was delivered to another");
    store.commit(delivery_step(&other[0])).await.unwrap();
}

pub(super) async fn a_stale_version_is_refused(place: &mut dyn Place) {
    let store = place.fresh().await;
    let (first, second) = (delivered(&*store, "a").await, delivered(&*store, "b").await);
    let third = delivered(&*store, "c").await;
    let writes = |delivery: &crate::store::Delivery, version, state: Option<Value>| {
        step("build", "shop", Input::Delivery(delivery.id), version, state)
    };
    store.commit(writes(&first, 0, Some(json!(1)))).await.unwrap();
    let stale = store.commit(writes(&second, 0, Some(json!(2)))).await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
    assert_eq!(store.state("build", "shop").await.unwrap(), Some((1, json!(1))));
    store.commit(writes(&second, 1, Some(json!(2)))).await.unwrap();
    drop(store);
    let store = place.reopen().await;
    assert_eq!(store.state("build", "shop").await.unwrap(), Some((2, json!(2))));
    assert_eq!(store.state("tell", "shop").await.unwrap(), None, "another agent's state is its own");
    store.commit(writes(&third, 2, None)).await.unwrap();
    assert_eq!(store.state("build", "shop").await.unwrap(), None, "a thing that has ended is forgotten");
}

pub(super) async fn a_refused_step_does_not_spoil_its_neighbours(place: &mut dyn Place) {
    let store = place.fresh().await;
    let ids: Vec<_> = (0..48).map(|number| format!("event {number}")).collect();
    for id in &ids {
        store.accept(vec![event(id, id)], Vec::new()).await.unwrap();
    }
    let deliveries = store.pending(0, 1000).await.unwrap();
    let tasks: Vec<_> = deliveries
        .into_iter()
        .enumerate()
        .map(|(number, delivery)| {
            let store = Arc::clone(&store);
            // Every third step is computed from a version that never was.
            let stale = number % 3 == 0;
            let version = if stale { 9 } else { 0 };
            let key = format!("key {number}");
            let step =
                Step { key: key.clone(), version, state: Some(json!(number)), ..delivery_step(&delivery) };
            tokio::spawn(async move {
                let refused = store.commit(step).await.is_err();
                let written = store.state(&delivery.agent, &key).await.unwrap().is_some();
                (stale, refused, written)
            })
        })
        .collect();
    for task in tasks {
        let (stale, refused, written) = task.await.unwrap();
        assert_eq!((refused, written), (stale, !stale));
    }
    assert_eq!(store.counts().await.unwrap().handled, 64);
}

pub(super) async fn published_events_keep_their_order(place: &mut dyn Place) {
    let store = place.fresh().await;
    let delivery = delivered(&*store, "a").await;
    let events = ["x", "y", "a", "z"].map(|id| event(id, "shop")).to_vec();
    store.commit(Step { events, ..delivery_step(&delivery) }).await.unwrap();
    drop(store);
    let store = place.reopen().await;
    let log: Vec<_> = store.events(0, 10).await.unwrap().into_iter().map(|(_, event)| event.id.0).collect();
    assert_eq!(log, ["a", "x", "y", "z"], "in the step's order, and what was seen before is left out");
    let build: Vec<_> = store.pending(0, 100).await.unwrap();
    let build: Vec<_> = build.into_iter().filter(|d| d.agent == "build").map(|d| d.event.id.0).collect();
    assert_eq!(build, ["x", "y", "z"], "and they are delivered");
}

pub(super) async fn settings_and_numbers_endure(place: &mut dyn Place) {
    let store = place.fresh().await;
    assert_eq!(store.next_number("incident").await.unwrap(), 1);
    assert_eq!(store.next_number("incident").await.unwrap(), 2);
    assert_eq!(store.next_number("run").await.unwrap(), 1, "a sequence by that name is not the runs'");
    assert_eq!(store.next_run().await.unwrap().0, 1);
    let delivery = delivered(&*store, "a").await;
    let settings = [("freeze/shop", json!(1)), ("freeze/blog", json!({"by": "bob"})), ("frost", json!(3))];
    let settings = settings.map(|(name, value)| (name.to_owned(), Some(value))).to_vec();
    store.commit(Step { settings, ..delivery_step(&delivery) }).await.unwrap();
    drop(store);
    let store = place.reopen().await;
    assert_eq!(store.next_number("incident").await.unwrap(), 3, "a number is never given twice");
    assert_eq!(store.next_run().await.unwrap().0, 2);
    let found = store.settings("freeze/").await.unwrap();
    assert_eq!(
        found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["freeze/blog", "freeze/shop"]
    );
    assert_eq!(store.settings("").await.unwrap().len(), 3);
    let delivery = delivered(&*store, "b").await;
    let settings = vec![("freeze/shop".to_owned(), None)];
    store.commit(Step { settings, ..delivery_step(&delivery) }).await.unwrap();
    assert_eq!(store.setting("freeze/shop").await.unwrap(), None);
    assert_eq!(store.setting("frost").await.unwrap(), Some(json!(3)));
}
