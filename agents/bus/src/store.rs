//! The store: the one trait between the runtime and whatever keeps its rows.
//!
//! Every method that writes is one transaction and returns after it is durable. Time is the store's own clock
//! (`now`), so that leases and timers of several processes agree.

use async_trait::async_trait;
use orchestra_events::{Envelope, EventId, PipelineState, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a store can answer instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The state's version is no longer the one that the step was computed from: load again, handle again.
    #[error("state of `{agent}` for `{key}` changed meanwhile")]
    Conflict {
        /// The agent.
        agent: String,
        /// The state's key.
        key: String,
    },
    /// The agent has handled this input already; nothing was written.
    #[error("`{agent}` has handled `{input}` already")]
    AlreadyHandled {
        /// The agent.
        agent: String,
        /// The input.
        input: String,
    },
    /// The intent belongs to a newer claim, was cancelled or is finished; nothing was written.
    #[error("intent `{0}` is no longer this worker's")]
    Fenced(String),
    /// Nothing by this name.
    #[error("there is no {what} `{name}`")]
    Missing {
        /// The kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Larger than the store takes; big things travel by digest.
    #[error("{what} `{name}` has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// The kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// Its size in bytes of JSON.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The disk is full: nothing was accepted, and what was accepted before is safe.
    #[error("the disk that holds `{0}` is full; free some space and try again")]
    Full(String),
    /// The store failed in a way that leaves its memory untrustworthy; it refuses everything until it is reopened.
    #[error("the store stopped after a failed write to the disk and must be opened again: {0}")]
    Stopped(String),
    /// Another process holds the folder.
    #[error("another orchestra (pid {pid}) is running on `{dir}`")]
    Held {
        /// The folder.
        dir: String,
        /// Its process id, 0 when unknown.
        pid: u32,
    },
    /// The file belongs to a newer build, or is not ours.
    #[error("`{path}` {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// Anything else that the database said.
    #[error("the store said: {0}")]
    Database(String),
}

/// What an unanswered intent means after a crash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// Runs again.
    Read,
    /// The result is looked for by digest, else it runs again.
    Content,
    /// Runs again with the same key: the target knows it.
    Keyed,
    /// The target is asked, then decided.
    Asked,
    /// Never again by itself: `unknown`, and a person chooses.
    Opaque,
}

/// A step's input: what is marked as handled when the step commits.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// A delivery of an event.
    Delivery(DeliveryId),
    /// The answer to an intent, recorded with the step that handles it.
    Answer {
        /// The intent.
        intent: String,
        /// The fencing number under which the worker claimed it.
        fence: u64,
        /// What the effect came to, as the runtime serialises it.
        outcome: Value,
        /// Whether nobody knows what it came to, so that a person must say.
        unknown: bool,
    },
    /// A timer that came due.
    Timer(String),
}

/// A delivery's place in the log.
pub type DeliveryId = i64;

/// An event on its way to one agent.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    /// Its place; ascending in the order of acceptance.
    pub id: DeliveryId,
    /// The agent.
    pub agent: String,
    /// The event.
    pub event: Envelope,
    /// How often handling it was begun and did not end well.
    pub attempts: u32,
}

/// An effect that an agent wants, to be written with the step that wants it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NewIntent {
    /// The effect's key: derives from input, agent and index; unique for ever.
    pub id: String,
    /// The agent that gets the answer.
    pub agent: String,
    /// The key of the agent's state.
    pub key: String,
    /// What orders it: the lane of its agent's inputs.
    pub lane: String,
    /// The run that it belongs to.
    pub run: Option<RunId>,
    /// The tool that performs it.
    pub tool: String,
    /// Its class.
    pub class: EffectClass,
    /// What the tool is asked.
    pub request: Value,
    /// The event that led to it.
    pub cause: EventId,
}

/// An intent claimed by a worker of this process.
#[derive(Clone, PartialEq, Debug)]
pub struct Claimed {
    /// The intent as it was written.
    pub intent: NewIntent,
    /// The claim's fencing number.
    pub fence: u64,
    /// How many attempts came before this one.
    pub attempts: u32,
    /// Whether an earlier claim ended without an outcome (its process died): the class decides what to do.
    pub unanswered: bool,
}

/// How an intent stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    /// Waits for a worker.
    Ready,
    /// A worker has it.
    Claimed,
    /// Its outcome is recorded.
    Done,
    /// Nobody knows what it came to; a person chooses.
    Unknown,
    /// No longer wanted.
    Cancelled,
}

/// A wish to be woken.
#[derive(Clone, PartialEq, Debug)]
pub struct NewTimer {
    /// Unique for ever; derives from what set it. Setting it again moves it.
    pub id: String,
    /// The agent to wake.
    pub agent: String,
    /// The key of its state.
    pub key: String,
    /// What orders it.
    pub lane: String,
    /// The run.
    pub run: Option<RunId>,
    /// When.
    pub due: Timestamp,
    /// What the agent told itself.
    pub note: Value,
    /// The event that led to it.
    pub cause: EventId,
}

