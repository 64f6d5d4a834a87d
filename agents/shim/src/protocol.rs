//! The words that the main process and a shim exchange: one JSON object a line, over a Unix socket.
//!
//! A request is `{"protocol":1,"op":"status"}`, with the op's own fields beside it.
//! An answer is `{"protocol":1,"ok":{..}}` or `{"protocol":1,"error":{"code":..,"message":..}}`.
//! Fields may be added at any time: whoever doesn't know one ignores it, so each added field has a default.
//! An op may be added at any time: a shim that doesn't know it answers `unknown_op`, and stays as it is.
//! The conversation in `recorded/protocol-1.jsonl` has to be understood by every later build.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use orchestra_analytics::Window;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The protocol that this build speaks.
pub const PROTOCOL: u32 = 1;

/// The longest request, in bytes, that a shim reads.
pub const REQUEST_LIMIT: u64 = 4 * 1024 * 1024;

/// The longest answer, in bytes, that a client reads.
pub const ANSWER_LIMIT: u64 = 32 * 1024 * 1024;

/// How many versions one service may have at a time.
pub const VERSION_LIMIT: usize = 32;

/// How many replicas one version may have.
pub const REPLICA_LIMIT: u32 = 64;

/// What the shim has to make true. Sent whole each time; sending it twice changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// Fencing number of whoever sends: one that is lower than the shim has seen is refused.
    pub generation: u64,
    /// Name of the service, for messages.
    pub service: String,
    /// Name of the environment, for messages.
    pub environment: String,
    /// Where the service's own address is; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Everything that runs. A version that is missing here is drained and stopped.
    pub versions: Vec<VersionSpec>,
    /// Share of the traffic by version; a version without one gets none and stays warm.
    #[serde(default)]
    pub weights: BTreeMap<String, u32>,
    /// Header or cookie that keeps a visitor on one version.
    #[serde(default)]
    pub sticky: Option<String>,
    /// The version that alone comes back after a reboot.
    #[serde(default)]
    pub last_good: Option<String>,
}

/// One version of the service and how to run it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionSpec {
    /// Its name; also the name of its log file.
    pub version: String,
    /// Program and arguments, never a shell line.
    pub command: Vec<String>,
    /// The unpacked artefact, where the program starts.
    pub directory: PathBuf,
    /// Environment beside `PORT`; nothing is inherited from the shim.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// More environment, whose values are masked in the log and never printed.
    #[serde(default)]
    pub secret_env: BTreeMap<String, String>,
    /// Path that answers 2xx or 3xx when the service is well; none means that its port opens.
    #[serde(default)]
    pub health: Option<String>,
    /// How many processes.
    #[serde(default = "one")]
    pub replicas: u32,
    /// How long requests in flight may take to finish before the version is stopped, in seconds.
    #[serde(default = "drain_default")]
    pub drain_seconds: u64,
    /// How long a fresh process may take to become ready, in seconds.
    #[serde(default = "ready_default")]
    pub ready_seconds: u64,
}

fn one() -> u32 {
    1
}

fn drain_default() -> u64 {
    30
}

fn ready_default() -> u64 {
    20
}

impl Default for VersionSpec {
    fn default() -> Self {
        Self {
            version: String::new(),
            command: Vec::new(),
            directory: PathBuf::new(),
            env: BTreeMap::new(),
            secret_env: BTreeMap::new(),
            health: None,
            replicas: one(),
            drain_seconds: drain_default(),
            ready_seconds: ready_default(),
        }
    }
}

impl fmt::Debug for VersionSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VersionSpec")
            .field("version", &self.version)
            .field("command", &self.command)
            .field("directory", &self.directory)
            .field("env", &self.env)
            .field("secret_env", &self.secret_env.keys().collect::<Vec<_>>())
            .field("health", &self.health)
            .field("replicas", &self.replicas)
            .field("drain_seconds", &self.drain_seconds)
            .field("ready_seconds", &self.ready_seconds)
            .finish()
    }
}

