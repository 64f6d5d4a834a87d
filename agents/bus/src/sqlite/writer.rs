//! The one thread that writes, and its group commit.
//!
//! Whatever queued while the previous flush ran goes into one transaction, each command in its own savepoint, so
//! that a refused one does not spoil the others. Nobody is answered before the commit has returned.

use super::errors;
use super::subscriptions::Subscriptions;
use crate::failpoints::{Stage, reach};
use crate::store::StoreError;
use fail::fail_point;
use orchestra_events::Timestamp;
use rusqlite::Connection;
use std::cell::Cell;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// How many commands may wait for the writer; who comes later waits to be let in.
const QUEUE: usize = 1024;

/// How many commands share a transaction at most.
const BATCH: usize = 256;

/// How many pages the write-ahead log may hold before they are copied into the database file.
const CHECKPOINT_PAGES: i32 = 1000;

/// The longest that the writer waits for companions before a commit.
const COMPANY: Duration = Duration::from_millis(1);

/// The store's clock: milliseconds since 1970.
pub(super) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why the store refuses everything, once it does; shared by writer and readers.
pub(super) type Latch = Arc<OnceLock<String>>;

/// What a command sees while it runs inside the transaction.
pub(super) struct Turn<'a> {
    pub(super) connection: &'a Connection,
    pub(super) now: Timestamp,
    /// Counts the openings of the file: claims under a lower one belong to a process that is gone.
    pub(super) epoch: i64,
    pub(super) subscriptions: &'a Subscriptions,
    pub(super) place: &'a str,
    made_work: &'a Cell<bool>,
}

impl Turn<'_> {
    /// Says that after this commit somebody may have something to do.
    pub(super) fn makes_work(&self) {
        self.made_work.set(true);
    }

    /// Turns the database's error into the store's.
    pub(super) fn say(&self, error: rusqlite::Error) -> StoreError {
        errors::while_open(self.place, error)
    }

    /// Runs one statement, prepared once per connection; returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<usize, StoreError> {
        let run = || self.connection.prepare_cached(sql)?.execute(parameters);
        run().map_err(|error| self.say(error))
    }

    /// The first row of a query, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        use rusqlite::OptionalExtension;
        let run = || self.connection.prepare_cached(sql)?.query_row(parameters, read).optional();
        run().map_err(|error| self.say(error))
    }
}

/// A command on its way through the writer, whatever it answers.
trait Command: Send {
    fn stage(&self) -> Stage;
    /// Runs inside the transaction; the error it met, if it met one, ends the batch or only this command.
    fn run(&mut self, turn: &Turn<'_>) -> Ran;
    /// Answers after the transaction has ended: with what the command came to, or with why the batch was lost.
    fn answer(self: Box<Self>, lost: Option<&StoreError>);
}

enum Ran {
    Done,
    Refused,
    Lost(StoreError),
}

struct Queued<T, F> {
    stage: Stage,
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Command for Queued<T, F>
where
    T: Send,
    F: FnOnce(&Turn<'_>) -> Result<T, StoreError> + Send,
{
    fn stage(&self) -> Stage {
        self.stage
    }

    fn run(&mut self, turn: &Turn<'_>) -> Ran {
        let Some(work) = self.work.take() else { return Ran::Refused };
        match work(turn) {
            Ok(value) => {
                self.outcome = Some(Ok(value));
                Ran::Done
            }
            Err(error) if errors::ends_the_batch(&error) => Ran::Lost(error),
            Err(error) => {
                self.outcome = Some(Err(error));
                Ran::Refused
            }
        }
    }

    fn answer(self: Box<Self>, lost: Option<&StoreError>) {
        let outcome = match (self.outcome, lost) {
            (Some(Err(refusal)), _) => Err(refusal),
            (_, Some(lost)) => Err(errors::again(lost)),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(StoreError::Database("the command did not run".to_owned())),
        };
        // Whoever asked may have stopped listening; what was committed stays committed.
        drop(self.reply.send(outcome));
    }
}

/// The handle that the store keeps.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Command>>>,
    thread: Option<std::thread::JoinHandle<()>>,
    latch: Latch,
}

/// Everything that the thread owns; it keeps the folder's lock until the connection is closed.
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) lock: std::fs::File,
    pub(super) epoch: i64,
    pub(super) subscriptions: Subscriptions,
    pub(super) place: String,
    pub(super) clock: Clock,
    pub(super) changes: watch::Sender<u64>,
    pub(super) latch: Latch,
    /// How many pages the write-ahead log held after the last commit.
    pub(super) log_pages: Arc<AtomicI32>,
}

