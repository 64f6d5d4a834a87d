//! The listening socket and the connections that it accepts.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::answer::TURNED_AWAY;
use super::client::{Client, ClientStream};
use super::forward::forward;
use super::metrics::MetricsHandle;
use super::routes::{RoutesHandle, Shared};
use super::settings::Settings;
use super::upstream::{DEFAULT_HEADER_COUNT, MIN_BUFFER};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 1024;
/// How long accepting rests after it failed, as it does when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How many connections are told at once that there are too many; further ones are just closed.
const TURNED_AWAY_AT_ONCE: usize = 64;
/// How long a connection that is turned away may take to hear it.
const TURNED_AWAY_PATIENCE: Duration = Duration::from_secs(1);
/// How long requests that were cut at the end may take to hear it.
const CUT_PATIENCE: Duration = Duration::from_secs(1);

/// A bound proxy that doesn't serve yet: connections wait in the kernel meanwhile.
pub struct Proxy {
    listener: TcpListener,
    local_addr: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Binds `listen` (port 0 for any free one) with address reuse, so that a successor need not wait for old
    /// connections to time out. Must be called within a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// What the system says; `AddrInUse` with a text that names the address when another socket has it.
    pub fn bind(listen: SocketAddr, settings: Settings) -> io::Result<Self> {
        let bound = || {
            let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            socket.set_reuseaddr(true)?;
            socket.bind(listen)?;
            socket.listen(BACKLOG)
        };
        let listener = bound().map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                io::Error::new(error.kind(), format!("`{listen}` is taken: another process listens there"))
            }
            kind => io::Error::new(kind, format!("cannot listen on `{listen}`: {error}")),
        })?;
        let local_addr = listener.local_addr()?;
        Ok(Self { listener, local_addr, shared: Arc::new(Shared::new(settings)) })
    }

    /// The address that was bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Sets the routes, while serving too.
    pub fn routes(&self) -> RoutesHandle {
        RoutesHandle { shared: Arc::clone(&self.shared) }
    }

    /// Reads the metrics, while serving too.
    pub fn metrics(&self) -> MetricsHandle {
        MetricsHandle { shared: Arc::clone(&self.shared) }
    }

    /// Serves until `shutdown` completes, then accepts nothing new, waits for what is in flight (upgraded
    /// connections included) as long as the settings' grace says, and cuts the rest.
    /// Dropping this future ends everything at once.
    pub async fn serve(self, shutdown: impl Future) {
        let Self { listener, local_addr, shared } = self;
        let (life, _) = watch::channel(false);
        let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE));
        let mut shutdown = pin!(shutdown);
        let mut sweep = tokio::time::interval(shared.settings.pool_timeout.max(Duration::from_millis(100)));
        loop {
            let accepted = tokio::select! {
                _ = &mut shutdown => break,
                _ = sweep.tick() => {
                    shared.sweep();
                    continue;
                }
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    if shared.counters.connections.load(Ordering::Acquire) >= shared.settings.max_connections
                    {
                        shared.counters.shed_connections.fetch_add(1, Ordering::Relaxed);
                        turn_away(stream, &turned_away);
                        continue;
                    }
                    let local = stream.local_addr().unwrap_or(local_addr);
                    let client = Arc::new(Client::new(Arc::clone(&shared), peer, local, life.subscribe()));
                    tokio::spawn(serve_connection(stream, client, Arc::clone(&shared), life.subscribe()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        life.send_replace(true);
        if !connections_end(&shared, shared.settings.shutdown_grace).await {
            shared.cut_all();
            connections_end(&shared, CUT_PATIENCE).await;
        }
    }
}

/// Waits until no connection is open, `limit` at most, and returns whether that came true.
async fn connections_end(shared: &Shared, limit: Duration) -> bool {
    let ended = async {
        loop {
            let mut one_ended = pin!(shared.connection_ended.notified());
            one_ended.as_mut().enable();
            if shared.counters.connections.load(Ordering::Acquire) == 0 {
                return;
            }
            one_ended.await;
        }
    };
    tokio::time::timeout(limit, ended).await.is_ok()
}

async fn serve_connection(
    stream: TcpStream,
    client: Arc<Client>,
    shared: Arc<Shared>,
    mut life: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let settings = &shared.settings;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(settings.max_header_bytes.max(MIN_BUFFER))
        .max_header_size(settings.max_header_bytes);
    if settings.max_header_count != DEFAULT_HEADER_COUNT {
        builder.max_headers(settings.max_header_count);
    }
    let service = service_fn(|request| {
        let answered = forward(Arc::clone(&shared), Arc::clone(&client), request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let io = TokioIo::new(ClientStream::new(stream, Arc::clone(&client)));
    let mut connection = pin!(builder.serve_connection(io, service).with_upgrades());
    let mut idle = pin!(client.idle(settings.idle_timeout));
    loop {
        tokio::select! {
            biased;
            served = connection.as_mut() => {
                if let Err(error) = served {
                    tracing::debug!(%error, "a client's connection broke off");
                }
                return;
            }
            changed = life.changed() => match changed {
                Ok(()) => connection.as_mut().graceful_shutdown(),
                Err(_) => return,
            },
            () = idle.as_mut() => {
                tracing::debug!("a client's connection was idle for too long");
                return;
            }
        }
    }
}

/// Tells a connection that there are too many, and reads what it says meanwhile: closing with bytes unread
/// would reset the connection before the answer is seen.
fn turn_away(mut stream: TcpStream, at_once: &Arc<Semaphore>) {
    let Ok(permit) = Arc::clone(at_once).try_acquire_owned() else { return };
    tokio::spawn(async move {
        let told = async {
            stream.write_all(TURNED_AWAY).await?;
            stream.shutdown().await?;
            let mut ignored = [0_u8; 1024];
            while stream.read(&mut ignored).await? > 0 {}
            io::Result::Ok(())
        };
        if let Ok(Err(error)) = tokio::time::timeout(TURNED_AWAY_PATIENCE, told).await {
            tracing::debug!(%error, "a connection that was turned away did not hear it");
        }
        drop(permit);
    });
}
