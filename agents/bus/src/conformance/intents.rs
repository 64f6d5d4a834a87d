//! Claims, fencing, cancelling, putting back, what a dead process leaves.

use super::given::{answer_step, delivered, delivery_step, in_an_hour, intent, tools, wanted};
use super::place::Place;
use crate::store::{Claimed, Step, Store, StoreError};

async fn claim_one(store: &dyn Store) -> Claimed {
    let mut claimed = store.claim(&tools(), 10).await.unwrap();
    assert_eq!(claimed.len(), 1, "exactly one intent can be claimed: {claimed:?}");
    claimed.remove(0)
}

pub(super) async fn an_intent_is_claimed_by_one(place: &mut dyn Place) {
    let store = place.fresh().await;
    for id in ["a", "b", "c"] {
        wanted(&*store, id).await;
    }
    drop(store);
    let store = place.reopen().await;
    assert_eq!(store.claim(&["other".to_owned()], 10).await.unwrap(), [], "only by who has the tool");
    let two = store.claim(&tools(), 2).await.unwrap();
    let ids: Vec<_> = two.iter().map(|claimed| claimed.intent.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"], "oldest first, no more than were asked for");
    assert!(two.iter().all(|claimed| !claimed.unanswered && claimed.attempts == 0));
    assert_eq!(two[0].intent, intent("a"), "as it was written");
    assert_eq!(claim_one(&*store).await.intent.id, "c", "what is claimed is not claimed again");
    assert_eq!(store.claim(&tools(), 10).await.unwrap(), []);
    store.renew().await.unwrap();
    store.commit(answer_step("a", two[0].fence, false)).await.unwrap();
    let again = store.commit(answer_step("a", two[0].fence, false)).await;
    assert!(again.is_err(), "an outcome is recorded once");
    assert_eq!(store.counts().await.unwrap().open_intents, 2);
    let delivery = delivered(&*store, "again").await;
    let same = store.commit(Step { intents: vec![intent("a")], ..delivery_step(&delivery) }).await;
    assert!(same.is_err(), "an effect's key is wanted once for ever");
}

pub(super) async fn a_claim_dies_with_its_process(place: &mut dyn Place) {
    let store = place.fresh().await;
    wanted(&*store, "a").await;
    let first = claim_one(&*store).await;
    drop(store);
    let store = place.reopen().await;
    let second = claim_one(&*store).await;
    assert!(second.unanswered, "nobody knows what the first claim came to");
    assert!(second.fence > first.fence, "and the fencing number grew");
    assert_eq!(second.attempts, 1, "and the attempt counts");
    store.put_back("a", second.fence, store.now().await.unwrap().plus_millis(-1)).await.unwrap();
    let third = claim_one(&*store).await;
    assert!(!third.unanswered, "a claim that was given back was answered");
    assert_eq!(third.attempts, 2);
}

pub(super) async fn a_superseded_worker_records_nothing(place: &mut dyn Place) {
    let store = place.fresh().await;
    wanted(&*store, "a").await;
    let old = claim_one(&*store).await;
    drop(store);
    let store = place.reopen().await;
    let unclaimed = store.commit(answer_step("a", old.fence, false)).await;
    assert!(matches!(unclaimed, Err(StoreError::Fenced(_))), "its process is gone: {unclaimed:?}");
    let new = claim_one(&*store).await;
    let late = store.commit(answer_step("a", old.fence, false)).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    let now = store.now().await.unwrap();
    assert!(matches!(store.put_back("a", old.fence, now).await, Err(StoreError::Fenced(_))));
    assert!(store.bury(None, Some(("a".to_owned(), old.fence)), "late").await.is_err());
    assert_eq!(store.counts().await.unwrap().handled, 1, "nothing of it is written");
    store.commit(answer_step("a", new.fence, false)).await.unwrap();
    let missing = store.commit(answer_step("never", 1, false)).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");
}

pub(super) async fn a_cancelled_intent_is_nobodys(place: &mut dyn Place) {
    let store = place.fresh().await;
    wanted(&*store, "a").await;
    let claimed = claim_one(&*store).await;
    wanted(&*store, "b").await;
    assert_eq!(store.cancelled(&["a".to_owned()]).await.unwrap(), Vec::<String>::new());
    let delivery = delivered(&*store, "abort").await;
    let cancel = vec!["a".to_owned(), "b".to_owned(), "never was".to_owned()];
    store.commit(Step { cancel, ..delivery_step(&delivery) }).await.unwrap();
    let told = store.cancelled(&["a".to_owned(), "c".to_owned()]).await.unwrap();
    assert_eq!(told, ["a"], "the worker can ask");
    let late = store.commit(answer_step("a", claimed.fence, false)).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "its outcome is no longer wanted: {late:?}");
    drop(store);
    let store = place.reopen().await;
    assert_eq!(store.claim(&tools(), 10).await.unwrap(), [], "neither is claimed again");
    assert_eq!(store.counts().await.unwrap().open_intents, 0);
}

pub(super) async fn an_intent_that_was_put_back_waits(place: &mut dyn Place) {
    let store = place.fresh().await;
    wanted(&*store, "a").await;
    let first = claim_one(&*store).await;
    store.put_back("a", first.fence, in_an_hour(&*store).await).await.unwrap();
    assert_eq!(store.claim(&tools(), 10).await.unwrap(), [], "not before its time");
    assert_eq!(store.counts().await.unwrap().open_intents, 1);
    drop(store);
    let store = place.reopen().await;
    assert_eq!(store.claim(&tools(), 10).await.unwrap(), [], "nor after a restart");
    wanted(&*store, "b").await;
    assert_eq!(claim_one(&*store).await.intent.id, "b", "others do not wait with it");
}

pub(super) async fn an_unknown_outcome_is_shown_until_it_is_settled(place: &mut dyn Place) {
    let store = place.fresh().await;
    wanted(&*store, "a").await;
    let claimed = claim_one(&*store).await;
    store.commit(answer_step("a", claimed.fence, true)).await.unwrap();
    drop(store);
    let store = place.reopen().await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.unknown_intents, counts.open_intents), (1, 0));
    assert_eq!(store.claim(&tools(), 10).await.unwrap(), [], "it never runs again by itself");
    let delivery = delivered(&*store, "a person chose").await;
    store.commit(Step { cancel: vec!["a".to_owned()], ..delivery_step(&delivery) }).await.unwrap();
    assert_eq!(store.counts().await.unwrap().unknown_intents, 0);
}
