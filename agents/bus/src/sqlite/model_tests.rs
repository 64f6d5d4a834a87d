//! Random histories against a model that a reader can check by eye.

use super::SqliteStore;
use super::store_tests::opened;
use crate::conformance::{act, delivery_step, event, intent};
use crate::store::{Accepted, Delivery, Input, Step, Store, StoreError};
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Move {
    /// Accepts these events; ids repeat.
    Accept(Vec<u8>),
    /// Handles the n-th pending delivery, perhaps from a stale version, perhaps wanting an intent.
    Commit {
        nth: usize,
        stale: bool,
        wants: bool,
        claims: bool,
    },
    /// Handles a delivery that was handled before.
    Repeat {
        nth: usize,
    },
    Claim {
        limit: usize,
    },
    /// Answers the n-th claim, perhaps with a fencing number that was superseded.
    Answer {
        nth: usize,
        old: bool,
    },
    PutBack {
        nth: usize,
    },
    Bury {
        nth: usize,
    },
    Reopen,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => prop::collection::vec(0_u8..24, 1..4).prop_map(Move::Accept),
        5 => (0_usize..8, prop::bool::weighted(0.2), any::<bool>(), any::<bool>())
            .prop_map(|(nth, stale, wants, claims)| Move::Commit { nth, stale, wants, claims }),
        1 => (0_usize..8).prop_map(|nth| Move::Repeat { nth }),
        2 => (1_usize..3).prop_map(|limit| Move::Claim { limit }),
        3 => (0_usize..4, prop::bool::weighted(0.3)).prop_map(|(nth, old)| Move::Answer { nth, old }),
        1 => (0_usize..4).prop_map(|nth| Move::PutBack { nth }),
        1 => (0_usize..8).prop_map(|nth| Move::Bury { nth }),
        1 => Just(Move::Reopen),
    ];
    prop::collection::vec(one, 1..40)
}

#[derive(Default)]
struct Model {
    log: Vec<String>,
    pending: Vec<(String, String)>,
    handled: Vec<Delivery>,
    answered: u64,
    buried: u64,
    versions: BTreeMap<String, u64>,
    /// Fences of intents that this process has, in the order of claiming.
    claimed: Vec<(String, u64)>,
    ready: BTreeSet<String>,
    /// Claimed by a process that is gone.
    abandoned: BTreeMap<String, u64>,
    acts: u64,
}

impl Model {
    fn claims(&mut self, intent: &str, fence: u64) {
        self.claimed.push((intent.to_owned(), fence));
    }
}

