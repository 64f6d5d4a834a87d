//! The trait, each method handed to its place: what writes goes through the writer, what reads through a reader.

use super::readers::Readers;
use super::subscriptions::Subscriptions;
use super::words::{VALUE_LIMIT, bounded, json, line, signed, unsigned};
use super::writer::{Clock, Turn, Writer};
use super::{
    Options, acts, append, dead_letters, deliveries, expire, intents, open, posts, reads, step, timers,
};
use crate::audit::Verified;
use crate::failpoints::Stage;
use crate::store::{
    Accepted, Act, Claimed, Counts, DeadLetter, Delivery, DeliveryId, DueTimer, Post, RunRow, Step, Store,
    StoreError,
};
use async_trait::async_trait;
use orchestra_events::{Envelope, RunId, Timestamp};
use rusqlite::params;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// The default store, in one file of a folder that belongs to this process as long as the store lives.
///
/// Dropping it finishes what was queued, closes the file and frees the folder.
pub struct SqliteStore {
    pub(super) writer: Writer,
    pub(super) readers: Arc<Readers>,
    pub(super) clock: Clock,
    pub(super) changes: watch::Receiver<u64>,
}

impl SqliteStore {
    /// Opens or creates `DIR/orchestra.db`. Events go to the agents that subscribe to their kind.
    ///
    /// # Errors
    /// `Held` when another process has the folder; `Unreadable` when the file is damaged, another program's, or
    /// of a newer version.
    pub fn open(dir: &Path, subscriptions: Subscriptions) -> Result<Self, StoreError> {
        open::open(dir, subscriptions, Options::default())
    }

