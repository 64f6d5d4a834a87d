//! Dead letters, the common oracle, the audit, forgetting, wake-ups.

use super::given::{act, answer_step, delivered, delivery_step, event, in_an_hour, run_event, tools, wanted};
use super::place::Place;
use crate::store::{Accepted, Step, StoreError};
use orchestra_events::RunId;
use serde_json::json;

pub(super) async fn a_buried_delivery_waits_for_a_person(place: &mut dyn Place) {
    let store = place.fresh().await;
    let (first, second) = (delivered(&*store, "a").await, delivered(&*store, "b").await);
    let letter = store.bury(Some(first.id), None, "it panicked three times").await.unwrap();
    let other = store.bury(Some(second.id), None, "so did this").await.unwrap();
    assert!(store.commit(delivery_step(&first)).await.is_err(), "what is buried is not handled");
    assert!(matches!(store.bury(Some(first.id), None, "twice").await, Err(StoreError::Missing { .. })));
    drop(store);
    let store = place.reopen().await;
    let letters = store.dead_letters().await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), [letter, other], "newest last");
    let found = &letters[0];
    assert_eq!((found.agent.as_str(), found.kind.as_str(), found.subject.as_str()), ("build", "event", "a"));
    assert_eq!((found.reason.as_str(), found.status.as_str()), ("it panicked three times", "waiting"));
    assert_eq!(found.content, serde_json::to_value(event("a", "shop")).unwrap());
    store.settle_dead_letter(letter, true, act("shop", "retry")).await.unwrap();
    let pending = store.pending(0, 10).await.unwrap();
    let again = pending.into_iter().find(|d| d.agent == "build").expect("it is handed out again");
    assert_eq!((again.event, again.attempts), (event("a", "shop"), 0));
    store.commit(delivery_step(&first)).await.unwrap();
    store.settle_dead_letter(other, false, act("shop", "drop")).await.unwrap();
    assert!(store.commit(delivery_step(&second)).await.is_err(), "what is dropped is not handled");
    let settled = store.settle_dead_letter(other, true, act("shop", "retry")).await;
    assert!(matches!(settled, Err(StoreError::Missing { .. })), "a person chooses once: {settled:?}");
    let statuses: Vec<_> = store.dead_letters().await.unwrap().into_iter().map(|l| l.status).collect();
    assert_eq!(statuses, ["retried", "dropped"]);
    let acts: Vec<_> = store.acts(0, 10).await.unwrap().into_iter().map(|(_, act)| act.act).collect();
    assert_eq!(acts, ["retry", "drop"], "and both are in the audit");
    assert_eq!(store.counts().await.unwrap().dead, 0);
}

pub(super) async fn a_buried_intent_waits_for_a_person(place: &mut dyn Place) {
    let store = place.fresh().await;
    wanted(&*store, "a").await;
    wanted(&*store, "b").await;
    let claimed = store.claim(&tools(), 10).await.unwrap();
    let mut letters = Vec::new();
    for one in &claimed {
        let intent = (one.intent.id.clone(), one.fence);
        letters.push(store.bury(None, Some(intent), "no such host").await.unwrap());
    }
    assert!(matches!(store.commit(answer_step("a", 1, false)).await, Err(StoreError::Fenced(_))));
    drop(store);
    let store = place.reopen().await;
    assert_eq!(store.claim(&tools(), 10).await.unwrap(), []);
    assert_eq!(store.counts().await.unwrap().dead, 2);
    store.settle_dead_letter(letters[0], true, act("shop", "retry")).await.unwrap();
    store.settle_dead_letter(letters[1], false, act("shop", "drop")).await.unwrap();
    let again = store.claim(&tools(), 10).await.unwrap();
    assert_eq!(again.len(), 1, "only the one that is retried");
    assert_eq!((again[0].intent.id.as_str(), again[0].attempts, again[0].unanswered), ("a", 0, false));
    assert!(again[0].fence > claimed[0].fence);
    assert!(store.bury(None, None, "nothing").await.is_err());
}

