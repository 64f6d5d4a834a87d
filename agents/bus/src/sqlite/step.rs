//! The step: one handled input with all that it leads to, in one transaction or not at all.

use super::words::{VALUE_LIMIT, json, run_number, signed, unsigned};
use super::writer::Turn;
use super::{acts, append, deliveries, intents, posts, timers};
use crate::store::{Claimed, Input, NewTimer, Step, StoreError};
use rusqlite::params;
use serde_json::Value;

/// Commits a step inside the turn's transaction; an error leaves nothing, for the writer rolls back.
pub(super) fn commit(turn: &Turn<'_>, step: &Step) -> Result<Vec<Claimed>, StoreError> {
    handled(turn, step)?;
    advance(turn, step)?;
    for event in &step.events {
        append::event(turn, event)?;
    }
    for id in &step.cancel {
        intents::cancel(turn, id)?;
    }
    let mut claimed = Vec::new();
    for intent in &step.intents {
        claimed.extend(intents::insert(turn, intent, step.claim)?);
    }
    for id in &step.forget {
        turn.execute("DELETE FROM timers WHERE id = ?1", [id])?;
    }
    for timer in &step.timers {
        set_timer(turn, timer)?;
    }
    for post in &step.posts {
        posts::want(turn, post)?;
    }
    for (name, value) in &step.settings {
        set(turn, name, value.as_ref())?;
    }
    for act in &step.acts {
        acts::append(turn, act)?;
    }
    Ok(claimed)
}

/// Marks the input as handled by the agent, or refuses because it was, or is no longer this worker's.
fn handled(turn: &Turn<'_>, step: &Step) -> Result<(), StoreError> {
    match &step.input {
        Input::Delivery(id) => deliveries::handle(turn, &step.agent, *id),
        Input::Answer { intent, fence, outcome, unknown } => {
            intents::answer(turn, &step.agent, intent, *fence, outcome, *unknown)
        }
        Input::Timer(id) => timers::handle(turn, &step.agent, id),
    }
}

/// Writes the row by which an input is known to be handled; refuses when it stands there already.
pub(super) fn mark(turn: &Turn<'_>, agent: &str, input: &str) -> Result<(), StoreError> {
    let new = turn.execute(
        "INSERT INTO inbox (agent, input, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![agent, input, turn.now.0],
    )?;
    if new == 0 {
        return Err(StoreError::AlreadyHandled { agent: agent.to_owned(), input: input.to_owned() });
    }
    Ok(())
}

/// Writes the new state under the check that nobody changed it since it was loaded.
fn advance(turn: &Turn<'_>, step: &Step) -> Result<(), StoreError> {
    let version = turn
        .first(
            "SELECT version FROM states WHERE agent = ?1 AND key = ?2",
            params![step.agent, step.key],
            |row| unsigned(row, 0),
        )?
        .unwrap_or(0);
    if version != step.version {
        return Err(StoreError::Conflict { agent: step.agent.clone(), key: step.key.clone() });
    }
    match &step.state {
        Some(state) => {
            let content = json("state", &format!("{}/{}", step.agent, step.key), state, VALUE_LIMIT)?;
            turn.execute(
                "INSERT INTO states (agent, key, version, content, changed) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (agent, key) DO UPDATE SET version = ?3, content = ?4, changed = ?5",
                params![step.agent, step.key, signed(version.saturating_add(1)), content, turn.now.0],
            )?;
        }
        None if version > 0 => {
            turn.execute("DELETE FROM states WHERE agent = ?1 AND key = ?2", params![step.agent, step.key])?;
        }
        None => {}
    }
    Ok(())
}

/// Sets a timer, or moves it; a moved timer is nobody's, so that its old firing can no longer be handled.
fn set_timer(turn: &Turn<'_>, timer: &NewTimer) -> Result<(), StoreError> {
    let note = json("timer", &timer.id, &timer.note, VALUE_LIMIT)?;
    turn.execute(
        "INSERT INTO timers (id, agent, key, lane, run, due, note, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET agent = ?2, key = ?3, lane = ?4, run = ?5, due = ?6, note = ?7,
             cause = ?8, epoch = 0",
        params![
            timer.id,
            timer.agent,
            timer.key,
            timer.lane,
            run_number(timer.run),
            timer.due.0,
            note,
            timer.cause.0
        ],
    )?;
    turn.makes_work();
    Ok(())
}

pub(super) fn set(turn: &Turn<'_>, name: &str, value: Option<&Value>) -> Result<(), StoreError> {
    match value {
        Some(value) => {
            let content = json("setting", name, value, VALUE_LIMIT)?;
            turn.execute(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = ?2",
                params![name, content],
            )?;
        }
        None => {
            turn.execute("DELETE FROM settings WHERE name = ?1", [name])?;
        }
    }
    turn.makes_work();
    Ok(())
}
