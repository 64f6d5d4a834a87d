//! Accepting, order, deduplication, deliveries, runs.

use super::given::{delivered, delivery_step, event, in_an_hour, run_event};
use super::place::Place;
use crate::store::{Accepted, StoreError};
use orchestra_events::RunId;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn accepted_events_are_delivered_in_order(place: &mut dyn Place) {
    let store = place.fresh().await;
    let ids: Vec<String> = (0..20).map(|number| format!("event {number}")).collect();
    for id in &ids {
        store.accept(vec![event(id, "shop")], Vec::new()).await.unwrap();
    }
    drop(store);
    let store = place.reopen().await;
    for agent in ["build", "tell"] {
        let pending = store.pending(0, 1000).await.unwrap();
        assert!(
            pending.is_sorted_by_key(|delivery| delivery.id),
            "deliveries ascend in the order of acceptance"
        );
        let got: Vec<_> = pending.iter().filter(|d| d.agent == agent).map(|d| d.event.id.0.clone()).collect();
        assert_eq!(got, ids, "`{agent}` gets every event, in the order of acceptance, also after a restart");
    }
    let some = store.pending(0, 7).await.unwrap();
    assert_eq!(some.len(), 7, "no more than were asked for");
    let rest = store.pending(some[6].id, 1000).await.unwrap();
    assert_eq!(rest.len(), 33, "and the rest after them");
    let log = store.events(0, 1000).await.unwrap();
    assert_eq!(log.iter().map(|(_, event)| event.id.0.clone()).collect::<Vec<_>>(), ids);
    assert_eq!(store.events(log[4].0, 2).await.unwrap(), log[5..7], "the log is read from a place on");
}

pub(super) async fn an_event_counts_once(place: &mut dyn Place) {
    let store = place.fresh().await;
    let twice = vec![event("a", "shop"), event("a", "shop"), event("b", "shop")];
    let accepted = store.accept(twice, Vec::new()).await.unwrap();
    assert_eq!(accepted, [Accepted::New, Accepted::Duplicate, Accepted::New], "within one batch");
    let again = store.accept(vec![event("b", "other"), event("c", "shop")], Vec::new()).await.unwrap();
    assert_eq!(again, [Accepted::Duplicate, Accepted::New], "in a later batch");
    drop(store);
    let store = place.reopen().await;
    let later = store.accept(vec![event("a", "shop")], Vec::new()).await.unwrap();
    assert_eq!(later, [Accepted::Duplicate], "after a restart");
    for delivery in store.pending(0, 1000).await.unwrap() {
        store.commit(delivery_step(&delivery)).await.unwrap();
    }
    let handled = store.accept(vec![event("a", "shop")], Vec::new()).await.unwrap();
    assert_eq!(handled, [Accepted::Duplicate], "after it was handled");
    assert_eq!(store.counts().await.unwrap().events, 3);
    assert_eq!(store.pending(0, 1000).await.unwrap(), []);
}

pub(super) async fn an_event_that_nobody_wants_is_carried_and_counted(place: &mut dyn Place) {
    let store = place.fresh().await;
    let mut unknown = event("a", "shop");
    unknown.kind = "orchestra.from_the_future.v9".to_owned();
    assert_eq!(store.accept(vec![unknown.clone()], Vec::new()).await.unwrap(), [Accepted::New]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.events, counts.unheard, counts.pending), (1, 1, 0));
    assert_eq!(store.events(0, 10).await.unwrap()[0].1, unknown);
}

pub(super) async fn a_delivery_waits_until_it_is_handled(place: &mut dyn Place) {
    let store = place.fresh().await;
    let delivery = delivered(&*store, "a").await;
    assert_eq!(delivery.attempts, 0);
    assert_eq!(
        store.attempt(delivery.id, None).await.unwrap(),
        1,
        "the attempt is counted before it is made"
    );
    drop(store);
    let store = place.reopen().await;
    let again = store.pending(delivery.id - 1, 1).await.unwrap();
    assert_eq!((again[0].id, again[0].attempts), (delivery.id, 1), "it waits still, and the attempt endured");
    store.commit(delivery_step(&delivery)).await.unwrap();
    let rest = store.pending(0, 10).await.unwrap();
    assert!(rest.iter().all(|other| other.id != delivery.id), "handled, it waits no longer");
    let gone = store.attempt(delivery.id, None).await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
}