impl Desired {
    /// Says what makes this impossible to carry out, for a person; `None` when nothing does.
    pub fn mistake(&self) -> Option<String> {
        if self.versions.len() > VERSION_LIMIT {
            return Some(format!(
                "{} versions, at most {VERSION_LIMIT} can run at a time",
                self.versions.len()
            ));
        }
        let mut seen = std::collections::BTreeSet::new();
        for spec in &self.versions {
            let name = &spec.version;
            if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
                return Some(format!("`{}` can't be the name of a version", name.escape_debug()));
            }
            if !seen.insert(name) {
                return Some(format!("version `{name}` is given twice"));
            }
            if spec.command.first().is_none_or(String::is_empty) {
                return Some(format!("version `{name}` has no command"));
            }
            if spec.replicas == 0 || spec.replicas > REPLICA_LIMIT {
                return Some(format!(
                    "version `{name}` wants {} replicas, 1 to {REPLICA_LIMIT} are possible",
                    spec.replicas
                ));
            }
            if let Some(path) = &spec.health
                && (!path.starts_with('/') || path.chars().any(|c| c.is_control() || c == ' '))
            {
                return Some(format!(
                    "version `{name}`: the health path `{}` isn't a path",
                    path.escape_debug()
                ));
            }
        }
        let stranger = self.weights.keys().find(|name| !seen.contains(name));
        stranger.map(|name| format!("there is a weight for `{name}`, which isn't among the versions"))
    }
}

/// How a version is doing, the worst of its replicas first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// Not all replicas are ready yet, and nothing speaks against it.
    Starting,
    /// All replicas are ready.
    Ready,
    /// A replica died, is unwell or never got ready; it is being tried again.
    Failing,
    /// A replica keeps dying; it is tried again ever more rarely.
    CrashLoop,
    /// It is being drained and stopped.
    Stopping,
    /// Nothing of it runs.
    Stopped,
    /// A state of a newer build that this one doesn't know.
    #[serde(other)]
    Unknown,
}

/// One version as the shim sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionStatus {
    /// How it is doing.
    pub state: VersionState,
    /// Replicas that are ready.
    pub ready: u32,
    /// Replicas that are wanted.
    pub replicas: u32,
    /// Starts after the first, summed over all replicas.
    pub restarts: u32,
    /// How the last process ended: `exit status 1`, `signal 9`.
    pub last_exit: Option<String>,
    /// What is wrong, for a person.
    pub reason: Option<String>,
    /// When the shim started the version, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// Since when all replicas have been ready, in milliseconds since 1970.
    pub ready_since_ms: Option<i64>,
    /// Requests that are with it now.
    pub in_flight: u64,
    /// Its processes.
    pub pids: Vec<u32>,
    /// Processor time in percent of one processor, since it was last asked for.
    pub cpu_percent: Option<f64>,
    /// Resident memory of all its processes, in bytes.
    pub memory_bytes: Option<u64>,
}

/// What an event tells about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A replica became ready.
    Ready,
    /// A replica's process ended by itself.
    Died,
    /// A replica is started again after a pause.
    Restarting,
    /// A replica lives and doesn't answer its health check.
    Unhealthy,
    /// A replica never became ready and was ended.
    NeverReady,
    /// A replica keeps dying.
    CrashLoop,
    /// A version is gone.
    Stopped,
    /// The service's own address can't be taken.
    ListenFailed,
    /// The shim came back after a reboot or its own end.
    Restored,
    /// A kind of a newer build that this one doesn't know.
    #[serde(other)]
    Unknown,
}

/// One thing that happened, for whoever reads along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimEvent {
    /// Grows with each event, also over restarts of the shim.
    pub sequence: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Which version, unless it is about the service.
    pub version: Option<String>,
    /// What kind of thing.
    pub kind: EventKind,
    /// What happened, for a person.
    pub message: String,
    /// Restarts of the replica up to now.
    pub restarts: u32,
}

