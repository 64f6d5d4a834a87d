//! Appending to the log: the event, its place within its key, its deliveries, and the fold of its run.

use super::words::{EVENT_LIMIT, VALUE_LIMIT, count, json, run_number, signed, value};
use super::writer::Turn;
use crate::store::{Accepted, DeliveryId, StoreError};
use orchestra_events::{Envelope, PipelineState, RunId};
use rusqlite::params;

/// A delivery's id is its event's place shifted by so many bits, and the subscriber's number in the rest: ids
/// ascend with the log, and a delivery that is gone still tells which event it was.
const SUBSCRIBER_BITS: u32 = 16;

/// The delivery of the event at `place` to its `subscriber`-th agent.
pub(crate) fn delivery_id(place: i64, subscriber: usize) -> DeliveryId {
    (place << SUBSCRIBER_BITS) | i64::try_from(subscriber).unwrap_or(0)
}

/// The place of the event that a delivery carries.
pub(super) fn place_of(delivery: DeliveryId) -> i64 {
    delivery >> SUBSCRIBER_BITS
}

/// Appends one event unless its id was seen before.
pub(super) fn event(turn: &Turn<'_>, event: &Envelope) -> Result<Accepted, StoreError> {
    let content = json("event", &event.id.0, event, EVENT_LIMIT)?;
    let seen = turn.first("SELECT 1 FROM events WHERE id = ?1", [&event.id.0], |_| Ok(()))?;
    if seen.is_some() {
        return Ok(Accepted::Duplicate);
    }
    let agents = turn.subscriptions.agents(&event.kind);
    let sequence: i64 = turn
        .first(
            "INSERT INTO keys (key, sequence) VALUES (?1, 1)
             ON CONFLICT (key) DO UPDATE SET sequence = sequence + 1 RETURNING sequence",
            [&event.partitionkey],
            |row| row.get(0),
        )?
        .unwrap_or(1);
    let run = event.run();
    turn.execute(
        "INSERT INTO events (id, kind, key, sequence, run, accepted, heard, content)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            event.id.0,
            event.kind,
            event.partitionkey,
            sequence,
            run_number(run),
            turn.now.0,
            count(agents.len()),
            content
        ],
    )?;
    let place = turn.connection.last_insert_rowid();
    for (subscriber, agent) in agents.iter().enumerate() {
        turn.execute(
            "INSERT INTO deliveries (id, agent, key) VALUES (?1, ?2, ?3)",
            params![delivery_id(place, subscriber), agent, event.partitionkey],
        )?;
    }
    if let Some(run) = run {
        fold(turn, run, event)?;
    }
    turn.makes_work();
    Ok(Accepted::New)
}

/// Folds an event into its run; the first event opens the run.
fn fold(turn: &Turn<'_>, run: RunId, event: &Envelope) -> Result<(), StoreError> {
    let number = signed(run.0);
    let known = turn.first("SELECT lane, state FROM runs WHERE id = ?1", [number], |row| {
        Ok((row.get::<_, String>(0)?, value::<PipelineState>(row, 1)?))
    })?;
    let (lane, mut state) = known.unwrap_or_else(|| (event.partitionkey.clone(), PipelineState::default()));
    state.apply(event);
    let content = json("run", &run.to_string(), &state, VALUE_LIMIT)?;
    turn.execute(
        "INSERT INTO runs (id, lane, state, opened, changed, ended) VALUES (?1, ?2, ?3, ?4, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET lane = ?2, state = ?3, changed = ?4, ended = ?5",
        params![number, lane_after(lane, event), content, turn.now.0, state.ended()],
    )?;
    Ok(())
}

/// The run's lane once this event is known: `repository`, until an event names `repository@environment`.
fn lane_after(lane: String, event: &Envelope) -> String {
    let named = event.partitionkey.strip_prefix(lane.as_str()).is_some_and(|rest| rest.starts_with('@'));
    if named { event.partitionkey.clone() } else { lane }
}