impl Writer {
    pub(super) fn start(desk: Desk) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let latch = desk.latch.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(desk, waiting))
            .map_err(|error| StoreError::Database(format!("could not start the writer: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), latch })
    }

    /// Runs `work` in a transaction and returns what it came to once that is durable.
    pub(super) async fn run<T, F>(&self, stage: Stage, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Turn<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let gone = || {
            let why = self.latch.get().cloned().unwrap_or_else(|| "its writer has ended".to_owned());
            StoreError::Stopped(why)
        };
        if self.latch.get().is_some() {
            return Err(gone());
        }
        let (reply, answer) = oneshot::channel();
        let command = Queued { stage, work: Some(work), outcome: None, reply };
        let Some(queue) = &self.queue else { return Err(gone()) };
        queue.send(Box::new(command)).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Writer {
    /// Lets the thread finish what was queued; when this returns the folder's lock is free.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer ended by a panic");
        }
    }
}

fn serve(desk: Desk, mut waiting: mpsc::Receiver<Box<dyn Command>>) {
    let mut batch: Vec<Box<dyn Command>> = Vec::new();
    let (mut last_size, mut last_commit) = (1, Duration::ZERO);
    while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
        gather(&mut waiting, &mut batch, last_size, last_commit);
        let begun = Instant::now();
        let (size, made_work) = (batch.len(), Cell::new(false));
        let lost = match desk.latch.get() {
            Some(why) => Some(StoreError::Stopped(why.clone())),
            None => desk.transact(&mut batch, &made_work).err(),
        };
        (last_size, last_commit) = (size, begun.elapsed());
        if let Some(StoreError::Stopped(why)) = &lost
            && desk.latch.set(why.clone()).is_ok()
        {
            tracing::error!(%why, "the store stopped and must be opened again");
        }
        if lost.is_none() && made_work.get() {
            desk.changes.send_modify(|count| *count += 1);
        }
        for command in batch.drain(..) {
            if lost.is_none() {
                reach(command.stage().after_commit);
            }
            command.answer(lost.as_ref());
        }
        desk.checkpoint();
    }
    desk.close();
}

/// Waits a moment for those who were answered by the last commit and are about to ask again.
///
/// Without it thirty-two callers settle into commits of one and thirty-one, and pay for two flushes. A caller
/// who is alone is never kept waiting, and nobody is for longer than a quarter of the last commit.
fn gather(
    waiting: &mut mpsc::Receiver<Box<dyn Command>>,
    batch: &mut Vec<Box<dyn Command>>,
    last_size: usize,
    last_commit: Duration,
) {
    let until = Instant::now() + (last_commit / 4).min(COMPANY);
    while batch.len() < last_size.min(BATCH) {
        match waiting.try_recv() {
            Ok(command) => batch.push(command),
            Err(mpsc::error::TryRecvError::Disconnected) => return,
            Err(mpsc::error::TryRecvError::Empty) if Instant::now() >= until => return,
            Err(mpsc::error::TryRecvError::Empty) => std::thread::yield_now(),
        }
    }
}

impl Desk {
    /// One transaction for the whole batch; an error means that nothing of it was written.
    fn transact(&self, batch: &mut [Box<dyn Command>], made_work: &Cell<bool>) -> Result<(), StoreError> {
        let outcome = self.attempt(batch, made_work);
        if !self.connection.is_autocommit()
            && let Err(error) = self.statement("ROLLBACK")
        {
            return Err(StoreError::Stopped(format!("could not roll back: {error}")));
        }
        outcome
    }

    fn attempt(&self, batch: &mut [Box<dyn Command>], made_work: &Cell<bool>) -> Result<(), StoreError> {
        let turn = Turn {
            connection: &self.connection,
            now: (self.clock)(),
            epoch: self.epoch,
            subscriptions: &self.subscriptions,
            place: &self.place,
            made_work,
        };
        let alone = batch.len() == 1;
        self.statement("BEGIN IMMEDIATE")?;
        for command in batch.iter_mut() {
            if !alone {
                self.statement("SAVEPOINT command")?;
            }
            match command.run(&turn) {
                Ran::Done => reach(command.stage().before_commit),
                Ran::Lost(error) => return Err(error),
                Ran::Refused if alone => return Ok(()),
                Ran::Refused => self.statement("ROLLBACK TO command")?,
            }
            if !alone {
                self.statement("RELEASE command")?;
            }
        }
        fail_point!("store.commit.io", |_| Err(StoreError::Stopped(
            "the flush failed (failpoint)".to_owned()
        )));
        self.statement("COMMIT")
    }

    fn statement(&self, sql: &str) -> Result<(), StoreError> {
        let run = || self.connection.prepare_cached(sql)?.execute([]);
        run().map(|_| ()).map_err(|error| errors::while_open(&self.place, error))
    }

    /// Copies the write-ahead log into the database file once it is long. Done here and not by the database
    /// itself, so that callers have their answers first and a failed flush is seen.
    fn checkpoint(&self) {
        if self.latch.get().is_some() || self.log_pages.load(Ordering::Relaxed) < CHECKPOINT_PAGES {
            return;
        }
        self.log_pages.store(0, Ordering::Relaxed);
        let run =
            || self.connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()));
        match run().map_err(|error| errors::while_open(&self.place, error)) {
            Ok(()) => {}
            Err(StoreError::Stopped(why)) => {
                tracing::error!(%why, "the store stopped: its log could not be copied into its file");
                drop(self.latch.set(why));
            }
            Err(error) => tracing::warn!(%error, "the store's log could not be copied into its file yet"),
        }
    }

    fn close(self) {
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the store's file did not close cleanly; it will be recovered when opened");
        }
        drop(self.lock);
    }
}
