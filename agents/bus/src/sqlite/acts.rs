//! The audit's rows: appending an act to its chain, and reading the chains back for the walk.

use super::schema;
use super::words::{run_id, run_number, signed, unsigned};
use super::writer::Turn;
use crate::audit::{Broken, Entry, Head, Verified, Walk, Whole, whole_hash};
use crate::store::{Act, StoreError};
use orchestra_events::{EventId, Timestamp};
use rusqlite::{Connection, Row, params};

/// Appends an act to its chain, moves the chain's head and the row over the whole.
pub(super) fn append(turn: &Turn<'_>, act: &Act) -> Result<(), StoreError> {
    let whole = turn.first("SELECT acts, chains, hash FROM whole", [], whole_of)?.unwrap_or_default();
    let head: Option<(u64, String)> =
        turn.first("SELECT acts, hash FROM heads WHERE chain = ?1", [&act.chain], |row| {
            Ok((unsigned(row, 0)?, row.get(1)?))
        })?;
    let (before, previous) = head.unwrap_or_default();
    let mut entry = Entry {
        seq: signed(whole.acts.saturating_add(1)),
        at: turn.now,
        chain: act.chain.clone(),
        actor: act.actor.clone(),
        act: act.act.clone(),
        reason: act.reason.clone(),
        cause: act.cause.0.clone(),
        run: act.run,
        previous,
        hash: String::new(),
    };
    entry.hash = entry.expected_hash();
    turn.execute(
        "INSERT INTO acts (seq, chain, actor, act, reason, cause, run, at, previous, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            entry.seq,
            entry.chain,
            entry.actor,
            entry.act,
            entry.reason,
            entry.cause,
            run_number(entry.run),
            entry.at.0,
            entry.previous,
            entry.hash
        ],
    )?;
    turn.execute(
        "INSERT INTO heads (chain, seq, acts, hash) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (chain) DO UPDATE SET seq = ?2, acts = ?3, hash = ?4",
        params![entry.chain, entry.seq, signed(before.saturating_add(1)), entry.hash],
    )?;
    turn.execute(
        "UPDATE whole SET acts = ?1, chains = chains + ?2, hash = ?3",
        params![entry.seq, i64::from(before == 0), whole_hash(&whole.hash, &entry.hash)],
    )?;
    Ok(())
}

fn whole_of(row: &Row<'_>) -> rusqlite::Result<Whole> {
    Ok(Whole { acts: unsigned(row, 0)?, chains: unsigned(row, 1)?, hash: row.get(2)? })
}

fn entry_of(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get(0)?,
        chain: row.get(1)?,
        actor: row.get(2)?,
        act: row.get(3)?,
        reason: row.get(4)?,
        cause: row.get(5)?,
        run: run_id(row, 6)?,
        at: Timestamp(row.get(7)?),
        previous: row.get(8)?,
        hash: row.get(9)?,
    })
}

const COLUMNS: &str = "seq, chain, actor, act, reason, cause, run, at, previous, hash";

/// The acts above `after`, oldest first.
pub(super) fn list(connection: &Connection, after: i64, limit: i64) -> rusqlite::Result<Vec<(i64, Act)>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM acts WHERE seq > ?1 ORDER BY seq LIMIT ?2"))?
        .query_map(params![after, limit], |row| {
            let entry = entry_of(row)?;
            let act = Act {
                chain: entry.chain,
                actor: entry.actor,
                act: entry.act,
                reason: entry.reason,
                cause: EventId(entry.cause),
                run: entry.run,
            };
            Ok((entry.seq, act))
        })?
        .collect()
}

/// Checks the file's pages, then walks every chain. Damage that keeps an act from being read is a break like
/// any other, not an error.
pub(super) fn verify(connection: &Connection) -> rusqlite::Result<Verified> {
    let mut walk = Walk::default();
    let damaged = |why: String| {
        let why = format!("the file is damaged: {why}");
        Verified { acts: 0, chains: 0, broken: Some(Broken { seq: 0, chain: String::new(), why }) }
    };
    if let Some(why) = schema::damage(connection).unwrap_or_else(|error| Some(error.to_string())) {
        return Ok(damaged(why));
    }
    // One read transaction, so that acts that are being written meanwhile are seen with their heads or not at all.
    let transaction = connection.unchecked_transaction()?;
    let mut walked = || -> rusqlite::Result<(Vec<Head>, Whole)> {
        let mut acts = transaction.prepare(&format!("SELECT {COLUMNS} FROM acts ORDER BY seq"))?;
        let mut rows = acts.query([])?;
        while let Some(row) = rows.next()? {
            walk.see(&entry_of(row)?);
        }
        let heads = transaction
            .prepare("SELECT chain, seq, acts, hash FROM heads ORDER BY chain")?
            .query_map([], |row| {
                Ok(Head { chain: row.get(0)?, seq: row.get(1)?, acts: unsigned(row, 2)?, hash: row.get(3)? })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let whole = transaction.query_row("SELECT acts, chains, hash FROM whole", [], whole_of)?;
        Ok((heads, whole))
    };
    match walked() {
        Ok((heads, whole)) => Ok(walk.finish(&heads, &whole)),
        Err(error) => Ok(damaged(error.to_string())),
    }
}