/// What should stand in a thread: desired state, overwritten in place.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NewPost {
    /// Unique within its thread: `card`, or derived from what it tells.
    pub name: String,
    /// The thread: a run's id, an incident's id, or a channel's name.
    pub thread: String,
    /// The neutral message.
    pub message: Value,
}

/// A post with its versions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Post {
    /// Where it stands among all posts; first post first.
    pub seq: i64,
    /// The post as wanted now.
    pub post: NewPost,
    /// Counts the changes wanted.
    pub wanted: u64,
    /// The version that the platform was last known to show.
    pub shown: u64,
    /// When it was last changed.
    pub at: Timestamp,
}

/// All that one handled input leads to. One transaction, or nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// The agent that handled it.
    pub agent: String,
    /// The key of its state.
    pub key: String,
    /// What was handled.
    pub input: Input,
    /// The version that the state had when it was loaded; 0 when there was none.
    pub version: u64,
    /// The new state; `None` forgets it, for a thing that has ended.
    pub state: Option<Value>,
    /// Events to publish; each goes to the agents that subscribe to its kind.
    pub events: Vec<Envelope>,
    /// Effects that are now owed; they are claimed for this process at once when `claim` is set.
    pub intents: Vec<NewIntent>,
    /// Claims the new intents for this process in the same transaction.
    pub claim: bool,
    /// Ids of intents that are no longer wanted.
    pub cancel: Vec<String>,
    /// Timers to set.
    pub timers: Vec<NewTimer>,
    /// Ids of timers to forget.
    pub forget: Vec<String>,
    /// Posts to write or overwrite.
    pub posts: Vec<NewPost>,
    /// Settings to write (`None` removes).
    pub settings: Vec<(String, Option<Value>)>,
    /// Acts for the audit.
    pub acts: Vec<Act>,
}

impl Step {
    /// A step that handles its input and leads to nothing else.
    pub fn only(agent: &str, key: &str, input: Input, version: u64, state: Option<Value>) -> Self {
        Self {
            agent: agent.to_owned(),
            key: key.to_owned(),
            input,
            version,
            state,
            events: Vec::new(),
            intents: Vec::new(),
            claim: false,
            cancel: Vec::new(),
            timers: Vec::new(),
            forget: Vec::new(),
            posts: Vec::new(),
            settings: Vec::new(),
            acts: Vec::new(),
        }
    }
}

/// One act, as the audit keeps it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Act {
    /// The chain that it belongs to: what orders it.
    pub chain: String,
    /// Who.
    pub actor: String,
    /// What: `deploy`, `effect build`, `command rollback`.
    pub act: String,
    /// Why, and whatever was decided about it.
    pub reason: String,
    /// The event behind it.
    pub cause: EventId,
    /// The run.
    pub run: Option<RunId>,
}

/// What an accepted batch came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// Durable now.
    New,
    /// An event with this id was accepted before; nothing was written.
    Duplicate,
}

/// A claimed timer that is due.
#[derive(Clone, PartialEq, Debug)]
pub struct DueTimer {
    /// As it was set.
    pub timer: NewTimer,
}

/// A thing that failed for good and waits for a person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its number, shown to people.
    pub id: i64,
    /// The agent that could not handle it, or the tool that could not perform it.
    pub agent: String,
    /// `event` or `intent`.
    pub kind: String,
    /// The event's or intent's id.
    pub subject: String,
    /// Why, for the operator.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The event or intent, masked.
    pub content: Value,
    /// `waiting`, `retried` or `dropped`.
    pub status: String,
}

/// A run with its folded state.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunRow {
    /// The run.
    pub id: RunId,
    /// Its lane (`repository@environment` once known, else the repository).
    pub lane: String,
    /// The shared state.
    pub state: PipelineState,
    /// When it was accepted.
    pub opened: Timestamp,
    /// When it last changed.
    pub changed: Timestamp,
    /// Whether it has ended.
    pub ended: bool,
}

/// How much there is of everything; for `status`, tests and the common oracle.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// Events in the log.
    pub events: u64,
    /// Events whose kind nobody subscribed to when they were accepted: carried, and counted here.
    pub unheard: u64,
    /// Deliveries not yet handled.
    pub pending: u64,
    /// Inputs handled.
    pub handled: u64,
    /// Intents that wait or are being performed.
    pub open_intents: u64,
    /// Intents nobody knows the outcome of.
    pub unknown_intents: u64,
    /// Timers set.
    pub timers: u64,
    /// Dead letters waiting.
    pub dead: u64,
    /// Runs open.
    pub open_runs: u64,
}

