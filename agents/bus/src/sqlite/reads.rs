//! What is only read: states, runs, the log, settings, progress, counts.

use super::words::{run_id, signed, unsigned, value};
use crate::store::{Counts, RunRow};
use orchestra_events::{Envelope, RunId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

pub(super) fn state(
    connection: &Connection,
    agent: &str,
    key: &str,
) -> rusqlite::Result<Option<(u64, Value)>> {
    connection
        .prepare_cached("SELECT version, content FROM states WHERE agent = ?1 AND key = ?2")?
        .query_row(params![agent, key], |row| Ok((unsigned(row, 0)?, value(row, 1)?)))
        .optional()
}

const RUN: &str = "id, lane, state, opened, changed, ended";

fn run_of(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: run_id(row, 0)?.unwrap_or(RunId(0)),
        lane: row.get(1)?,
        state: value(row, 2)?,
        opened: Timestamp(row.get(3)?),
        changed: Timestamp(row.get(4)?),
        ended: row.get(5)?,
    })
}

pub(super) fn run(connection: &Connection, id: RunId) -> rusqlite::Result<Option<RunRow>> {
    connection
        .prepare_cached(&format!("SELECT {RUN} FROM runs WHERE id = ?1"))?
        .query_row([signed(id.0)], run_of)
        .optional()
}

pub(super) fn runs(connection: &Connection, only_open: bool, limit: i64) -> rusqlite::Result<Vec<RunRow>> {
    let which = if only_open { "WHERE ended = 0" } else { "" };
    connection
        .prepare_cached(&format!("SELECT {RUN} FROM runs {which} ORDER BY id DESC LIMIT ?1"))?
        .query_map([limit], run_of)?
        .collect()
}

pub(super) fn events_of(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<Envelope>> {
    connection
        .prepare_cached("SELECT content FROM events WHERE run = ?1 ORDER BY place")?
        .query_map([signed(run.0)], |row| value(row, 0))?
        .collect()
}

pub(super) fn events(
    connection: &Connection,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<(i64, Envelope)>> {
    connection
        .prepare_cached("SELECT place, content FROM events WHERE place > ?1 ORDER BY place LIMIT ?2")?
        .query_map([after, limit], |row| Ok((row.get(0)?, value(row, 1)?)))?
        .collect()
}

pub(super) fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<Value>> {
    connection
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([name], |row| value(row, 0))
        .optional()
}

pub(super) fn settings(connection: &Connection, prefix: &str) -> rusqlite::Result<Vec<(String, Value)>> {
    connection
        .prepare_cached(
            "SELECT name, value FROM settings WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1
             ORDER BY name",
        )?
        .query_map([prefix], |row| Ok((row.get(0)?, value(row, 1)?)))?
        .collect()
}

pub(super) fn progress(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare_cached("SELECT agent, line FROM progress WHERE run = ?1 ORDER BY agent")?
        .query_map([signed(run.0)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Counts> {
    connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM events),
                    (SELECT count(*) FROM events WHERE heard = 0),
                    (SELECT count(*) FROM deliveries),
                    (SELECT count(*) FROM inbox),
                    (SELECT count(*) FROM intents WHERE status = 'ready')
                        + (SELECT count(*) FROM intents WHERE status = 'claimed'),
                    (SELECT count(*) FROM intents WHERE status = 'unknown'),
                    (SELECT count(*) FROM timers),
                    (SELECT count(*) FROM dead_letters WHERE status = 'waiting'),
                    (SELECT count(*) FROM runs WHERE ended = 0)",
        )?
        .query_row([], |row| {
            Ok(Counts {
                events: unsigned(row, 0)?,
                unheard: unsigned(row, 1)?,
                pending: unsigned(row, 2)?,
                handled: unsigned(row, 3)?,
                open_intents: unsigned(row, 4)?,
                unknown_intents: unsigned(row, 5)?,
                timers: unsigned(row, 6)?,
                dead: unsigned(row, 7)?,
                open_runs: unsigned(row, 8)?,
            })
        })
}