async fn apply(store: &mut Option<SqliteStore>, dir: &std::path::Path, model: &mut Model, step: Move) {
    if matches!(step, Move::Reopen) {
        drop(store.take());
        *store = Some(opened(dir));
        model.abandoned.extend(model.claimed.drain(..));
        return;
    }
    let store = store.as_ref().unwrap();
    let pending = store.pending(0, 1000).await.unwrap();
    match step {
        Move::Reopen => {}
        Move::Accept(ids) => {
            let events: Vec<_> =
                ids.iter().map(|id| event(&id.to_string(), &format!("key {}", id % 3))).collect();
            let mut expected = Vec::new();
            for event in &events {
                let new = !model.log.contains(&event.id.0);
                expected.push(if new { Accepted::New } else { Accepted::Duplicate });
                if new {
                    model.log.push(event.id.0.clone());
                    for agent in ["build", "tell"] {
                        model.pending.push((agent.to_owned(), event.id.0.clone()));
                    }
                }
            }
            model.acts += u64::from(expected.contains(&Accepted::New));
            assert_eq!(store.accept(events, vec![act("shop", "accept")]).await.unwrap(), expected);
        }
        Move::Commit { nth, stale, wants, claims } => {
            let Some(delivery) = pending.get(nth) else { return };
            let version = *model.versions.get(&delivery.agent).unwrap_or(&0);
            let name = format!("{}/{}", delivery.agent, delivery.event.id.0);
            let step = Step {
                key: "shop".to_owned(),
                version: version + u64::from(stale),
                state: Some(json!({"last": name})),
                intents: if wants { vec![intent(&name)] } else { Vec::new() },
                claim: claims,
                acts: vec![act("shop", "handle")],
                ..delivery_step(delivery)
            };
            match store.commit(step).await {
                Err(StoreError::Conflict { .. }) => assert!(stale),
                other => {
                    let claimed = other.unwrap();
                    assert!(!stale, "a stale version is refused");
                    assert_eq!(claimed.len(), usize::from(wants && claims));
                    model
                        .pending
                        .retain(|(agent, id)| (agent, id) != (&delivery.agent, &delivery.event.id.0));
                    model.handled.push(delivery.clone());
                    model.versions.insert(delivery.agent.clone(), version + 1);
                    model.acts += 1;
                    match (wants, claims) {
                        (true, true) => model.claims(&name, 1),
                        (true, false) => drop(model.ready.insert(name)),
                        (false, _) => {}
                    }
                }
            }
        }
        Move::Repeat { nth } => {
            let Some(delivery) = model.handled.get(nth) else { return };
            let again = store.commit(delivery_step(delivery)).await;
            assert!(matches!(again, Err(StoreError::AlreadyHandled { .. })), "{again:?}");
        }
        Move::Claim { limit } => {
            for claimed in store.claim(&["shell".to_owned()], limit).await.unwrap() {
                let id = claimed.intent.id.clone();
                let old = model.abandoned.remove(&id);
                assert_eq!(claimed.unanswered, old.is_some(), "{claimed:?}");
                assert!(model.ready.remove(&id) || old.is_some(), "only what waits is claimed");
                assert!(claimed.fence > old.unwrap_or(0), "fences grow");
                model.claims(&id, claimed.fence);
            }
        }
        Move::Answer { nth, old } => {
            let Some((id, fence)) = model.claimed.get(nth).cloned() else { return };
            let answer = Input::Answer {
                intent: id.clone(),
                fence: fence - u64::from(old),
                outcome: json!({"exit": 0}),
                unknown: false,
            };
            // The intents of the suite belong to `build`, whoever wanted them.
            let any = Delivery { id: 0, agent: "build".to_owned(), event: event("", ""), attempts: 0 };
            let step = Step { input: answer, ..delivery_step(&any) };
            match store.commit(step).await {
                Err(StoreError::Fenced(_)) => assert!(old),
                other => {
                    other.unwrap();
                    assert!(!old, "an old fence is refused");
                    model.claimed.remove(nth);
                    model.answered += 1;
                }
            }
        }
        Move::PutBack { nth } => {
            let Some((id, fence)) = model.claimed.get(nth).cloned() else { return };
            let now = store.now().await.unwrap();
            store.put_back(&id, fence, now.plus_millis(-1)).await.unwrap();
            model.claimed.remove(nth);
            model.ready.insert(id);
        }
        Move::Bury { nth } => {
            let Some(delivery) = pending.get(nth) else { return };
            store.bury(Some(delivery.id), None, "bad").await.unwrap();
            model.pending.retain(|(agent, id)| (agent, id) != (&delivery.agent, &delivery.event.id.0));
            model.buried += 1;
        }
    }
}

async fn agrees(store: &SqliteStore, model: &Model) {
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.events as usize, model.log.len());
    assert_eq!(counts.handled, model.handled.len() as u64 + model.answered);
    assert_eq!(counts.dead, model.buried);
    let open = model.ready.len() + model.claimed.len() + model.abandoned.len();
    assert_eq!(counts.open_intents as usize, open);
    let accepted = 2 * model.log.len() as u64;
    assert_eq!(counts.pending + model.handled.len() as u64 + counts.dead, accepted, "nothing is lost");
    let log: Vec<_> = store.events(0, 1000).await.unwrap().into_iter().map(|(_, event)| event.id.0).collect();
    assert_eq!(log, model.log);
    let pending = store.pending(0, 1000).await.unwrap();
    let pending: Vec<_> = pending.into_iter().map(|d| (d.agent, d.event.id.0)).collect();
    assert_eq!(pending, model.pending, "in the order of acceptance");
    for agent in ["build", "tell"] {
        let version = store.state(agent, "shop").await.unwrap().map_or(0, |(version, _)| version);
        assert_eq!(version, *model.versions.get(agent).unwrap_or(&0));
    }
    let verified = store.verify_audit().await.unwrap();
    assert_eq!((verified.acts, verified.broken), (model.acts, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_history_comes_to_what_the_model_says(history in moves()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let mut store = Some(opened(dir.path()));
            let mut model = Model::default();
            for step in history {
                apply(&mut store, dir.path(), &mut model, step).await;
            }
            agrees(store.as_ref().unwrap(), &model).await;
            apply(&mut store, dir.path(), &mut model, Move::Reopen).await;
            agrees(store.as_ref().unwrap(), &model).await;
        });
    }
}