/// The whole service as the shim sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The protocol that the shim speaks.
    pub protocol: u32,
    /// The shim's process.
    pub pid: u32,
    /// The boot that the shim lives in.
    pub boot_id: String,
    /// The build that the shim is of.
    pub build: String,
    /// The highest generation it was given.
    pub generation: u64,
    /// The address it really listens on.
    pub listen: Option<SocketAddr>,
    /// Why it doesn't listen, for a person.
    #[serde(default)]
    pub listen_error: Option<String>,
    /// All versions, those that are being stopped included.
    pub versions: BTreeMap<String, VersionStatus>,
    /// The weights in force.
    pub weights: BTreeMap<String, u32>,
    /// The version that comes back after a reboot.
    #[serde(default)]
    pub last_good: Option<String>,
    /// The newest events, oldest first.
    pub events: Vec<ShimEvent>,
    /// Resident memory of the shim itself, in bytes.
    #[serde(default)]
    pub shim_memory_bytes: Option<u64>,
}

/// Who answers, the first thing that a client asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol that the shim speaks.
    pub protocol: u32,
    /// The shim's process.
    pub pid: u32,
    /// The boot that the shim lives in.
    pub boot_id: String,
    /// The build that the shim is of.
    pub build: String,
}

/// The last lines of one version, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLines {
    /// The lines without their ends.
    pub lines: Vec<String>,
}

/// The traffic by version since the asked moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MetricsReply {
    /// One window for each version that the shim knows.
    pub versions: BTreeMap<String, Window>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Who are you?
    Hello,
    /// How is everything? Only events after `since` are told.
    Status {
        /// Sequence number of the last event that the reader has.
        #[serde(default)]
        since: u64,
    },
    /// Make this true.
    Apply {
        /// All that is wanted.
        desired: Box<Desired>,
    },
    /// Traffic since a moment.
    Metrics {
        /// Seconds since 1970.
        since: i64,
    },
    /// The last lines of a version.
    Logs {
        /// Which version.
        version: String,
        /// How many lines at most.
        lines: usize,
    },
    /// Drain, stop everything and end.
    Stop {
        /// Shortens every drain to this many seconds.
        #[serde(default)]
        drain_seconds: Option<u64>,
    },
}

/// Names of the ops, for the answer to one that isn't among them.
pub const OPS: [&str; 6] = ["hello", "status", "apply", "metrics", "logs", "stop"];

/// Why a request wasn't carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// One of `malformed`, `unknown_op`, `stale_generation`, `invalid`, `unknown_version`, `failed`.
    pub code: String,
    /// What is wrong, for a person.
    pub message: String,
}

impl Refusal {
    /// Makes a refusal from its code and its text.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// Reads one request line.
///
/// # Errors
/// `malformed` when it is no JSON object or a field is wrong, `unknown_op` when a newer build asks for what this one can't.
pub fn read_request(line: &[u8]) -> Result<Request, Refusal> {
    let value: Value = serde_json::from_slice(line)
        .map_err(|error| Refusal::new("malformed", format!("the request is no JSON: {error}")))?;
    let op = value.get("op").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !OPS.contains(&op.as_str()) {
        let message = format!(
            "this shim (build {}, protocol {PROTOCOL}) doesn't know the op `{}`",
            build(),
            op.escape_debug()
        );
        return Err(Refusal::new("unknown_op", message));
    }
    serde_json::from_value(value)
        .map_err(|error| Refusal::new("malformed", format!("the op `{op}`: {error}")))
}

/// Writes one request line, its end included.
///
/// # Errors
/// When a value can't be written as JSON.
pub fn write_request(request: &Request) -> serde_json::Result<Vec<u8>> {
    let mut value = serde_json::to_value(request)?;
    value["protocol"] = PROTOCOL.into();
    line(&value)
}

/// Writes one answer line, its end included.
pub fn write_answer(answer: Result<Value, Refusal>) -> Vec<u8> {
    let value = match answer {
        Ok(value) => serde_json::json!({ "protocol": PROTOCOL, "ok": value }),
        Err(refusal) => serde_json::json!({ "protocol": PROTOCOL, "error": refusal }),
    };
    // A `Value` has only string keys and finite numbers, so it can always be written.
    line(&value).unwrap_or_default()
}

fn line(value: &Value) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The build that this code is of.
pub fn build() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