/// The seam. What differs between adapters is small and named in the room's README.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The store's clock.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Gives the next run its number. Durable: a number is never given twice.
    async fn next_run(&self) -> Result<RunId, StoreError>;

    /// Gives the next number of a named sequence (incidents, approvals), starting with 1.
    async fn next_number(&self, sequence: &str) -> Result<u64, StoreError>;

    /// Accepts events from outside with the audit's acts for them: durable when it returns. Events accepted
    /// before (by id) are left out; the answer has one entry per event.
    async fn accept(&self, events: Vec<Envelope>, acts: Vec<Act>) -> Result<Vec<Accepted>, StoreError>;

    /// Deliveries not yet handled with an id above `after`, in order, for these agents, due now.
    async fn pending(&self, after: DeliveryId, limit: usize) -> Result<Vec<Delivery>, StoreError>;

    /// Counts an attempt at a delivery before it is made (used for what was pending when a process died), or
    /// puts it off until `not_before` after a failure. Returns the attempts so far.
    async fn attempt(&self, delivery: DeliveryId, not_before: Option<Timestamp>) -> Result<u32, StoreError>;

    /// Loads an agent's state with its version; `None` when there is none.
    async fn state(&self, agent: &str, key: &str) -> Result<Option<(u64, Value)>, StoreError>;

    /// Commits a step. Returns the intents claimed with it.
    async fn commit(&self, step: Step) -> Result<Vec<Claimed>, StoreError>;

    /// Claims up to `limit` intents that wait or whose claim's process is gone, for these tools.
    async fn claim(&self, tools: &[String], limit: usize) -> Result<Vec<Claimed>, StoreError>;

    /// Keeps the claims of this process alive.
    async fn renew(&self) -> Result<(), StoreError>;

    /// Gives a claimed intent back, to be claimed again at `not_before`, and counts the attempt.
    async fn put_back(&self, intent: &str, fence: u64, not_before: Timestamp) -> Result<(), StoreError>;

    /// Ids of intents among `claimed` that were cancelled since.
    async fn cancelled(&self, claimed: &[String]) -> Result<Vec<String>, StoreError>;

    /// Takes due timers, at most `limit`; the step that handles one removes it. Also says when the next is due.
    async fn due_timers(&self, limit: usize) -> Result<(Vec<DueTimer>, Option<Timestamp>), StoreError>;

    /// Moves a delivery or an intent to the dead letters.
    async fn bury(
        &self,
        delivery: Option<DeliveryId>,
        intent: Option<(String, u64)>,
        reason: &str,
    ) -> Result<i64, StoreError>;

    /// Dead letters, newest last.
    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError>;

    /// Hands a dead letter out again (`again`) or drops it.
    async fn settle_dead_letter(&self, id: i64, again: bool, by: Act) -> Result<(), StoreError>;

    /// Overwrites the progress line of a run's agent; never an event.
    async fn set_progress(&self, run: RunId, agent: &str, line: &str) -> Result<(), StoreError>;

    /// Progress lines of a run, by agent.
    async fn progress(&self, run: RunId) -> Result<Vec<(String, String)>, StoreError>;

    /// Posts whose wanted version is above the shown one, in order.
    async fn unshown(&self, limit: usize) -> Result<Vec<Post>, StoreError>;

    /// Records that a platform shows a version of a post.
    async fn shown(&self, thread: &str, name: &str, version: u64) -> Result<(), StoreError>;

    /// Posts of a thread with a place above `after`, in order.
    async fn thread(&self, thread: &str, after: i64, limit: usize) -> Result<Vec<Post>, StoreError>;

    /// One run.
    async fn run(&self, id: RunId) -> Result<Option<RunRow>, StoreError>;

    /// Runs, newest first; only open ones when asked.
    async fn runs(&self, only_open: bool, limit: usize) -> Result<Vec<RunRow>, StoreError>;

    /// A run's events, in order of acceptance.
    async fn events_of(&self, run: RunId) -> Result<Vec<Envelope>, StoreError>;

    /// Events with a place above `after`, in order, with their places.
    async fn events(&self, after: i64, limit: usize) -> Result<Vec<(i64, Envelope)>, StoreError>;

    /// A setting.
    async fn setting(&self, name: &str) -> Result<Option<Value>, StoreError>;

    /// Writes a setting outside any step, or removes it.
    async fn set(&self, name: &str, value: Option<Value>) -> Result<(), StoreError>;

    /// Settings whose name begins so.
    async fn settings(&self, prefix: &str) -> Result<Vec<(String, Value)>, StoreError>;

    /// The audit, oldest first, from `after`.
    async fn acts(&self, after: i64, limit: usize) -> Result<Vec<(i64, Act)>, StoreError>;

    /// Walks the audit's chains from the start and says where one breaks.
    async fn verify_audit(&self) -> Result<crate::audit::Verified, StoreError>;

    /// How much there is of everything.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Counts up on every commit that may have made work; watch it instead of polling.
    fn changes(&self) -> tokio::sync::watch::Receiver<u64>;

    /// Deletes inbox rows and handled events older than `before`, keeping open runs.
    async fn expire(&self, before: Timestamp) -> Result<u64, StoreError>;
}
