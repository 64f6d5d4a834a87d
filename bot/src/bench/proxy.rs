//! The proxy's requests per second and the latency that it adds, beside a direct connection to the same backend.

use super::figure::{Figure, at};
use crate::load::connect;
use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use orchestra_shim::proxy::{Proxy, Routes, Settings, VersionRoute};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How often direct and proxied take turns.
const ROUNDS: usize = 6;
/// How long each turn takes.
const TURN: Duration = Duration::from_millis(1500);
/// How many clients ask at once in the second half.
const CLIENTS: usize = 8;

/// Sequential requests, then those of eight clients, each on a kept connection.
pub(super) async fn measure() -> anyhow::Result<Vec<Figure>> {
    let stop = CancellationToken::new();
    let _stops_at_the_end = stop.clone().drop_guard();
    let backend = own_thread(stop.clone(), backend)?;
    let proxy = own_thread(stop, move |stop| proxy(backend, stop))?;
    let alone = compared(backend, proxy, 1).await?;
    let together = compared(backend, proxy, CLIENTS).await?;
    Ok(vec![
        Figure::new("proxy", "sequential", alone.proxied.rate, "/s", alone.direct.rate),
        Figure::new("proxy", "8_concurrent", together.proxied.rate, "/s", together.direct.rate),
        Figure::new("proxy", "added_latency_p50", alone.added(|turn| turn.p50), "ms", alone.direct.p50),
        Figure::new("proxy", "added_latency_p99", alone.added(|turn| turn.p99), "ms", alone.direct.p99),
    ])
}

/// One way's figures: medians over its turns.
struct Turns {
    /// Requests a second.
    rate: f64,
    /// Milliseconds.
    p50: f64,
    /// Milliseconds.
    p99: f64,
}

impl Turns {
    fn median(turns: &[Turns]) -> Turns {
        let of = |figure: fn(&Turns) -> f64| at(0.5, &mut turns.iter().map(figure).collect::<Vec<_>>());
        Turns { rate: of(|turn| turn.rate), p50: of(|turn| turn.p50), p99: of(|turn| turn.p99) }
    }
}

struct Compared {
    direct: Turns,
    proxied: Turns,
}

impl Compared {
    /// What the proxy adds, never less than nothing: below that it is noise.
    fn added(&self, figure: fn(&Turns) -> f64) -> f64 {
        (figure(&self.proxied) - figure(&self.direct)).max(0.0)
    }
}

async fn compared(backend: SocketAddr, proxy: SocketAddr, clients: usize) -> anyhow::Result<Compared> {
    let (mut direct, mut proxied) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        direct.push(turn(backend, clients).await?);
        proxied.push(turn(proxy, clients).await?);
    }
    Ok(Compared { direct: Turns::median(&direct), proxied: Turns::median(&proxied) })
}

async fn turn(address: SocketAddr, clients: usize) -> anyhow::Result<Turns> {
    let begun = Instant::now();
    let asking: Vec<_> = (0..clients).map(|_| tokio::spawn(client(address, begun))).collect();
    let mut latencies = Vec::new();
    for client in asking {
        latencies.append(&mut client.await??);
    }
    let rate = latencies.len() as f64 / begun.elapsed().as_secs_f64();
    Ok(Turns { rate, p50: at(0.5, &mut latencies), p99: at(0.99, &mut latencies) })
}

/// One client's latencies in milliseconds.
async fn client(address: SocketAddr, begun: Instant) -> anyhow::Result<Vec<f64>> {
    let mut sender = connect(address).await.with_context(|| format!("nobody answers on {address}"))?;
    let mut latencies = Vec::new();
    while begun.elapsed() < TURN {
        let asked = Instant::now();
        ask(&mut sender, address).await?;
        latencies.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(latencies)
}

async fn ask(sender: &mut SendRequest<Empty<Bytes>>, address: SocketAddr) -> anyhow::Result<()> {
    sender.ready().await?;
    let request = Request::builder().uri("/").header("host", address.to_string()).body(Empty::new())?;
    let response = sender.send_request(request).await?;
    anyhow::ensure!(response.status().is_success(), "a request was answered {}", response.status());
    response.into_body().collect().await?;
    Ok(())
}

/// Runs a server on a thread of its own, as a shim and a service are processes of their own; says its address.
fn own_thread<F>(
    stop: CancellationToken,
    server: impl FnOnce(CancellationToken) -> std::io::Result<(SocketAddr, F)> + Send + 'static,
) -> anyhow::Result<SocketAddr>
where
    F: Future<Output = ()>,
{
    let (say, heard) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("bench".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let started = runtime.and_then(|runtime| {
            let (address, serving) = {
                let _within = runtime.enter();
                server(stop)?
            };
            Ok((runtime, address, serving))
        });
        match started {
            Ok((runtime, address, serving)) => {
                // Whoever started this thread may be gone already; then it ends by the token.
                drop(say.send(Ok(address)));
                runtime.block_on(serving);
            }
            Err(error) => drop(say.send(Err(error))),
        }
    })?;
    Ok(heard.recv().context("a server's thread ended")??)
}

fn proxy(
    backend: SocketAddr,
    stop: CancellationToken,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let proxy = Proxy::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Settings::default())?;
    let version = VersionRoute { version: "bench".to_owned(), weight: 1, backends: vec![backend] };
    proxy.routes().set(Routes { versions: vec![version], sticky: None });
    let address = proxy.local_addr();
    Ok((address, async move { proxy.serve(stop.cancelled()).await }))
}

fn backend(stop: CancellationToken) -> std::io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let listener = TcpListener::from_std(listener)?;
    Ok((address, async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else { continue };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "small answers may wait");
            }
            tokio::spawn(async move {
                let served =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
                if let Err(error) = served {
                    tracing::trace!(%error, "a connection of the bench ended");
                }
            });
        }
    }))
}

async fn answer(_: Request<hyper::body::Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))
}
