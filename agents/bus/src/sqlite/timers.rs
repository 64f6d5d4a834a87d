//! Timers: rows with a moment, taken by one process and removed by the step that handles them.

use super::step::mark;
use super::words::{run_id, value};
use super::writer::Turn;
use crate::store::{DueTimer, NewTimer, StoreError};
use orchestra_events::{EventId, Timestamp};
use rusqlite::params;

/// Takes due timers for this process, earliest first, and says when the next one is due.
pub(super) fn take_due(
    turn: &Turn<'_>,
    limit: i64,
) -> Result<(Vec<DueTimer>, Option<Timestamp>), StoreError> {
    let read = || -> rusqlite::Result<Vec<DueTimer>> {
        turn.connection
            .prepare_cached(
                "SELECT id, agent, key, lane, run, due, note, cause FROM timers
                 WHERE due <= ?1 AND epoch < ?2 ORDER BY due, id LIMIT ?3",
            )?
            .query_map(params![turn.now.0, turn.epoch, limit], |row| {
                let timer = NewTimer {
                    id: row.get(0)?,
                    agent: row.get(1)?,
                    key: row.get(2)?,
                    lane: row.get(3)?,
                    run: run_id(row, 4)?,
                    due: Timestamp(row.get(5)?),
                    note: value(row, 6)?,
                    cause: EventId(row.get(7)?),
                };
                Ok(DueTimer { timer })
            })?
            .collect()
    };
    let due = read().map_err(|error| turn.say(error))?;
    for taken in &due {
        turn.execute("UPDATE timers SET epoch = ?1 WHERE id = ?2", params![turn.epoch, taken.timer.id])?;
    }
    let next =
        turn.first("SELECT due FROM timers WHERE epoch < ?1 ORDER BY due LIMIT 1", [turn.epoch], |row| {
            row.get(0).map(Timestamp)
        })?;
    Ok((due, next))
}

/// Removes a timer that this process took; one that was handled, moved or forgotten is refused.
pub(super) fn handle(turn: &Turn<'_>, agent: &str, id: &str) -> Result<(), StoreError> {
    let taken: Option<i64> = turn.first(
        "DELETE FROM timers WHERE id = ?1 AND agent = ?2 AND epoch = ?3 RETURNING due",
        params![id, agent, turn.epoch],
        |row| row.get(0),
    )?;
    match taken {
        // The moment is part of the input's name: a timer may be set again, and handled again.
        Some(due) => match mark(turn, agent, &format!("timer:{id}@{due}")) {
            Ok(()) | Err(StoreError::AlreadyHandled { .. }) => Ok(()),
            Err(error) => Err(error),
        },
        None => Err(StoreError::AlreadyHandled { agent: agent.to_owned(), input: format!("timer:{id}") }),
    }
}
