//! Agents of any type behind one shape, so that the runtime can hold them in a list.

use crate::agent::{Agent, Keyed};
use crate::context::{Cx, Situation, Wants};
use orchestra_events::Envelope;
use serde::Serialize as _;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is handed to an agent.
#[derive(Clone, Copy, Debug)]
pub enum Handed<'a> {
    /// An event that it subscribes to.
    Event(&'a Envelope),
    /// The answer of a tool that it used.
    Answer {
        /// The tool.
        tool: &'a str,
        /// The request as it was made.
        request: &'a Value,
        /// The outcome.
        outcome: &'a Value,
    },
}

/// Why an input can't be handled, now or ever.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The stored state is not of the agent's shape.
    #[error("state of `{agent}` does not read: {source}")]
    State {
        /// The agent.
        agent: &'static str,
        /// What was wrong.
        source: serde_json::Error,
    },
    /// The payload, request or outcome is not of its shape.
    #[error("`{agent}` can't read its input: {source}")]
    Input {
        /// The agent.
        agent: &'static str,
        /// What was wrong.
        source: serde_json::Error,
    },
    /// The handler panicked.
    #[error("`{agent}` panicked: {what}")]
    Panic {
        /// The agent.
        agent: &'static str,
        /// What it said.
        what: String,
    },
}

/// A handled input: the new state (`None` when it is forgotten) and what is wanted.
pub type Handled = (Option<Value>, Wants);

type Handler = fn(Option<Value>, Handed<'_>, Situation<'_>) -> Result<Handled, HandleError>;

/// One agent of the crew.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// What its state is kept by.
    pub keyed: Keyed,
    /// Kinds that it subscribes to.
    pub subscribes: &'static [&'static str],
    /// Kinds that it publishes.
    pub publishes: &'static [&'static str],
    /// Tools that it uses.
    pub tools: &'static [&'static str],
    handler: Handler,
}

impl Member {
    /// The agent `A` as a member.
    pub fn of<A: Agent>() -> Self {
        Self {
            name: A::NAME,
            summary: A::SUMMARY,
            keyed: A::KEYED,
            subscribes: A::SUBSCRIBES,
            publishes: A::PUBLISHES,
            tools: A::TOOLS,
            handler: handle::<A>,
        }
    }

    /// Hands an input to the agent, with the state as it was stored.
    ///
    /// # Errors
    /// When state or input do not read, or the handler panics; nothing of what it wanted is kept then.
    pub fn handle(
        &self,
        state: Option<Value>,
        handed: Handed<'_>,
        situation: Situation<'_>,
    ) -> Result<Handled, HandleError> {
        catch_unwind(AssertUnwindSafe(|| (self.handler)(state, handed, situation))).unwrap_or_else(|panic| {
            Err(HandleError::Panic { agent: self.name, what: last_words(panic.as_ref()) })
        })
    }
}

/// What a panic said.
pub(super) fn last_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a word").to_owned()
}

fn handle<A: Agent>(
    stored: Option<Value>,
    handed: Handed<'_>,
    situation: Situation<'_>,
) -> Result<Handled, HandleError> {
    let mut state: A::State = match stored {
        Some(value) => {
            serde_json::from_value(value).map_err(|source| HandleError::State { agent: A::NAME, source })?
        }
        None => A::State::default(),
    };
    let mut cx = Cx::<A>::new(situation);
    match handed {
        Handed::Event(event) => A::dispatch(&mut state, event, &mut cx),
        Handed::Answer { tool, request, outcome } => {
            A::dispatch_answer(&mut state, tool, request, outcome, &mut cx)
        }
    }
    .map_err(|source| HandleError::Input { agent: A::NAME, source })?;
    let wants = cx.into_wants();
    if wants.forget {
        return Ok((None, wants));
    }
    let value = state
        .serialize(serde_json::value::Serializer)
        .map_err(|source| HandleError::State { agent: A::NAME, source })?;
    Ok((Some(value), wants))
}
