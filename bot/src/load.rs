//! A built-in load: requests at a steady rate over a few kept connections, as clients of a service make them.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a load saw.
#[derive(Default, Debug)]
pub struct Seen {
    /// Answers below 500.
    pub answered: AtomicU64,
    /// Answers of 500 and above.
    pub failed: AtomicU64,
    /// Requests that got no answer at all.
    pub unanswered: AtomicU64,
}

/// Sends `rate` requests a second to an address over `connections` connections until it is told to stop. An
/// address that nobody listens on yet is tried again, and counts for nothing until it has answered once.
pub async fn run(
    address: SocketAddr,
    paths: Vec<String>,
    rate: u32,
    connections: u32,
    seen: Arc<Seen>,
    stop: CancellationToken,
) {
    let connections = connections.max(1);
    let pause = Duration::from_secs(1) * connections / rate.max(1);
    let clients: Vec<_> = (0..connections)
        .map(|number| {
            let (paths, seen, stop) = (paths.clone(), seen.clone(), stop.clone());
            tokio::spawn(client(address, paths, number, pause, connections, seen, stop))
        })
        .collect();
    for client in clients {
        if client.await.is_err() {
            tracing::debug!("a client of the load ended badly");
        }
    }
}

async fn client(
    address: SocketAddr,
    paths: Vec<String>,
    number: u32,
    pause: Duration,
    connections: u32,
    seen: Arc<Seen>,
    stop: CancellationToken,
) {
    // Clients begin apart from each other, so that their requests do not come in bursts.
    let mut next = Instant::now() + pause * number / connections;
    let mut connection: Option<SendRequest<Empty<Bytes>>> = None;
    let mut answered_once = false;
    for turn in 0_usize.. {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep_until(next) => {}
        }
        // Whoever fell behind does not hurry afterwards.
        next = (next + pause).max(Instant::now());
        let path = &paths[turn % paths.len().max(1)];
        match timeout(PATIENCE, request(&mut connection, address, path)).await {
            Ok(Some(status)) => {
                answered_once = true;
                let count = if status >= 500 { &seen.failed } else { &seen.answered };
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(None) | Err(_) => {
                connection = None;
                if answered_once {
                    seen.unanswered.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

async fn request(
    connection: &mut Option<SendRequest<Empty<Bytes>>>,
    address: SocketAddr,
    path: &str,
) -> Option<u16> {
    if connection.as_ref().is_none_or(SendRequest::is_closed) {
        *connection = Some(connect(address).await?);
    }
    let sender = connection.as_mut()?;
    sender.ready().await.ok()?;
    let request = Request::builder().uri(path).header("host", address.to_string()).body(Empty::new()).ok()?;
    let response = sender.send_request(request).await.ok()?;
    let status = response.status().as_u16();
    response.into_body().collect().await.ok()?;
    Some(status)
}

/// Opens a kept connection to an address.
pub async fn connect(address: SocketAddr) -> Option<SendRequest<Empty<Bytes>>> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::trace!(%error, "a connection of the load ended");
        }
    });
    Some(sender)
}
