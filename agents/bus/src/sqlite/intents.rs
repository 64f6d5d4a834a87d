//! Intents: the effects that are owed, who has them, and what they came to.
//!
//! A claim is known by its fencing number, which only grows, and by the epoch of the process that made it. A
//! claim of an earlier epoch belongs to a process that is gone, for the folder's lock lets one live at a time.

use super::step::mark;
use super::words::{VALUE_LIMIT, class_of, class_word, json, run_id, run_number, signed, unsigned, value};
use super::writer::Turn;
use crate::store::{Claimed, NewIntent, StoreError};
use orchestra_events::{EventId, Timestamp};
use rusqlite::{Connection, Row, params};
use serde_json::Value;

/// The columns that [`intent_of`] reads, in its order.
pub(super) const COLUMNS: &str = "id, agent, key, lane, run, tool, class, request, cause";

/// Reads an intent from the columns in [`COLUMNS`].
pub(super) fn intent_of(row: &Row<'_>) -> rusqlite::Result<NewIntent> {
    Ok(NewIntent {
        id: row.get(0)?,
        agent: row.get(1)?,
        key: row.get(2)?,
        lane: row.get(3)?,
        run: run_id(row, 4)?,
        tool: row.get(5)?,
        class: class_of(row.get_ref(6)?.as_str()?),
        request: value(row, 7)?,
        cause: EventId(row.get(8)?),
    })
}

/// Writes a new intent; claimed at once for this process when `claim` is set.
pub(super) fn insert(
    turn: &Turn<'_>,
    intent: &NewIntent,
    claim: bool,
) -> Result<Option<Claimed>, StoreError> {
    let request = json("intent", &intent.id, &intent.request, VALUE_LIMIT)?;
    let (status, fence, epoch) = if claim { ("claimed", 1, turn.epoch) } else { ("ready", 0, 0) };
    turn.execute(
        "INSERT INTO intents (id, agent, key, lane, run, tool, class, request, cause, status, fence, epoch, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            intent.id,
            intent.agent,
            intent.key,
            intent.lane,
            run_number(intent.run),
            intent.tool,
            class_word(intent.class),
            request,
            intent.cause.0,
            status,
            fence,
            epoch,
            turn.now.0
        ],
    )?;
    turn.makes_work();
    let claimed = Claimed { intent: intent.clone(), fence: 1, attempts: 0, unanswered: false };
    Ok(claim.then_some(claimed))
}

/// Records what a claimed intent came to, for the worker that still has it.
pub(super) fn answer(
    turn: &Turn<'_>,
    agent: &str,
    intent: &str,
    fence: u64,
    outcome: &Value,
    unknown: bool,
) -> Result<(), StoreError> {
    let outcome = json("outcome of intent", intent, outcome, VALUE_LIMIT)?;
    let status = if unknown { "unknown" } else { "done" };
    let changed = turn.execute(
        "UPDATE intents SET status = ?1, outcome = ?2, changed = ?3
         WHERE id = ?4 AND agent = ?5 AND status = 'claimed' AND fence = ?6 AND epoch = ?7",
        params![status, outcome, turn.now.0, intent, agent, signed(fence), turn.epoch],
    )?;
    held(turn, intent, changed)?;
    mark(turn, agent, &format!("intent:{intent}"))
}

/// Gives a claimed intent back and counts the attempt.
pub(super) fn put_back(
    turn: &Turn<'_>,
    intent: &str,
    fence: u64,
    not_before: Timestamp,
) -> Result<(), StoreError> {
    let changed = turn.execute(
        "UPDATE intents SET status = 'ready', epoch = 0, attempts = attempts + 1, not_before = ?1, changed = ?2
         WHERE id = ?3 AND status = 'claimed' AND fence = ?4 AND epoch = ?5",
        params![not_before.0, turn.now.0, intent, signed(fence), turn.epoch],
    )?;
    held(turn, intent, changed)?;
    turn.makes_work();
    Ok(())
}

