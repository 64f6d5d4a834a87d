//! The tables, how a file becomes ours, and how an older file becomes today's.
//!
//! The file's `application_id` says that it is ours and `user_version` says which migrations it has seen. A
//! migration that was released is never changed; another one is added below it.

use crate::store::StoreError;
use rusqlite::Connection;

/// `orch` in ASCII, written into the file's header.
const APPLICATION_ID: i64 = 0x6f72_6368;

/// Every migration in order; the file's version is how many of them it has seen.
const MIGRATIONS: &[&str] = &[FIRST];

const FIRST: &str = "
-- One row of counters: how often the file was opened, and the numbers given to runs, incidents and the like.
CREATE TABLE sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- The log, which is the outbox as well. The newest row is never deleted, so a place is never given twice.
CREATE TABLE events (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, key TEXT NOT NULL,
    sequence INTEGER NOT NULL, run INTEGER, accepted INTEGER NOT NULL, heard INTEGER NOT NULL,
    content TEXT NOT NULL);
CREATE INDEX events_of_run ON events (run, place) WHERE run IS NOT NULL;
CREATE INDEX events_unheard ON events (place) WHERE heard = 0;
-- The last sequence given within each key.
CREATE TABLE keys (key TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;

-- What an agent has yet to handle. The id is the event's place, shifted, and the subscriber's number.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY, agent TEXT NOT NULL, key TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL DEFAULT 0);
CREATE INDEX deliveries_put_off ON deliveries (agent, key, id) WHERE not_before > 0;
-- What an agent has handled.
CREATE TABLE inbox (
    agent TEXT NOT NULL, input TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (agent, input)) WITHOUT ROWID;

CREATE TABLE states (
    agent TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, content TEXT NOT NULL,
    changed INTEGER NOT NULL, PRIMARY KEY (agent, key)) WITHOUT ROWID;

CREATE TABLE intents (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, agent TEXT NOT NULL, key TEXT NOT NULL,
    lane TEXT NOT NULL, run INTEGER, tool TEXT NOT NULL, class TEXT NOT NULL, request TEXT NOT NULL,
    cause TEXT NOT NULL, status TEXT NOT NULL, fence INTEGER NOT NULL, epoch INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL DEFAULT 0, outcome TEXT,
    changed INTEGER NOT NULL);
CREATE INDEX intents_ready ON intents (place) WHERE status = 'ready';
CREATE INDEX intents_claimed ON intents (epoch, place) WHERE status = 'claimed';
CREATE INDEX intents_unknown ON intents (place) WHERE status = 'unknown';

CREATE TABLE timers (
    id TEXT PRIMARY KEY, agent TEXT NOT NULL, key TEXT NOT NULL, lane TEXT NOT NULL, run INTEGER,
    due INTEGER NOT NULL, note TEXT NOT NULL, cause TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due);

CREATE TABLE posts (
    seq INTEGER PRIMARY KEY, thread TEXT NOT NULL, name TEXT NOT NULL, message TEXT NOT NULL,
    wanted INTEGER NOT NULL, shown INTEGER NOT NULL, at INTEGER NOT NULL, UNIQUE (thread, name));
CREATE INDEX posts_unshown ON posts (seq) WHERE wanted > shown;
CREATE INDEX posts_of_thread ON posts (thread, seq);

CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY, agent TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    reason TEXT NOT NULL, at INTEGER NOT NULL, content TEXT NOT NULL, status TEXT NOT NULL, delivery INTEGER);
CREATE INDEX dead_letters_waiting ON dead_letters (id) WHERE status = 'waiting';

CREATE TABLE runs (
    id INTEGER PRIMARY KEY, lane TEXT NOT NULL, state TEXT NOT NULL, opened INTEGER NOT NULL,
    changed INTEGER NOT NULL, ended INTEGER NOT NULL);
CREATE INDEX runs_open ON runs (id) WHERE ended = 0;
CREATE TABLE progress (
    run INTEGER NOT NULL, agent TEXT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (run, agent)) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The audit: the acts, the head of each chain, and one row over all of them.
CREATE TABLE acts (
    seq INTEGER PRIMARY KEY, chain TEXT NOT NULL, actor TEXT NOT NULL, act TEXT NOT NULL, reason TEXT NOT NULL,
    cause TEXT NOT NULL, run INTEGER, at INTEGER NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE heads (
    chain TEXT PRIMARY KEY, seq INTEGER NOT NULL, acts INTEGER NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE whole (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), acts INTEGER NOT NULL, chains INTEGER NOT NULL,
    hash TEXT NOT NULL);
INSERT INTO whole VALUES (1, 0, 0, '');
";

/// Sets what holds for every connection: a write-ahead log, and a commit that has reached the disk.
pub(crate) fn configure(connection: &Connection, cache_kibibytes: u32) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{cache_kibibytes}; PRAGMA trusted_schema = OFF;"
    ))
}

/// Brings the file to today's version; refuses a newer one and one that is not ours.
pub(crate) fn migrate(connection: &mut Connection, path: &str) -> Result<(), StoreError> {
    let unreadable = |why: String| StoreError::Unreadable { path: path.to_owned(), why };
    let say = |error: rusqlite::Error| super::errors::at_open(path, error);
    let number = |pragma: &str| -> Result<i64, StoreError> {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).map_err(say)
    };
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(say)?;
    let (application, version) = (number("application_id")?, number("user_version")?);
    if (tables > 0 || application != 0) && application != APPLICATION_ID {
        return Err(unreadable("is a database of another program".to_owned()));
    }
    let known = MIGRATIONS.len();
    let seen = usize::try_from(version).unwrap_or(usize::MAX);
    if seen > known {
        return Err(unreadable(format!(
            "was written by a newer version (format {version}, this one knows {known}); use that version"
        )));
    }
    if seen == known {
        return Ok(());
    }
    let transaction = connection.transaction().map_err(say)?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(seen) {
        transaction.execute_batch(migration).map_err(say)?;
        transaction.pragma_update(None, "user_version", super::words::count(index + 1)).map_err(say)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(say)?;
    transaction.commit().map_err(say)
}

/// What the database's own check of its pages finds; `None` when all is well.
pub(crate) fn damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let answer: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((answer != "ok").then_some(answer))
}
