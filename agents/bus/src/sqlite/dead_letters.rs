//! Dead letters: what failed for good and waits for a person.

use super::words::{VALUE_LIMIT, json, line, value};
use super::writer::Turn;
use super::{acts, append, deliveries, intents, step};
use crate::store::{Act, DeadLetter, DeliveryId, StoreError};
use orchestra_events::Timestamp;
use rusqlite::{Connection, params};

/// How many dead letters one answer holds: the newest.
const SHOWN: i64 = 1000;

/// Moves a delivery to the dead letters.
pub(super) fn bury_delivery(turn: &Turn<'_>, id: DeliveryId, reason: &str) -> Result<i64, StoreError> {
    let agent: Option<String> =
        turn.first("DELETE FROM deliveries WHERE id = ?1 RETURNING agent", [id], |row| row.get(0))?;
    let Some(agent) = agent else { return Err(deliveries::missing(id)) };
    let event: Option<(String, String)> =
        turn.first("SELECT id, content FROM events WHERE place = ?1", [append::place_of(id)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let Some((subject, content)) = event else { return Err(deliveries::missing(id)) };
    insert(turn, &agent, "event", &subject, reason, &content, Some(id))
}

/// Moves a claimed intent to the dead letters.
pub(super) fn bury_intent(turn: &Turn<'_>, id: &str, fence: u64, reason: &str) -> Result<i64, StoreError> {
    let intent = intents::bury(turn, id, fence)?;
    // Room for the intent's own fields around a request of the largest size.
    let content = json("intent", id, &intent, 2 * VALUE_LIMIT)?;
    insert(turn, &intent.tool, "intent", id, reason, &content, None)
}

fn insert(
    turn: &Turn<'_>,
    agent: &str,
    kind: &str,
    subject: &str,
    reason: &str,
    content: &str,
    delivery: Option<DeliveryId>,
) -> Result<i64, StoreError> {
    turn.execute(
        "INSERT INTO dead_letters (agent, kind, subject, reason, at, content, status, delivery)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7)",
        params![agent, kind, subject, line(reason), turn.now.0, content, delivery],
    )?;
    turn.makes_work();
    Ok(turn.connection.last_insert_rowid())
}

/// Hands a dead letter out again with its attempts forgotten, or drops it, which counts as handled.
pub(super) fn settle(turn: &Turn<'_>, id: i64, again: bool, by: &Act) -> Result<(), StoreError> {
    let status = if again { "retried" } else { "dropped" };
    let letter: Option<(String, String, String, Option<DeliveryId>)> = turn.first(
        "UPDATE dead_letters SET status = ?1 WHERE id = ?2 AND status = 'waiting'
         RETURNING agent, kind, subject, delivery",
        params![status, id],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let Some((agent, kind, subject, delivery)) = letter else {
        return Err(StoreError::Missing { what: "waiting dead letter", name: id.to_string() });
    };
    match (kind.as_str(), delivery, again) {
        ("event", Some(delivery), true) => {
            turn.execute(
                "INSERT INTO deliveries (id, agent, key) SELECT ?1, ?2, key FROM events WHERE place = ?3",
                params![delivery, agent, append::place_of(delivery)],
            )?;
        }
        ("event", _, _) => step::mark(turn, &agent, &format!("event:{subject}"))?,
        (_, _, true) => {
            turn.execute(
                "UPDATE intents SET status = 'ready', epoch = 0, attempts = 0, not_before = 0, changed = ?1
                 WHERE id = ?2 AND status = 'buried'",
                params![turn.now.0, subject],
            )?;
        }
        (_, _, false) => intents::cancel(turn, &subject)?,
    }
    turn.makes_work();
    acts::append(turn, by)
}

/// The newest dead letters, newest last.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<DeadLetter>> {
    let mut letters: Vec<DeadLetter> = connection
        .prepare_cached(
            "SELECT id, agent, kind, subject, reason, at, content, status FROM dead_letters
             ORDER BY id DESC LIMIT ?1",
        )?
        .query_map([SHOWN], |row| {
            Ok(DeadLetter {
                id: row.get(0)?,
                agent: row.get(1)?,
                kind: row.get(2)?,
                subject: row.get(3)?,
                reason: row.get(4)?,
                at: Timestamp(row.get(5)?),
                content: value(row, 6)?,
                status: row.get(7)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    letters.reverse();
    Ok(letters)
}
