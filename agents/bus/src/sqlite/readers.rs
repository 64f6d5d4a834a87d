//! Connections that only read. They see what was committed before they were asked and never wait for the writer.

use super::errors;
use super::schema;
use super::writer::Latch;
use crate::store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// How many idle connections are kept.
const KEPT: usize = 4;

/// A small pool of reading connections, opened when they are needed.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    latch: Latch,
}

impl Readers {
    pub(super) fn new(path: PathBuf, latch: Latch) -> Self {
        Self { path, idle: Mutex::new(Vec::new()), latch }
    }

    /// Runs a short query where it is asked: a row found by its key, which costs less than changing threads.
    pub(super) fn point<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if let Some(why) = self.latch.get() {
            return Err(StoreError::Stopped(why.clone()));
        }
        let name = self.path.display().to_string();
        let connection = match self.take() {
            Some(connection) => connection,
            None => self.connect().map_err(|error| errors::at_open(&name, error))?,
        };
        match query(&connection) {
            Ok(value) => {
                self.give_back(connection);
                Ok(value)
            }
            Err(error) => {
                let error = errors::while_open(&name, error);
                if let StoreError::Stopped(why) = &error
                    && self.latch.set(why.clone()).is_ok()
                {
                    tracing::error!(%why, "the store stopped: its file could not be read");
                }
                Err(error)
            }
        }
    }

    /// Runs a query that may read many rows on a thread that may block.
    pub(super) async fn scan<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(self);
        match tokio::task::spawn_blocking(move || readers.point(query)).await {
            Ok(answer) => answer,
            Err(error) => Err(StoreError::Database(format!("a query was cut off: {error}"))),
        }
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        schema::configure(&connection, 2 * 1024)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(connection)
    }
}