/// Takes a claimed intent out of work, for the dead letters; returns it as it was written.
pub(super) fn bury(turn: &Turn<'_>, intent: &str, fence: u64) -> Result<NewIntent, StoreError> {
    let changed = turn.execute(
        "UPDATE intents SET status = 'buried', changed = ?1
         WHERE id = ?2 AND status = 'claimed' AND fence = ?3 AND epoch = ?4",
        params![turn.now.0, intent, signed(fence), turn.epoch],
    )?;
    held(turn, intent, changed)?;
    turn.first(&format!("SELECT {COLUMNS} FROM intents WHERE id = ?1"), [intent], intent_of)?
        .ok_or_else(|| missing(intent))
}

/// Refuses when the change found no claim of this worker: fenced, or never heard of.
fn held(turn: &Turn<'_>, intent: &str, changed: usize) -> Result<(), StoreError> {
    if changed > 0 {
        return Ok(());
    }
    let known = turn.first("SELECT 1 FROM intents WHERE id = ?1", [intent], |_| Ok(()))?;
    Err(known.map_or_else(|| missing(intent), |()| StoreError::Fenced(intent.to_owned())))
}

fn missing(intent: &str) -> StoreError {
    StoreError::Missing { what: "intent", name: intent.to_owned() }
}

/// Cancels an intent that has no outcome yet, or whose outcome nobody knows; else it changes nothing.
pub(super) fn cancel(turn: &Turn<'_>, intent: &str) -> Result<(), StoreError> {
    let changed = turn.execute(
        "UPDATE intents SET status = 'cancelled', changed = ?1
         WHERE id = ?2 AND status IN ('ready', 'claimed', 'unknown', 'buried')",
        params![turn.now.0, intent],
    )?;
    if changed > 0 {
        turn.makes_work();
    }
    Ok(())
}

/// Claims what waits, and what a process that is gone had claimed, oldest first.
pub(super) fn claim(turn: &Turn<'_>, tools: &[String], limit: i64) -> Result<Vec<Claimed>, StoreError> {
    let tools = json("list", "tools", &tools, VALUE_LIMIT)?;
    let abandoned = format!(
        "SELECT {COLUMNS}, fence, attempts + 1, 1, place FROM intents INDEXED BY intents_claimed
         WHERE status = 'claimed' AND epoch < ?1 AND tool IN (SELECT value FROM json_each(?2))
         ORDER BY place LIMIT ?3"
    );
    let ready = format!(
        "SELECT {COLUMNS}, fence, attempts, 0, place FROM intents INDEXED BY intents_ready
         WHERE status = 'ready' AND not_before <= ?1 AND tool IN (SELECT value FROM json_each(?2))
         ORDER BY place LIMIT ?3"
    );
    let mut found = rows(turn.connection, &abandoned, turn.epoch, &tools, limit).map_err(|e| turn.say(e))?;
    let rest = limit - i64::try_from(found.len()).unwrap_or(limit);
    found.extend(rows(turn.connection, &ready, turn.now.0, &tools, rest).map_err(|e| turn.say(e))?);
    let mut claimed = Vec::with_capacity(found.len());
    for (place, mut row) in found {
        row.fence = row.fence.saturating_add(1);
        turn.execute(
            "UPDATE intents SET status = 'claimed', fence = ?1, epoch = ?2, attempts = ?3, changed = ?4
             WHERE place = ?5",
            params![signed(row.fence), turn.epoch, row.attempts, turn.now.0, place],
        )?;
        claimed.push(row);
    }
    Ok(claimed)
}

fn rows(
    connection: &Connection,
    sql: &str,
    bound: i64,
    tools: &str,
    limit: i64,
) -> rusqlite::Result<Vec<(i64, Claimed)>> {
    connection
        .prepare_cached(sql)?
        .query_map(params![bound, tools, limit], |row| {
            let claimed = Claimed {
                intent: intent_of(row)?,
                fence: unsigned(row, 9)?,
                attempts: row.get(10)?,
                unanswered: row.get(11)?,
            };
            Ok((row.get(12)?, claimed))
        })?
        .collect()
}

/// Which of these were cancelled.
pub(super) fn cancelled(connection: &Connection, claimed: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT id FROM intents
             WHERE id IN (SELECT value FROM json_each(?1)) AND status = 'cancelled' ORDER BY place",
        )?
        .query_map([claimed], |row| row.get(0))?
        .collect()
}
