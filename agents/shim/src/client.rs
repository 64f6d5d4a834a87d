//! Speaks to a shim, and starts one where none lives.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::files::{self, SocketPath};
use crate::identity::Identity;
use crate::protocol::{
    ANSWER_LIMIT, Desired, Hello, LogLines, MetricsReply, PROTOCOL, Refusal, Request, Status, write_request,
};
use crate::service::is_held;

/// How long a shim may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// How long everything may take to stop, drains included.
const STOP_TIME: Duration = Duration::from_secs(900);

/// How long a shim may take to come up.
const START_TIME: Duration = Duration::from_secs(15);

/// How often a shim that is coming up is tried.
const START_INTERVAL: Duration = Duration::from_millis(10);

/// Why a shim couldn't be asked.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// No shim lives in the folder.
    #[error("no shim lives in `{folder}`")]
    Absent {
        /// The shim's folder.
        folder: PathBuf,
    },
    /// A shim lives and doesn't answer in time.
    #[error("the shim in `{folder}` (pid {pid}) doesn't answer")]
    Silent {
        /// The shim's folder.
        folder: PathBuf,
        /// Its process, 0 when that isn't known.
        pid: u32,
    },
    /// The shim refused, and said why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The shim answered something that this build can't read.
    #[error("the shim's answer (protocol {protocol}, this build speaks {PROTOCOL}) can't be read: {reason}")]
    Unreadable {
        /// The protocol it speaks, 0 when it doesn't say.
        protocol: u32,
        /// What can't be read.
        reason: String,
    },
    /// A shim was started and never came up.
    #[error("the shim for `{folder}` didn't start: {reason}")]
    NotStarted {
        /// The shim's folder.
        folder: PathBuf,
        /// The last thing it said.
        reason: String,
    },
    /// The folder or the socket can't be used.
    #[error("the shim in `{folder}` can't be reached: {source}")]
    Io {
        /// The shim's folder.
        folder: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// A way to ask one shim. It opens a connection for each question, so it outlives a restart of the shim.
#[derive(Debug, Clone)]
pub struct ShimClient {
    folder: PathBuf,
    hello: Hello,
}

impl ShimClient {
    /// Finds out who lives in the folder.
    ///
    /// # Errors
    /// [`ShimError::Absent`] when nobody does.
    pub async fn connect(folder: &Path) -> Result<Self, ShimError> {
        let hello = ask(folder, &Request::Hello, ANSWER_TIME).await?;
        Ok(Self { folder: folder.to_owned(), hello })
    }

    /// Who answered when the client was made.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// How everything is, with all events that are kept.
    ///
    /// # Errors
    /// When the shim can't be asked.
    pub async fn status(&self) -> Result<Status, ShimError> {
        self.status_since(0).await
    }

    /// How everything is, with the events after a sequence number.
    ///
    /// # Errors
    /// When the shim can't be asked.
    pub async fn status_since(&self, sequence: u64) -> Result<Status, ShimError> {
        ask(&self.folder, &Request::Status { since: sequence }, ANSWER_TIME).await
    }

    /// Makes a state the wanted one; it is on the shim's disk when this returns, and becomes true after that.
    ///
    /// # Errors
    /// [`ShimError::Refused`] with the code `stale_generation` or `invalid`, or when the shim can't be asked.
    pub async fn apply(&self, desired: &Desired) -> Result<Status, ShimError> {
        ask(&self.folder, &Request::Apply { desired: Box::new(desired.clone()) }, ANSWER_TIME).await
    }

    /// The traffic by version since a moment in seconds since 1970.
    ///
    /// # Errors
    /// When the shim can't be asked.
    pub async fn metrics(&self, since: i64) -> Result<MetricsReply, ShimError> {
        ask(&self.folder, &Request::Metrics { since }, ANSWER_TIME).await
    }

    /// The last lines that a version printed, oldest first.
    ///
    /// # Errors
    /// [`ShimError::Refused`] with the code `unknown_version`, or when the shim can't be asked.
    pub async fn logs(&self, version: &str, lines: usize) -> Result<Vec<String>, ShimError> {
        let request = Request::Logs { version: version.to_owned(), lines };
        Ok(ask::<LogLines>(&self.folder, &request, ANSWER_TIME).await?.lines)
    }

    /// Drains and stops everything and ends the shim, which forgets what it ran; returns when nothing runs.
    ///
    /// # Errors
    /// When the shim can't be asked.
    pub async fn stop(&self) -> Result<(), ShimError> {
        self.stop_within(None).await
    }

    /// Like [`stop`](Self::stop), with every drain shortened to so many seconds.
    ///
    /// # Errors
    /// When the shim can't be asked.
    pub async fn stop_within(&self, drain_seconds: Option<u64>) -> Result<(), ShimError> {
        ask::<serde_json::Value>(&self.folder, &Request::Stop { drain_seconds }, STOP_TIME).await?;
        // The answer comes while the shim still holds its folder; a new one may be started once it doesn't.
        let deadline = Instant::now() + ANSWER_TIME;
        while Instant::now() < deadline && is_held(&self.folder).is_ok_and(|held| held) {
            tokio::time::sleep(START_INTERVAL).await;
        }
        Ok(())
    }
}

/// A line of the shim: one of both is there.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    protocol: u32,
    ok: Option<serde_json::Value>,
    error: Option<Refusal>,
}

