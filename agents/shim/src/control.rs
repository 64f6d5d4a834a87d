//! Answers what comes over the socket: one request a line, one answer a line.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};

use crate::identity::Identity;
use crate::protocol::{Hello, REQUEST_LIMIT, Refusal, Request, read_request, write_answer};
use crate::supervise::Supervisor;

/// Connections that are answered at the same time; more wait.
const CONNECTIONS: usize = 32;

/// How long a connection may be silent, or take to read its answer.
const IDLE: Duration = Duration::from_secs(60);

/// What a connection needs to answer.
pub(crate) struct Desk {
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) identity: Identity,
    /// Told when everything has been stopped and the answer has been sent.
    pub(crate) ended: mpsc::Sender<()>,
}

/// Accepts connections until the task is dropped.
pub(crate) async fn answer_all(listener: UnixListener, desk: Arc<Desk>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let desk = Arc::clone(&desk);
                tokio::spawn(async move {
                    desk.converse(stream).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: some will be free again.
                tracing::warn!(%error, "a connection to the shim can't be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Desk {
    async fn converse(&self, stream: UnixStream) {
        let (reading, mut writing) = stream.into_split();
        let mut reading = BufReader::new(reading);
        loop {
            let mut line = Vec::new();
            let mut bounded = (&mut reading).take(REQUEST_LIMIT);
            match tokio::time::timeout(IDLE, bounded.read_until(b'\n', &mut line)).await {
                Ok(Ok(count)) if count > 0 => {}
                _ => return,
            }
            let whole = line.ends_with(b"\n");
            let request = if whole {
                read_request(&line)
            } else {
                Err(Refusal::new(
                    "malformed",
                    format!("a request is a line of {REQUEST_LIMIT} bytes at most"),
                ))
            };
            let stopping = matches!(request, Ok(Request::Stop { .. }));
            let answer = match request {
                Ok(request) => self.answer(request).await,
                Err(refusal) => Err(refusal),
            };
            let stopped = stopping && answer.is_ok();
            let written = tokio::time::timeout(IDLE, writing.write_all(&write_answer(answer))).await;
            if stopped && let Err(error) = self.ended.try_send(()) {
                tracing::debug!(%error, "the end was told before");
            }
            if !whole || !matches!(written, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// Carries out one request.
    pub(crate) async fn answer(&self, request: Request) -> Result<Value, Refusal> {
        match request {
            Request::Hello => {
                let Identity { pid, boot_id, build, protocol, .. } = self.identity.clone();
                say(&Hello { protocol, pid, boot_id, build })
            }
            Request::Status { since } => say(&self.supervisor.status(&self.identity, since)),
            Request::Apply { desired } => {
                self.supervisor.apply(*desired).await?;
                say(&self.supervisor.status(&self.identity, u64::MAX))
            }
            Request::Metrics { since } => say(&self.supervisor.metrics(since)),
            Request::Logs { version, lines } => say(&self.supervisor.logs(&version, lines)?),
            Request::Stop { drain_seconds } => {
                self.supervisor.stop(true, drain_seconds.map(Duration::from_secs)).await?;
                Ok(Value::Object(serde_json::Map::new()))
            }
        }
    }
}

fn say(answer: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(answer)
        .map_err(|error| Refusal::new("failed", format!("the answer can't be written: {error}")))
}
