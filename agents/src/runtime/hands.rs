//! The tools as the runtime holds them: performers by name, each with its bound on how many work at once.

use super::crew::last_words;
use crate::agent::{Outcome, Tool};
use crate::tools::secret::SecretRegistry;
use async_trait::async_trait;
use orchestra_bus::Store;
use orchestra_events::RunId;
use serde_json::Value;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Why a tool did not do what it was asked.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ToolError {
    /// It can't be done; why, for a person.
    #[error("{0}")]
    GiveUp(String),
    /// It may work later.
    #[error("{reason}")]
    Retry {
        /// Why it did not work now.
        reason: String,
        /// How long to wait at least.
        after: Option<Duration>,
    },
    /// It was cancelled; nobody waits for an answer.
    #[error("cancelled")]
    Cancelled,
}

/// What a tool is given beside its request.
#[derive(Clone)]
pub struct Work {
    /// The effect's key: the same for every attempt.
    pub key: String,
    /// The run.
    pub run: Option<RunId>,
    /// Ends the work when nobody wants it any more.
    pub cancel: CancellationToken,
    /// Where progress is shown.
    pub progress: Progress,
}

/// Shows progress: a line that is overwritten, never an event.
#[derive(Clone)]
pub struct Progress {
    store: Arc<dyn Store>,
    secrets: SecretRegistry,
    run: Option<RunId>,
    agent: String,
    last: Arc<Mutex<Option<Instant>>>,
}

impl Progress {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        secrets: SecretRegistry,
        run: Option<RunId>,
        agent: String,
    ) -> Self {
        Self { store, secrets, run, agent, last: Arc::default() }
    }

    /// Shows a line, masked and shortened; more than four a second are left out.
    pub async fn show(&self, line: &str) {
        let Some(run) = self.run else { return };
        {
            let Ok(mut last) = self.last.lock() else { return };
            if last.is_some_and(|last| last.elapsed() < Duration::from_millis(250)) {
                return;
            }
            *last = Some(Instant::now());
        }
        let line: String = self.secrets.mask(line).chars().take(200).collect();
        if let Err(error) = self.store.set_progress(run, &self.agent, line.trim_end()).await {
            tracing::debug!(%run, %error, "progress not shown");
        }
    }
}

impl Progress {
    /// Takes the line away, when one was shown.
    pub(crate) async fn clear(&self) {
        let shown = self.last.lock().is_ok_and(|last| last.is_some());
        if let Some(run) = self.run.filter(|_| shown)
            && let Err(error) = self.store.set_progress(run, &self.agent, "").await
        {
            tracing::debug!(%run, %error, "progress not taken away");
        }
    }
}

/// Performs one kind of effect on the outside world.
#[async_trait]
pub trait Performs<T: Tool>: Send + Sync + 'static {
    /// Does it. Called again with the same key after a failure that may heal, or after a crash for every class
    /// but `opaque`.
    async fn perform(&self, request: T::Request, work: &Work) -> Result<T::Answer, ToolError>;

    /// For class `asked`: what an attempt whose answer was lost came to; `None` when it did not happen.
    async fn ask(&self, _request: &T::Request, _work: &Work) -> Result<Option<T::Answer>, ToolError> {
        Ok(None)
    }
}

/// A performer of any tool behind one shape.
#[async_trait]
trait Hand: Send + Sync {
    async fn perform(&self, request: Value, work: &Work) -> Result<Value, ToolError>;
    async fn ask(&self, request: Value, work: &Work) -> Result<Option<Value>, ToolError>;
}

struct HandOf<T: Tool, P: Performs<T>>(P, std::marker::PhantomData<fn() -> T>);

fn shape(error: &serde_json::Error) -> ToolError {
    ToolError::GiveUp(format!("the request or answer is not of the tool's shape: {error}"))
}

#[async_trait]
impl<T: Tool, P: Performs<T>> Hand for HandOf<T, P>
where
    T::Request: Send + Sync,
    T::Answer: Send,
{
    async fn perform(&self, request: Value, work: &Work) -> Result<Value, ToolError> {
        let request = serde_json::from_value(request).map_err(|error| shape(&error))?;
        let answer = self.0.perform(request, work).await?;
        serde_json::to_value(answer).map_err(|error| shape(&error))
    }

    async fn ask(&self, request: Value, work: &Work) -> Result<Option<Value>, ToolError> {
        let request = serde_json::from_value(request).map_err(|error| shape(&error))?;
        let answer = self.0.ask(&request, work).await?;
        answer.map(|answer| serde_json::to_value(answer).map_err(|error| shape(&error))).transpose()
    }
}

/// Runs work to its end; what it said when it panicked instead.
async fn caught<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.map_or_else(|panic| Poll::Ready(Err(last_words(panic.as_ref()))), |polled| polled.map(Ok))
    })
    .await
}

/// All tools of this process.
#[derive(Clone, Default)]
pub struct Hands {
    by_name: HashMap<&'static str, (Arc<dyn Hand>, Arc<Semaphore>)>,
}

impl Hands {
    /// Adds the performer of tool `T`, at most `at_once` of whose effects are performed at the same time.
    #[must_use]
    pub fn with<T: Tool>(mut self, performer: impl Performs<T>, at_once: usize) -> Self
    where
        T::Request: Send + Sync,
        T::Answer: Send,
    {
        let hand: Arc<dyn Hand> = Arc::new(HandOf::<T, _>(performer, std::marker::PhantomData));
        self.by_name.insert(T::NAME, (hand, Arc::new(Semaphore::new(at_once))));
        self
    }

    /// The tools that this process has.
    pub fn names(&self) -> Vec<String> {
        self.by_name.keys().map(|name| (*name).to_owned()).collect()
    }

    /// Performs an effect, waiting for its turn. `first_ask` asks the target before doing it again.
    pub(crate) async fn perform(
        &self,
        tool: &str,
        request: Value,
        work: &Work,
        first_ask: bool,
    ) -> Result<Value, ToolError> {
        let Some((hand, turn)) = self.by_name.get(tool) else {
            return Err(ToolError::GiveUp(format!("this process has no tool `{tool}`")));
        };
        let _permit = tokio::select! {
            permit = turn.acquire() => permit.map_err(|_| ToolError::Cancelled)?,
            () = work.cancel.cancelled() => return Err(ToolError::Cancelled),
        };
        let performed = async {
            if first_ask && let Some(answer) = hand.ask(request.clone(), work).await? {
                return Ok(answer);
            }
            hand.perform(request, work).await
        };
        // A tool that panics would else take its effect's claim with it, and nobody would ever hear of it.
        caught(performed)
            .await
            .unwrap_or_else(|what| Err(ToolError::GiveUp(format!("`{tool}` panicked: {what}"))))
    }
}

/// An outcome as it is stored, with its texts masked.
pub(crate) fn masked(secrets: &SecretRegistry, outcome: Outcome<Value>) -> Value {
    let mut value = serde_json::to_value(outcome).unwrap_or(Value::Null);
    mask(secrets, &mut value);
    value
}

/// Masks every text within a value.
pub fn mask(secrets: &SecretRegistry, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(masked) = secrets.mask(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(secrets, item)),
        Value::Object(fields) => fields.values_mut().for_each(|field| mask(secrets, field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
