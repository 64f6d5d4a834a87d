//! What an agent is: a named subscriber with durable state per key, that decides and does not perform.
//!
//! An agent is one file: its header ([`agent!`](crate::agent!)), its state, one [`Handles`] per subscribed event,
//! one [`Answers`] per tool it uses, tests. The header is a contract that the compiler holds: subscribing
//! without a handler does not compile, nor does publishing or using what the header does not name.
//!
//! Handlers are synchronous and pure: state, event and context in, effects out. The clock is the input's, ids
//! derive from the input's id.

use crate::context::Cx;
use orchestra_bus::EffectClass;
use orchestra_events::{Envelope, Event};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What an agent's state is kept by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keyed {
    /// One state per pipeline run.
    Run,
    /// One state per lane: repository and environment.
    Lane,
}

/// An agent's contract and its dispatch; written by [`agent!`](crate::agent!), never by hand.
pub trait Agent: Sized + Send + Sync + 'static {
    /// Its name, as events carry it.
    const NAME: &'static str;
    /// One line for people.
    const SUMMARY: &'static str;
    /// What its state is kept by.
    const KEYED: Keyed;
    /// Kinds that it subscribes to.
    const SUBSCRIBES: &'static [&'static str];
    /// Kinds that it publishes.
    const PUBLISHES: &'static [&'static str];
    /// Tools that it uses.
    const TOOLS: &'static [&'static str];
    /// Its state.
    type State: Default + Serialize + DeserializeOwned;

    /// Hands an event to its handler.
    ///
    /// # Errors
    /// When the payload is not of its kind's shape.
    fn dispatch(
        state: &mut Self::State,
        event: &Envelope,
        cx: &mut Cx<'_, Self>,
    ) -> Result<(), serde_json::Error>;

    /// Hands a tool's answer to its handler.
    ///
    /// # Errors
    /// When request or outcome are not of the tool's shape, which a build older than the answer can see.
    fn dispatch_answer(
        state: &mut Self::State,
        tool: &str,
        request: &Value,
        outcome: &Value,
        cx: &mut Cx<'_, Self>,
    ) -> Result<(), serde_json::Error>;
}

/// The agent handles the event.
#[diagnostic::on_unimplemented(
    message = "the header of `{Self}` subscribes to `{E}`, and there is no `impl Handles<{E}> for {Self}`"
)]
pub trait Handles<E: Event>: Agent {
    /// Total over the state: an event that does not fit is ignored or refused with a reason, never a panic.
    fn handle(state: &mut Self::State, event: &E, cx: &mut Cx<'_, Self>);
}

/// The agent takes the tool's answers.
#[diagnostic::on_unimplemented(
    message = "the header of `{Self}` uses `{T}`, and there is no `impl Answers<{T}> for {Self}`"
)]
pub trait Answers<T: Tool>: Agent {
    /// Takes the answer to a request that this agent made.
    fn answer(
        state: &mut Self::State,
        request: T::Request,
        outcome: Outcome<T::Answer>,
        cx: &mut Cx<'_, Self>,
    );
}

/// The agent may publish the event.
#[diagnostic::on_unimplemented(message = "the header of `{Self}` does not publish `{E}`")]
pub trait Publishes<E: Event>: Agent {}

/// The agent may use the tool.
#[diagnostic::on_unimplemented(message = "the header of `{Self}` does not use `{T}`")]
pub trait Uses<T: Tool>: Agent {}

/// The name and the shapes of a tool; who performs it is the runtime's business.
pub trait Tool: 'static {
    /// Its name.
    const NAME: &'static str;
    /// What an unanswered intent means after a crash.
    const CLASS: EffectClass;
    /// What it is asked.
    type Request: Serialize + DeserializeOwned;
    /// What it answers.
    type Answer: Serialize + DeserializeOwned;
}

/// Being woken at a time is asked for like any tool's work, and answered by a timer.
#[derive(Clone, Copy, Debug)]
pub struct Wake;

impl Tool for Wake {
    const NAME: &'static str = "wake";
    const CLASS: EffectClass = EffectClass::Keyed;
    type Request = String;
    type Answer = ();
}

/// What an effect came to.
#[derive(Clone, PartialEq, Debug, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// It was performed.
    Done(T),
    /// It was tried and can't be done; why, for a person.
    Failed(String),
    /// Nobody knows what it came to; it is not tried again by itself.
    Unknown(String),
}

/// Writes an agent's contract.
///
/// ```ignore
/// agent! {
///     /// Turns a good commit into an artefact.
///     Build = "build",
///     keyed by Run,
///     state Stage,
///     subscribes { CodePush, RunEnded },
///     publishes { BuildReady },
///     uses { BuildTool },
/// }
/// ```
///
/// expands to the type, its constants, a dispatch over the subscribed events and the used tools, and one empty
/// `impl Publishes<E>` and `impl Uses<T>` for each that is named.
#[macro_export]
macro_rules! agent {
    (
        #[doc = $summary:literal] $agent:ident = $name:literal,
        keyed by $keyed:ident,
        state $state:ty,
        subscribes { $($event:ty),* $(,)? },
        publishes { $($published:ty),* $(,)? },
        uses { $($tool:ty),* $(,)? } $(,)?
    ) => {
        #[doc = $summary]
        #[derive(Clone, Copy, Debug)]
        pub struct $agent;

        impl $crate::agent::Agent for $agent {
            const NAME: &'static str = $name;
            const SUMMARY: &'static str = $summary;
            const KEYED: $crate::agent::Keyed = $crate::agent::Keyed::$keyed;
            const SUBSCRIBES: &'static [&'static str] = &[$(<$event as orchestra_events::Event>::KIND),*];
            const PUBLISHES: &'static [&'static str] = &[$(<$published as orchestra_events::Event>::KIND),*];
            const TOOLS: &'static [&'static str] = &[$(<$tool as $crate::agent::Tool>::NAME),*];
            type State = $state;

            fn dispatch(
                state: &mut $state,
                event: &orchestra_events::Envelope,
                cx: &mut $crate::context::Cx<'_, Self>,
            ) -> Result<(), serde_json::Error> {
                $(if event.kind == <$event as orchestra_events::Event>::KIND {
                    let payload = <$event as serde::Deserialize>::deserialize(&event.data)?;
                    <Self as $crate::agent::Handles<$event>>::handle(state, &payload, cx);
                })*
                let _unused_when_nothing_is_subscribed = (state, event, cx);
                Ok(())
            }

            fn dispatch_answer(
                state: &mut $state,
                tool: &str,
                request: &serde_json::Value,
                outcome: &serde_json::Value,
                cx: &mut $crate::context::Cx<'_, Self>,
            ) -> Result<(), serde_json::Error> {
                $(if tool == <$tool as $crate::agent::Tool>::NAME {
                    let request =
                        <<$tool as $crate::agent::Tool>::Request as serde::Deserialize>::deserialize(request)?;
                    let outcome = serde::Deserialize::deserialize(outcome)?;
                    <Self as $crate::agent::Answers<$tool>>::answer(state, request, outcome, cx);
                })*
                let _unused_when_nothing_is_used = (state, tool, request, outcome, cx);
                Ok(())
            }
        }

        $(impl $crate::agent::Publishes<$published> for $agent {})*
        $(impl $crate::agent::Uses<$tool> for $agent {})*
    };
}