pub(super) async fn a_delivery_that_was_put_off_keeps_its_key_in_order(place: &mut dyn Place) {
    let store = place.fresh().await;
    let first = delivered(&*store, "first").await;
    store.accept(vec![event("second", "shop"), event("elsewhere", "other")], Vec::new()).await.unwrap();
    store.attempt(first.id, Some(in_an_hour(&*store).await)).await.unwrap();
    let waiting = |deliveries: Vec<crate::store::Delivery>| -> Vec<String> {
        deliveries.into_iter().filter(|d| d.agent == "build").map(|d| d.event.id.0).collect()
    };
    let due = waiting(store.pending(0, 100).await.unwrap());
    assert_eq!(due, ["elsewhere"], "what comes behind it in its key waits with it, other keys go on");
    let now = store.now().await.unwrap();
    assert_eq!(store.attempt(first.id, Some(now.plus_millis(-1))).await.unwrap(), 2);
    assert_eq!(waiting(store.pending(0, 100).await.unwrap()), ["first", "second", "elsewhere"]);
}

pub(super) async fn events_fold_into_their_run(place: &mut dyn Place) {
    let store = place.fresh().await;
    assert_eq!(store.next_run().await.unwrap(), RunId(1));
    store.accept(vec![run_event("a", "shop", 1)], Vec::new()).await.unwrap();
    store.accept(vec![run_event("b", "shop@staging", 1), event("c", "shop")], Vec::new()).await.unwrap();
    store.accept(vec![run_event("d", "other", 2)], Vec::new()).await.unwrap();
    drop(store);
    let store = place.reopen().await;
    let run = store.run(RunId(1)).await.unwrap().expect("the run is open");
    assert_eq!(run.lane, "shop@staging", "the lane is the environment's once it is known");
    assert_eq!((run.state.run, run.ended), (Some(RunId(1)), false));
    let about: Vec<_> =
        store.events_of(RunId(1)).await.unwrap().into_iter().map(|event| event.id.0).collect();
    assert_eq!(about, ["a", "b"]);
    let mut end = run_event("e", "shop@staging", 1);
    end.kind = "orchestra.run_ended.v1".to_owned();
    end.data = json!({"repo": "shop", "outcome": "aborted", "reason": "a person said so"});
    store.accept(vec![end], Vec::new()).await.unwrap();
    assert!(store.run(RunId(1)).await.unwrap().expect("the run is kept").ended);
    let ids = |runs: Vec<crate::store::RunRow>| runs.into_iter().map(|run| run.id.0).collect::<Vec<_>>();
    assert_eq!(ids(store.runs(false, 10).await.unwrap()), [2, 1], "newest first");
    assert_eq!(ids(store.runs(true, 10).await.unwrap()), [2], "only open ones when asked");
    assert_eq!(store.counts().await.unwrap().open_runs, 1);
    assert_eq!(store.run(RunId(99)).await.unwrap(), None);
}

pub(super) async fn too_large_an_event_is_refused_alone(place: &mut dyn Place) {
    let store = place.fresh().await;
    let mut large = event("large", "shop");
    large.data = json!("x".repeat(65 * 1024));
    let refused = store.accept(vec![event("before", "shop"), large], Vec::new()).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    assert_eq!(store.counts().await.unwrap().events, 0, "its batch is refused as a whole");
    let small = store.accept(vec![event("before", "shop")], Vec::new()).await.unwrap();
    assert_eq!(small, [Accepted::New]);
}

pub(super) async fn many_at_once_are_all_accepted(place: &mut dyn Place) {
    let store = place.fresh().await;
    let tasks: Vec<_> = (0..64)
        .map(|caller| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..8 {
                    // Every event is sent by two callers.
                    let id = format!("{}/{number}", caller / 2);
                    store.accept(vec![event(&id, "shop")], Vec::new()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    drop(store);
    let store = place.reopen().await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.events, counts.pending), (256, 512));
}