/// Reads one answer line.
///
/// # Errors
/// [`ShimError::Refused`] when the shim refused, [`ShimError::Unreadable`] when this build can't read it.
pub(crate) fn read_answer<T: DeserializeOwned>(line: &[u8]) -> Result<T, ShimError> {
    let unreadable = |protocol, error: String| ShimError::Unreadable { protocol, reason: error };
    let answer: Answer = serde_json::from_slice(line).map_err(|error| unreadable(0, error.to_string()))?;
    match (answer.ok, answer.error) {
        (_, Some(refusal)) => Err(refusal.into()),
        (Some(value), None) => {
            serde_json::from_value(value).map_err(|error| unreadable(answer.protocol, error.to_string()))
        }
        (None, None) => Err(unreadable(answer.protocol, "it holds neither `ok` nor `error`".to_owned())),
    }
}

async fn ask<T: DeserializeOwned>(folder: &Path, request: &Request, limit: Duration) -> Result<T, ShimError> {
    match tokio::time::timeout(limit, exchange(folder, request)).await {
        Ok(Ok(line)) => read_answer(&line),
        Ok(Err(error)) => Err(unreachable(folder, error)),
        Err(_) => Err(silent(folder)),
    }
}

fn silent(folder: &Path) -> ShimError {
    let pid = Identity::read(folder).filter(Identity::alive).map_or(0, |identity| identity.pid);
    ShimError::Silent { folder: folder.to_owned(), pid }
}

fn unreachable(folder: &Path, source: io::Error) -> ShimError {
    let folder = folder.to_owned();
    match source.kind() {
        // No socket, nobody behind it, or it ended in the middle of the question.
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => ShimError::Absent { folder },
        _ => ShimError::Io { folder, source },
    }
}

async fn exchange(folder: &Path, request: &Request) -> io::Result<Vec<u8>> {
    let socket = SocketPath::of(folder)?;
    let mut stream = UnixStream::connect(socket.path()).await?;
    stream.write_all(&write_request(request)?).await?;
    let mut line = Vec::new();
    BufReader::new(stream).take(ANSWER_LIMIT).read_until(b'\n', &mut line).await?;
    if !line.ends_with(b"\n") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

/// Finds the shim of a folder, or starts one with the given `orchestra` binary.
///
/// Whoever starts one at the same time gets the same: of two shims, only one can hold the folder.
///
/// # Errors
/// [`ShimError::NotStarted`] with what it said, [`ShimError::Silent`] when one lives and doesn't answer.
pub async fn ensure(folder: &Path, orchestra_binary: &Path) -> Result<ShimClient, ShimError> {
    let io_error = |source| ShimError::Io { folder: folder.to_owned(), source };
    files::private_folder(folder).map_err(io_error)?;
    let deadline = Instant::now() + START_TIME;
    let mut child: Option<Child> = None;
    loop {
        match ShimClient::connect(folder).await {
            Err(ShimError::Absent { .. }) => {}
            settled => return settled,
        }
        if Instant::now() >= deadline {
            return Err(if is_held(folder).map_err(io_error)? {
                silent(folder)
            } else {
                not_started(folder)
            });
        }
        let ended = match &mut child {
            Some(child) => child.try_wait().map_err(io_error)?.map(|status| status.success()),
            None => None,
        };
        if ended == Some(false) {
            return Err(not_started(folder));
        }
        // One that ended well found the folder held; should its holder be gone by now, it is tried again.
        if (child.is_none() || ended.is_some()) && !is_held(folder).map_err(io_error)? {
            child = Some(start(folder, orchestra_binary).map_err(io_error)?);
        }
        tokio::time::sleep(START_INTERVAL).await;
    }
}

fn start(folder: &Path, orchestra_binary: &Path) -> io::Result<Child> {
    let errors = std::fs::File::create(folder.join("shim.err"))?;
    let mut command = Command::new(orchestra_binary);
    command.args(["shim", "service"]).arg(folder).current_dir(folder);
    // Nothing of the starter's environment: it may hold secrets, and would stay readable for months.
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
    command.spawn()
}

fn not_started(folder: &Path) -> ShimError {
    let said = std::fs::read(folder.join("shim.err")).unwrap_or_default();
    let said =
        String::from_utf8_lossy(said.get(..said.len().min(4096)).unwrap_or_default()).trim().to_owned();
    let reason = if said.is_empty() { "it said nothing".to_owned() } else { said };
    ShimError::NotStarted { folder: folder.to_owned(), reason }
}