    /// As [`SqliteStore::open`], with a clock or a limit of one's own.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(dir: &Path, subscriptions: Subscriptions, options: Options) -> Result<Self, StoreError> {
        open::open(dir, subscriptions, options)
    }

    /// The next number of a sequence, starting with 1.
    async fn number(&self, sequence: String) -> Result<u64, StoreError> {
        let next = move |turn: &Turn<'_>| {
            turn.first(
                "INSERT INTO sequences (name, value) VALUES (?1, 1)
                 ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
                [&sequence],
                |row| unsigned(row, 0),
            )?
            .ok_or_else(|| StoreError::Missing { what: "sequence", name: sequence.clone() })
        };
        self.writer.run(Stage::NUMBER, next).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok((self.clock)())
    }

    async fn next_run(&self) -> Result<RunId, StoreError> {
        self.number("run".to_owned()).await.map(RunId)
    }

    async fn next_number(&self, sequence: &str) -> Result<u64, StoreError> {
        // The colon keeps a caller's name apart from the store's own counters.
        self.number(format!("number:{sequence}")).await
    }

    async fn accept(&self, events: Vec<Envelope>, acts: Vec<Act>) -> Result<Vec<Accepted>, StoreError> {
        let accept = move |turn: &Turn<'_>| {
            let mut accepted = Vec::with_capacity(events.len());
            for event in &events {
                accepted.push(append::event(turn, event)?);
            }
            // Nobody acted when everything was only repeated: the audit says each act once.
            if events.is_empty() || accepted.contains(&Accepted::New) {
                for act in &acts {
                    acts::append(turn, act)?;
                }
            }
            Ok(accepted)
        };
        self.writer.run(Stage::ACCEPT, accept).await
    }

    async fn pending(&self, after: DeliveryId, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let (now, limit) = ((self.clock)(), bounded(limit));
        self.readers.scan(move |connection| deliveries::pending(connection, now, after, limit)).await
    }

    async fn attempt(&self, delivery: DeliveryId, not_before: Option<Timestamp>) -> Result<u32, StoreError> {
        let attempt = move |turn: &Turn<'_>| deliveries::attempt(turn, delivery, not_before);
        self.writer.run(Stage::ATTEMPT, attempt).await
    }

    async fn state(&self, agent: &str, key: &str) -> Result<Option<(u64, Value)>, StoreError> {
        self.readers.point(|connection| reads::state(connection, agent, key))
    }

    async fn commit(&self, step: Step) -> Result<Vec<Claimed>, StoreError> {
        self.writer.run(Stage::STEP, move |turn: &Turn<'_>| step::commit(turn, &step)).await
    }

    async fn claim(&self, tools: &[String], limit: usize) -> Result<Vec<Claimed>, StoreError> {
        let (tools, limit) = (tools.to_vec(), bounded(limit));
        self.writer.run(Stage::CLAIM, move |turn: &Turn<'_>| intents::claim(turn, &tools, limit)).await
    }

    async fn renew(&self) -> Result<(), StoreError> {
        // The folder's lock is the lease: it lasts exactly as long as the process. A stopped store says so.
        self.readers.point(|_| Ok(()))
    }

    async fn put_back(&self, intent: &str, fence: u64, not_before: Timestamp) -> Result<(), StoreError> {
        let intent = intent.to_owned();
        let put_back = move |turn: &Turn<'_>| intents::put_back(turn, &intent, fence, not_before);
        self.writer.run(Stage::PUT_BACK, put_back).await
    }

    async fn cancelled(&self, claimed: &[String]) -> Result<Vec<String>, StoreError> {
        let claimed = json("list", "claimed", &claimed, VALUE_LIMIT)?;
        self.readers.point(|connection| intents::cancelled(connection, &claimed))
    }

    async fn due_timers(&self, limit: usize) -> Result<(Vec<DueTimer>, Option<Timestamp>), StoreError> {
        let limit = bounded(limit);
        self.writer.run(Stage::TIMERS, move |turn: &Turn<'_>| timers::take_due(turn, limit)).await
    }

    async fn bury(
        &self,
        delivery: Option<DeliveryId>,
        intent: Option<(String, u64)>,
        reason: &str,
    ) -> Result<i64, StoreError> {
        let reason = reason.to_owned();
        let bury = move |turn: &Turn<'_>| {
            let mut letter = None;
            if let Some(delivery) = delivery {
                letter = Some(dead_letters::bury_delivery(turn, delivery, &reason)?);
            }
            if let Some((intent, fence)) = &intent {
                letter = Some(dead_letters::bury_intent(turn, intent, *fence, &reason)?);
            }
            letter.ok_or_else(|| StoreError::Missing { what: "thing to bury", name: reason.clone() })
        };
        self.writer.run(Stage::BURY, bury).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError> {
        self.readers.scan(dead_letters::list).await
    }

    async fn settle_dead_letter(&self, id: i64, again: bool, by: Act) -> Result<(), StoreError> {
        let settle = move |turn: &Turn<'_>| dead_letters::settle(turn, id, again, &by);
        self.writer.run(Stage::SETTLE, settle).await
    }

    async fn set_progress(&self, run: RunId, agent: &str, text: &str) -> Result<(), StoreError> {
        let (agent, text) = (agent.to_owned(), line(text).to_owned());
        let set = move |turn: &Turn<'_>| {
            turn.execute(
                "INSERT INTO progress (run, agent, line) VALUES (?1, ?2, ?3)
                 ON CONFLICT (run, agent) DO UPDATE SET line = ?3",
                params![signed(run.0), agent, text],
            )?;
            turn.makes_work();
            Ok(())
        };
        self.writer.run(Stage::PROGRESS, set).await
    }

    async fn progress(&self, run: RunId) -> Result<Vec<(String, String)>, StoreError> {
        self.readers.point(|connection| reads::progress(connection, run))
    }

    async fn unshown(&self, limit: usize) -> Result<Vec<Post>, StoreError> {
        let limit = bounded(limit);
        self.readers.scan(move |connection| posts::unshown(connection, limit)).await
    }

    async fn shown(&self, thread: &str, name: &str, version: u64) -> Result<(), StoreError> {
        let (thread, name) = (thread.to_owned(), name.to_owned());
        let shown = move |turn: &Turn<'_>| posts::shown(turn, &thread, &name, version);
        self.writer.run(Stage::SHOWN, shown).await
    }

    async fn thread(&self, thread: &str, after: i64, limit: usize) -> Result<Vec<Post>, StoreError> {
        let (thread, limit) = (thread.to_owned(), bounded(limit));
        self.readers.scan(move |connection| posts::thread(connection, &thread, after, limit)).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRow>, StoreError> {
        self.readers.point(|connection| reads::run(connection, id))
    }

    async fn runs(&self, only_open: bool, limit: usize) -> Result<Vec<RunRow>, StoreError> {
        let limit = bounded(limit);
        self.readers.scan(move |connection| reads::runs(connection, only_open, limit)).await
    }

    async fn events_of(&self, run: RunId) -> Result<Vec<Envelope>, StoreError> {
        self.readers.scan(move |connection| reads::events_of(connection, run)).await
    }

    async fn events(&self, after: i64, limit: usize) -> Result<Vec<(i64, Envelope)>, StoreError> {
        let limit = bounded(limit);
        self.readers.scan(move |connection| reads::events(connection, after, limit)).await
    }

    async fn setting(&self, name: &str) -> Result<Option<Value>, StoreError> {
        self.readers.point(|connection| reads::setting(connection, name))
    }

    async fn set(&self, name: &str, value: Option<Value>) -> Result<(), StoreError> {
        let name = name.to_owned();
        let set = move |turn: &Turn<'_>| step::set(turn, &name, value.as_ref());
        self.writer.run(Stage::NUMBER, set).await
    }

    async fn settings(&self, prefix: &str) -> Result<Vec<(String, Value)>, StoreError> {
        let prefix = prefix.to_owned();
        self.readers.scan(move |connection| reads::settings(connection, &prefix)).await
    }

    async fn acts(&self, after: i64, limit: usize) -> Result<Vec<(i64, Act)>, StoreError> {
        let limit = bounded(limit);
        self.readers.scan(move |connection| acts::list(connection, after, limit)).await
    }

    async fn verify_audit(&self) -> Result<Verified, StoreError> {
        self.readers.scan(acts::verify).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.readers.scan(reads::counts).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    async fn expire(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        loop {
            let slice = move |turn: &Turn<'_>| expire::slice(turn, before);
            match self.writer.run(Stage::EXPIRE, slice).await? {
                0 => return Ok(gone),
                some => gone += some,
            }
        }
    }
}