pub(super) async fn everything_accepted_is_somewhere(place: &mut dyn Place) {
    let store = place.fresh().await;
    let mut accepted = 0;
    for round in 0..6 {
        for number in 0..5 {
            let id = format!("{round}/{number}");
            if store.accept(vec![event(&id, "shop")], Vec::new()).await.unwrap() == [Accepted::New] {
                accepted += 2;
            }
        }
        for (number, delivery) in store.pending(0, 7).await.unwrap().iter().enumerate() {
            match number % 3 {
                0 => drop(store.commit(delivery_step(delivery)).await.unwrap()),
                1 => drop(store.bury(Some(delivery.id), None, "bad").await.unwrap()),
                _ => drop(store.attempt(delivery.id, None).await.unwrap()),
            }
        }
        let counts = store.counts().await.unwrap();
        assert_eq!(counts.handled + counts.pending + counts.dead, accepted, "{counts:?}");
    }
    let before = store.counts().await.unwrap();
    drop(store);
    assert_eq!(place.reopen().await.counts().await.unwrap(), before, "also after a restart");
}

pub(super) async fn the_audit_holds_and_endures(place: &mut dyn Place) {
    let store = place.fresh().await;
    store.accept(vec![event("a", "shop")], vec![act("shop", "deploy"), act("blog", "deploy")]).await.unwrap();
    store.accept(vec![event("a", "shop")], vec![act("shop", "deploy")]).await.unwrap();
    let delivery = delivered(&*store, "b").await;
    let acts = vec![act("shop", "effect build")];
    store.commit(Step { acts, ..delivery_step(&delivery) }).await.unwrap();
    drop(store);
    let store = place.reopen().await;
    let verified = store.verify_audit().await.unwrap();
    assert_eq!((verified.acts, verified.chains), (3, 2), "what was a duplicate was no act");
    assert_eq!(verified.broken, None);
    let acts = store.acts(1, 1).await.unwrap();
    assert_eq!(acts, [(2, act("blog", "deploy"))]);
}

pub(super) async fn what_is_old_is_forgotten_and_what_is_open_stays(place: &mut dyn Place) {
    let store = place.fresh().await;
    let events =
        vec![event("handled", "shop"), run_event("of an open run", "shop", 1), event("pending", "shop")];
    store.accept(events, vec![act("shop", "deploy")]).await.unwrap();
    store.accept(vec![event("buried", "shop"), event("newest", "shop")], Vec::new()).await.unwrap();
    for delivery in store.pending(0, 100).await.unwrap() {
        match delivery.event.id.0.as_str() {
            "pending" => {}
            "buried" => drop(store.bury(Some(delivery.id), None, "bad").await.unwrap()),
            _ => drop(store.commit(delivery_step(&delivery)).await.unwrap()),
        }
    }
    assert_eq!(
        store.expire(store.now().await.unwrap().plus_seconds(0).plus_millis(-3_600_000)).await.unwrap(),
        0
    );
    let last = store.events(0, 10).await.unwrap().last().map(|(place, _)| *place);
    assert!(
        store.expire(in_an_hour(&*store).await).await.unwrap() >= 3,
        "an event and two rows of the inbox"
    );
    drop(store);
    let store = place.reopen().await;
    let left: Vec<_> = store.events(0, 10).await.unwrap().into_iter().map(|(_, event)| event.id.0).collect();
    assert_eq!(left, ["of an open run", "pending", "buried", "newest"]);
    assert_eq!(store.run(RunId(1)).await.unwrap().map(|run| run.ended), Some(false));
    assert_eq!(store.verify_audit().await.unwrap().broken, None);
    assert_eq!(store.verify_audit().await.unwrap().acts, 1, "the audit is never forgotten");
    store.accept(vec![event("after", "shop")], Vec::new()).await.unwrap();
    let next = store.events(0, 10).await.unwrap().last().map(|(place, _)| *place);
    assert!(next > last, "a place is never given twice");
}

pub(super) async fn changes_are_told(place: &mut dyn Place) {
    let store = place.fresh().await;
    let mut changes = store.changes();
    changes.mark_unchanged();
    store.accept(vec![event("a", "shop")], Vec::new()).await.unwrap();
    assert!(changes.has_changed().unwrap(), "an accepted event is told");
    let delivery = delivered(&*store, "b").await;
    changes.mark_unchanged();
    let settings = vec![("x".to_owned(), Some(json!(1)))];
    store
        .commit(Step { intents: vec![super::intent("a")], settings, ..delivery_step(&delivery) })
        .await
        .unwrap();
    assert!(changes.has_changed().unwrap(), "an intent is told");
    let claimed = store.claim(&tools(), 1).await.unwrap();
    changes.mark_unchanged();
    store.put_back("a", claimed[0].fence, store.now().await.unwrap()).await.unwrap();
    assert!(changes.has_changed().unwrap(), "an intent that was given back is told");
}
