//! Timers, posts, progress.

use super::given::{delivered, delivery_step, in_an_hour, step, timer};
use super::place::Place;
use crate::store::{Input, NewPost, NewTimer, Step, Store, StoreError};
use orchestra_events::{RunId, Timestamp};
use serde_json::{Value, json};

async fn set(store: &dyn Store, cause: &str, timers: Vec<NewTimer>, forget: Vec<String>) {
    let delivery = delivered(store, cause).await;
    store.commit(Step { timers, forget, ..delivery_step(&delivery) }).await.unwrap();
}

fn handles(id: &str) -> Step {
    step("build", "no state", Input::Timer(id.to_owned()), 0, None)
}

async fn due(store: &dyn Store) -> Vec<String> {
    let (due, _) = store.due_timers(10).await.unwrap();
    due.into_iter().map(|due| due.timer.id).collect()
}

pub(super) async fn a_timer_fires_once(place: &mut dyn Place) {
    let store = place.fresh().await;
    let later = in_an_hour(&*store).await;
    let timers = vec![timer("late", later), timer("second", Timestamp(2)), timer("first", Timestamp(1))];
    set(&*store, "a", timers, vec!["never was".to_owned()]).await;
    let early = store.commit(handles("first")).await;
    assert!(early.is_err(), "a timer that nobody took cannot be handled");
    let (fired, next) = store.due_timers(10).await.unwrap();
    assert_eq!(fired.iter().map(|due| due.timer.id.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(fired[0].timer, timer("first", Timestamp(1)), "as it was set");
    assert_eq!(next, Some(later));
    assert_eq!(due(&*store).await, Vec::<String>::new(), "taken once");
    store.commit(handles("first")).await.unwrap();
    let again = store.commit(handles("first")).await;
    assert!(matches!(again, Err(StoreError::AlreadyHandled { .. })), "{again:?}");
    drop(store);
    let store = place.reopen().await;
    assert_eq!(
        due(&*store).await,
        ["second"],
        "what a dead process took fires again, what was handled does not"
    );
    store.commit(handles("second")).await.unwrap();
    assert_eq!(store.counts().await.unwrap().timers, 1);
    set(&*store, "b", Vec::new(), vec!["late".to_owned()]).await;
    assert_eq!(store.due_timers(10).await.unwrap(), (Vec::new(), None), "a forgotten one never fires");
}

pub(super) async fn a_timer_moves_when_it_is_set_again(place: &mut dyn Place) {
    let store = place.fresh().await;
    set(&*store, "a", vec![timer("t", Timestamp(1))], Vec::new()).await;
    assert_eq!(due(&*store).await, ["t"]);
    let later = in_an_hour(&*store).await;
    set(&*store, "b", vec![timer("t", later)], Vec::new()).await;
    let stale = store.commit(handles("t")).await;
    assert!(matches!(stale, Err(StoreError::AlreadyHandled { .. })), "its old firing is void: {stale:?}");
    assert_eq!(store.due_timers(10).await.unwrap(), (Vec::new(), Some(later)));
    set(&*store, "c", vec![timer("t", Timestamp(5))], Vec::new()).await;
    drop(store);
    let store = place.reopen().await;
    assert_eq!(due(&*store).await, ["t"]);
    store.commit(Step { timers: vec![timer("t", Timestamp(6))], ..handles("t") }).await.unwrap();
    assert_eq!(due(&*store).await, ["t"], "the step that handles it may set it anew");
}

pub(super) async fn a_post_is_overwritten_in_place(place: &mut dyn Place) {
    let store = place.fresh().await;
    let post = |name: &str, message: Value| NewPost { thread: "RUN-1".into(), name: name.into(), message };
    let write = async |cause: &str, posts: Vec<NewPost>| {
        let delivery = delivered(&*store, cause).await;
        store.commit(Step { posts, ..delivery_step(&delivery) }).await.unwrap();
    };
    write("a", vec![post("card", json!("building")), post("news", json!("began"))]).await;
    store.shown("RUN-1", "card", 1).await.unwrap();
    write("b", vec![post("card", json!("testing"))]).await;
    write("c", vec![post("card", json!("live")), post("card", json!("live"))]).await;
    let unshown = store.unshown(10).await.unwrap();
    let versions: Vec<_> = unshown.iter().map(|p| (p.post.name.as_str(), p.wanted, p.shown)).collect();
    assert_eq!(
        versions,
        [("card", 3, 1), ("news", 1, 0)],
        "in order; the same message again changes nothing"
    );
    assert_eq!(unshown[0].post.message, json!("live"), "only the newest is left to show");
    store.shown("RUN-1", "card", 3).await.unwrap();
    store.shown("RUN-1", "card", 2).await.unwrap();
    store.shown("RUN-1", "news", 9).await.unwrap();
    assert_eq!(store.unshown(10).await.unwrap(), []);
    let thread = store.thread("RUN-1", 0, 10).await.unwrap();
    assert_eq!(thread.iter().map(|post| post.shown).collect::<Vec<_>>(), [3, 1], "never back, never ahead");
    assert_eq!(store.thread("RUN-1", thread[0].seq, 10).await.unwrap(), thread[1..]);
    assert_eq!(store.thread("RUN-2", 0, 10).await.unwrap(), []);
    assert!(matches!(store.shown("RUN-1", "nothing", 1).await, Err(StoreError::Missing { .. })));
    drop(store);
    let store = place.reopen().await;
    assert_eq!(store.thread("RUN-1", 0, 10).await.unwrap(), thread);
}

pub(super) async fn progress_is_a_row_and_no_event(place: &mut dyn Place) {
    let store = place.fresh().await;
    store.set_progress(RunId(1), "build", "compiling 1 of 9").await.unwrap();
    store.set_progress(RunId(1), "build", "compiling 2 of 9").await.unwrap();
    store.set_progress(RunId(1), "analysis", &"é".repeat(5000)).await.unwrap();
    drop(store);
    let store = place.reopen().await;
    let lines = store.progress(RunId(1)).await.unwrap();
    assert_eq!(lines[1], ("build".to_owned(), "compiling 2 of 9".to_owned()));
    assert!(lines[0].1.len() <= 4000, "a line is bounded");
    assert_eq!(store.progress(RunId(2)).await.unwrap(), []);
    assert_eq!(store.counts().await.unwrap().events, 0);
}
