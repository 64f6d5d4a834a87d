//! What must hold in the end, whatever happened on the way.

use super::crew::{Deeds, Page, class_of, lane, wakes};
use super::house::House;
use super::witness::Done;
use orchestra_bus::{EffectClass, Store};
use orchestra_events::RunId;
use serde::de::DeserializeOwned;
use std::fmt;

/// What was found, for the report.
#[derive(Default, Debug)]
pub(super) struct Summary {
    events: u64,
    calls: u64,
    effects: u64,
    unknown: u64,
    acts: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events accepted and handled once by each, {} effects by {} calls, {} answered `unknown`, {} acts verified",
            self.events, self.effects, self.calls, self.unknown, self.acts
        )
    }
}

/// Checks the whole history of a house without a running worker. `brittle` is how many brittle events were handled.
///
/// # Panics
/// With everything that does not hold.
pub(super) fn check(house: &House, brittle: u64) -> Summary {
    let mut wrong = Vec::new();
    let mut summary = house.with_store(async |store| look(house, store, brittle, &mut wrong).await);
    let book = house.witness.book();
    for (key, last) in &house.accepted {
        for number in 1..=*last {
            let done = book.done.get(&(*key, number)).cloned().unwrap_or_default();
            summary.calls += done.calls;
            summary.effects += done.effects;
            if let Some(fault) = fault(class_of(number), &done) {
                wrong.push(format!("{:?} of event {number} of key {key}: {fault}", class_of(number)));
            }
        }
        if let Some(((key, number), _)) = book.done.range((*key, last + 1)..(*key + 1, 0)).next() {
            wrong.push(format!("event {number} of key {key} took effect and was never accepted"));
        }
    }
    drop(book);
    let stderr = house.said_on_stderr();
    let panics = stderr.lines().filter(|line| line.contains("panicked at"));
    let panics = panics.filter(|line| !line.contains("torture/crew.rs"));
    wrong.extend(panics.map(str::to_owned));
    assert!(wrong.is_empty(), "{} things are wrong:\n  {}\n{stderr}", wrong.len(), wrong.join("\n  "));
    summary
}

/// What is wrong with what the target saw of one event.
fn fault(class: EffectClass, done: &Done) -> Option<String> {
    if done.keys.len() > 1 {
        return Some(format!("asked for under {} keys", done.keys.len()));
    }
    let fits = match class {
        EffectClass::Read => done.effects >= 1,
        EffectClass::Content | EffectClass::Keyed | EffectClass::Asked => done.effects == 1,
        EffectClass::Opaque => done.effects <= 1,
    };
    (!fits).then(|| format!("took effect {} times", done.effects))
}

async fn look(house: &House, store: &dyn Store, brittle: u64, wrong: &mut Vec<String>) -> Summary {
    let mut summary = Summary::default();
    let (mut wakings, mut opaque_missing) = (0, 0);
    for (key, last) in &house.accepted {
        let page: Page = state(store, "ledger", &lane(*key)).await;
        for kind in ["fed", "followed"] {
            let heard = page.last.get(kind).copied().unwrap_or(0);
            if heard != *last {
                wrong.push(format!("key {key}: {last} accepted, the ledger stands at {heard} {kind}"));
            }
        }
        wrong.extend(page.disorder.iter().map(|out| format!("key {key}: out of order {out:?}")));
        let deeds: Deeds = state(store, "doer", &RunId(*key).to_string()).await;
        let answers: u64 = deeds.answers.values().sum();
        let woken = (1..=*last).filter(|number| wakes(*number)).count() as u64;
        if (deeds.fed, answers, deeds.woken) != (*last, *last, woken) {
            let found = (deeds.fed, answers, deeds.woken);
            wrong.push(format!(
                "key {key}: fed, answered, woken are {found:?}, not {:?}",
                (last, last, woken)
            ));
        }
        if !deeds.open.is_empty() {
            wrong.push(format!("key {key}: never answered: {:?}", deeds.open));
        }
        wrong.extend(deeds.wrong.iter().map(|what| format!("key {key}: {what}")));
        for number in &deeds.unknown {
            if class_of(*number) != EffectClass::Opaque {
                wrong.push(format!("key {key}: event {number} is unknown and not opaque"));
            }
        }
        // What is answered as done was done: only an unknown one may lack at the target.
        let book = house.witness.book();
        let lacks =
            |number: &u64| !book.done.contains_key(&(*key, *number)) && !deeds.unknown.contains(number);
        opaque_missing += (1..=*last).filter(lacks).count();
        summary.events += last;
        summary.unknown += deeds.unknown.len() as u64;
        wakings += woken;
    }
    if opaque_missing > 0 {
        wrong.push(format!("{opaque_missing} effects were answered and never done"));
    }
    let counts = store.counts().await.unwrap();
    let fed = summary.events;
    let expected = (2 * fed + brittle, 4 * fed + wakings + brittle, 0, 0, 0, 0, summary.unknown);
    let found = (
        counts.events,
        counts.handled,
        counts.pending,
        counts.open_intents,
        counts.timers,
        counts.dead,
        counts.unknown_intents,
    );
    if found != expected {
        wrong.push(format!(
            "events, handled, pending, effects, timers, dead, unknown are {found:?}, not {expected:?}"
        ));
    }
    let verified = store.verify_audit().await.unwrap();
    summary.acts = verified.acts;
    if let Some(broken) = verified.broken {
        wrong.push(format!("the audit breaks: {broken:?}"));
    }
    summary
}

async fn state<T: DeserializeOwned + Default>(store: &dyn Store, agent: &str, key: &str) -> T {
    let stored = store.state(agent, key).await.unwrap();
    stored.map_or_else(T::default, |(_, value)| serde_json::from_value(value).unwrap())
}
