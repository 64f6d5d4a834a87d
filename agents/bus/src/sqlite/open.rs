//! Opening the folder: the lock, the file, its migrations, its check, and the epoch.

use super::readers::Readers;
use super::subscriptions::Subscriptions;
use super::writer::{Clock, Desk, Latch, Writer};
use super::{SqliteStore, errors, lock, schema};
use crate::store::StoreError;
use orchestra_events::Timestamp;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// Files up to this size are checked before they are used; larger ones while they are used, because the check
/// reads every page and the store must be ready within a second.
const CHECKED_AT_ONCE: u64 = 32 * 1024 * 1024;

/// What a caller may choose beside the folder and the subscriptions.
#[derive(Clone, Default)]
pub struct Options {
    /// The clock; the system's when it is not given.
    pub clock: Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>,
    /// The most pages (4 KiB each) that the database file may have; beyond it the store answers `Full`.
    pub max_pages: Option<u32>,
}

/// The system's time in milliseconds since 1970; the year 1970 when the clock stands before it.
fn system_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Opens or creates the store in `dir`.
pub(super) fn open(
    dir: &Path,
    subscriptions: Subscriptions,
    options: Options,
) -> Result<SqliteStore, StoreError> {
    std::fs::create_dir_all(dir).map_err(|error| StoreError::Unreadable {
        path: dir.display().to_string(),
        why: format!("cannot be created: {error}"),
    })?;
    let lock = lock::take(dir)?;
    let path = dir.join("orchestra.db");
    let name = path.display().to_string();
    let say = |error| errors::at_open(&name, error);

    // SQLite takes so short a file for a new one and would write over what is left of it.
    let length = std::fs::metadata(&path).map_or(0, |data| data.len());
    if (1..512).contains(&length) {
        let why = format!("is cut short ({length} bytes are left)");
        return Err(StoreError::Unreadable { path: name, why });
    }
    let mut connection = Connection::open(&path).map_err(say)?;
    schema::configure(&connection, 8 * 1024).map_err(say)?;
    if let Some(pages) = options.max_pages {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).map_err(say)?;
    }
    let latch = Latch::default();
    schema::migrate(&mut connection, &name)?;
    check(&path, &name, &connection, &latch)?;
    let epoch: i64 = connection
        .query_row(
            "INSERT INTO sequences (name, value) VALUES ('epoch', 1)
             ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            [],
            |row| row.get(0),
        )
        .map_err(say)?;
    // The names of new files must be on the disk as well as what is in them.
    std::fs::File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::Stopped(format!("could not flush `{}`: {error}", dir.display())))?;

    let log_pages = Arc::new(AtomicI32::new(0));
    let seen = log_pages.clone();
    connection
        .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }))
        .map_err(say)?;
    let clock: Clock = options.clock.unwrap_or_else(|| Arc::new(system_clock));
    let (changes, watched) = watch::channel(0);
    let readers = Readers::new(path, latch.clone());
    let place = dir.display().to_string();
    let desk = Desk {
        connection,
        lock,
        epoch,
        subscriptions,
        place,
        clock: clock.clone(),
        changes,
        latch: latch.clone(),
        log_pages,
    };
    let writer = Writer::start(desk)?;
    tracing::info!(file = %name, epoch, "opened the store");
    Ok(SqliteStore { writer, readers: Arc::new(readers), clock, changes: watched })
}

/// Lets the database check its pages. A large file is checked beside the work; damage found then stops the store.
fn check(path: &Path, name: &str, connection: &Connection, latch: &Latch) -> Result<(), StoreError> {
    let damaged = |why: String| StoreError::Unreadable {
        path: name.to_owned(),
        why: format!("is damaged ({why}); restore a copy, or read it with the `sqlite3` tool's `.recover`"),
    };
    let size = std::fs::metadata(path).map_or(0, |data| data.len());
    if size <= CHECKED_AT_ONCE {
        let found = schema::damage(connection).map_err(|error| errors::at_open(name, error))?;
        return found.map_or(Ok(()), |why| Err(damaged(why)));
    }
    let (path, name, latch) = (path.to_owned(), name.to_owned(), latch.clone());
    let checked = move || {
        let found = Connection::open(&path).and_then(|connection| schema::damage(&connection));
        let why = match found {
            Ok(None) => return tracing::debug!(file = %name, "the file's pages are whole"),
            Ok(Some(why)) => why,
            Err(error) => error.to_string(),
        };
        tracing::error!(file = %name, %why, "the store's file is damaged");
        drop(latch.set(format!("`{name}` is damaged: {why}")));
    };
    match std::thread::Builder::new().name("store-check".to_owned()).spawn(checked) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::Database(format!("could not start the check of the file: {error}"))),
    }
}
