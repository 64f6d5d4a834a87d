//! Forgetting: inbox rows, handled events and settled things that are old enough.
//!
//! Posts, runs, settings and the audit stay. What is deleted at once is bounded, so that nobody waits long
//! behind it for the writer.

use super::writer::Turn;
use crate::store::StoreError;
use orchestra_events::Timestamp;

/// How many rows of one kind are deleted in one transaction.
pub(super) const SLICE: i64 = 2000;

/// One slice of every kind; returns how many rows went.
pub(super) fn slice(turn: &Turn<'_>, before: Timestamp) -> Result<u64, StoreError> {
    let mut gone = 0;
    for sql in [
        // A run that is open still needs its events; so does a delivery, and a dead letter that may be retried.
        // The newest event stays so that its place is not given again.
        "DELETE FROM events WHERE place IN (
             SELECT place FROM events AS old
             WHERE accepted < ?1 AND place < (SELECT max(place) FROM events)
               AND (run IS NULL OR run NOT IN (SELECT id FROM runs WHERE ended = 0))
               AND NOT EXISTS (SELECT 1 FROM deliveries
                   WHERE deliveries.id >= old.place << 16 AND deliveries.id < (old.place + 1) << 16)
               AND NOT EXISTS (SELECT 1 FROM dead_letters
                   WHERE dead_letters.status = 'waiting' AND dead_letters.kind = 'event'
                     AND dead_letters.subject = old.id)
             ORDER BY place LIMIT ?2)",
        "DELETE FROM inbox WHERE (agent, input) IN (
             SELECT agent, input FROM inbox
             WHERE at < ?1 AND NOT EXISTS (SELECT 1 FROM events WHERE 'event:' || events.id = inbox.input)
             LIMIT ?2)",
        "DELETE FROM intents WHERE place IN (
             SELECT place FROM intents
             WHERE changed < ?1 AND status IN ('done', 'cancelled') AND place < (SELECT max(place) FROM intents)
               AND (run IS NULL OR run NOT IN (SELECT id FROM runs WHERE ended = 0))
             LIMIT ?2)",
        "DELETE FROM dead_letters WHERE id IN (
             SELECT id FROM dead_letters
             WHERE at < ?1 AND status <> 'waiting' AND id < (SELECT max(id) FROM dead_letters) LIMIT ?2)",
        "DELETE FROM progress WHERE (run, agent) IN (
             SELECT progress.run, progress.agent FROM progress JOIN runs ON runs.id = progress.run
             WHERE runs.ended = 1 AND runs.changed < ?1 LIMIT ?2)",
    ] {
        gone += turn.execute(sql, [before.0, SLICE])? as u64;
    }
    Ok(gone)
}
