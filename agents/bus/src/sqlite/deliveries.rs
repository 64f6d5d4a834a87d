//! Deliveries: what each agent has yet to handle.

use super::append::place_of;
use super::step::mark;
use super::words::value;
use super::writer::Turn;
use crate::store::{Delivery, DeliveryId, StoreError};
use orchestra_events::Timestamp;
use rusqlite::{Connection, params};

/// Takes a delivery out and marks its event as handled by the agent.
pub(super) fn handle(turn: &Turn<'_>, agent: &str, id: DeliveryId) -> Result<(), StoreError> {
    let Some(event) = event_of(turn, id)? else { return Err(missing(id)) };
    let taken = turn.execute("DELETE FROM deliveries WHERE id = ?1 AND agent = ?2", params![id, agent])?;
    if taken == 0 {
        let input = format!("event:{event}");
        let seen =
            turn.first("SELECT 1 FROM inbox WHERE agent = ?1 AND input = ?2", params![agent, input], |_| {
                Ok(())
            })?;
        return Err(match seen {
            Some(()) => StoreError::AlreadyHandled { agent: agent.to_owned(), input },
            None => missing(id),
        });
    }
    mark(turn, agent, &format!("event:{event}"))
}

/// The id of the event that a delivery carries, as long as the log has it.
pub(super) fn event_of(turn: &Turn<'_>, id: DeliveryId) -> Result<Option<String>, StoreError> {
    turn.first("SELECT id FROM events WHERE place = ?1", [place_of(id)], |row| row.get(0))
}

/// The refusal for a delivery that is not (or no longer) waiting.
pub(super) fn missing(id: DeliveryId) -> StoreError {
    StoreError::Missing { what: "delivery", name: id.to_string() }
}

/// Counts an attempt, or puts the delivery off; a delivery that was put off was attempted as well.
pub(super) fn attempt(
    turn: &Turn<'_>,
    id: DeliveryId,
    not_before: Option<Timestamp>,
) -> Result<u32, StoreError> {
    turn.first(
        "UPDATE deliveries SET attempts = attempts + 1, not_before = ?2 WHERE id = ?1 RETURNING attempts",
        params![id, not_before.map_or(0, |moment| moment.0)],
        |row| row.get(0),
    )?
    .ok_or_else(|| missing(id))
}

/// What waits above `after` and is due. What comes behind a delivery that was put off waits with it when agent
/// and key are the same: a retry must not turn the order of a key around.
pub(super) fn pending(
    connection: &Connection,
    now: Timestamp,
    after: DeliveryId,
    limit: i64,
) -> rusqlite::Result<Vec<Delivery>> {
    connection
        .prepare_cached(
            "SELECT waiting.id, waiting.agent, waiting.attempts, events.content
             FROM deliveries AS waiting JOIN events ON events.place = waiting.id >> 16
             WHERE waiting.id > ?1 AND waiting.not_before <= ?2
               AND NOT EXISTS (SELECT 1 FROM deliveries AS earlier
                   WHERE earlier.not_before > 0 AND earlier.not_before > ?2 AND earlier.agent = waiting.agent
                     AND earlier.key = waiting.key AND earlier.id < waiting.id)
             ORDER BY waiting.id LIMIT ?3",
        )?
        .query_map(params![after, now.0, limit], |row| {
            Ok(Delivery { id: row.get(0)?, agent: row.get(1)?, attempts: row.get(2)?, event: value(row, 3)? })
        })?
        .collect()
}
