//! What the stories are told with.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::proxy::{MetricsHandle, Proxy, Routes, RoutesHandle, Settings, VersionRoute};

/// How long a story may take before it counts as stuck.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Awaits something that must happen.
pub(super) async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what).await.expect("it should have happened long ago")
}

/// Polls until `condition` holds.
pub(super) async fn until(condition: impl Fn() -> bool) {
    soon(async {
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        while !condition() {
            tick.tick().await;
        }
    })
    .await;
}

/// A serving proxy.
pub(super) struct Front {
    pub(super) address: SocketAddr,
    pub(super) routes: RoutesHandle,
    pub(super) metrics: MetricsHandle,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) served: tokio::task::JoinHandle<()>,
}

impl Front {
    pub(super) fn start(settings: Settings, routes: Routes) -> Self {
        let proxy = Proxy::bind("127.0.0.1:0".parse().unwrap(), settings).unwrap();
        let (address, handle, metrics) = (proxy.local_addr(), proxy.routes(), proxy.metrics());
        handle.set(routes);
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(proxy.serve(stopped));
        Self { address, routes: handle, metrics, stop, served }
    }

    /// In front of one version, `v1`.
    pub(super) fn of(backend: SocketAddr) -> Self {
        Self::start(Settings::default(), routes(&[("v1", 1, &[backend])]))
    }

    pub(super) async fn connect(&self) -> SendRequest<TestBody> {
        connect(self.address).await
    }

    /// A socket on which the story writes its own bytes.
    pub(super) async fn raw(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

pub(super) fn routes(versions: &[(&str, u32, &[SocketAddr])]) -> Routes {
    let route = |(version, weight, backends): &(&str, u32, &[SocketAddr])| VersionRoute {
        version: (*version).to_owned(),
        weight: *weight,
        backends: backends.to_vec(),
    };
    Routes { versions: versions.iter().map(route).collect(), sticky: None }
}

/// A body in one piece, or in chunks as they come.
pub(super) enum TestBody {
    Whole(Full<Bytes>),
    Chunks(mpsc::UnboundedReceiver<Option<Bytes>>),
}

impl TestBody {
    pub(super) fn whole(text: impl Into<Bytes>) -> Self {
        Self::Whole(Full::new(text.into()))
    }

    /// A sender of chunks and the body; sending `None` breaks the body off, dropping the sender ends it.
    pub(super) fn chunks() -> (mpsc::UnboundedSender<Option<Bytes>>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self::Chunks(receiver))
    }
}

impl Body for TestBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Chunks(chunks) => chunks.poll_recv(cx).map(|chunk| {
                chunk.map(|chunk| chunk.map(Frame::data).ok_or_else(|| std::io::Error::other("broken off")))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(body) if body.is_end_stream())
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Chunks(_) => hyper::body::SizeHint::default(),
        }
    }
}

/// A backend that answers with `handler`, and counts.
pub(super) struct Backend {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<AtomicUsize>,
    pub(super) requests: Arc<AtomicUsize>,
}

impl Backend {
    pub(super) async fn start<H, F>(handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<TestBody>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (opened, asked, handler) = (Arc::clone(&connections), Arc::clone(&requests), Arc::new(handler));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                let (asked, handler) = (Arc::clone(&asked), Arc::clone(&handler));
                let service = hyper::service::service_fn(move |request| {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let answered = handler(request);
                    async move { Ok::<_, Infallible>(answered.await) }
                });
                let builder = hyper::server::conn::http1::Builder::new();
                let served = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
                // A proxy that goes away in the middle is part of some stories.
                tokio::spawn(async move { drop(served.await) });
            }
        });
        Self { address, connections, requests }
    }

    /// One that answers every request with `text`.
    pub(super) async fn saying(text: &'static str) -> Self {
        Self::start(move |request| async move {
            request.into_body().collect().await.ok();
            Response::new(TestBody::whole(text))
        })
        .await
    }

    /// One that answers every request with this status.
    pub(super) async fn failing(status: u16) -> Self {
        Self::start(move |_| async move {
            let mut response = Response::new(TestBody::whole("no"));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        })
        .await
    }

    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// A backend that treats each accepted socket as `handle` says; returns its address and how many it accepted.
pub(super) async fn raw_backend<H, F>(handle: H) -> (SocketAddr, Arc<AtomicUsize>)
where
    H: Fn(TcpStream) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(handle(stream));
        }
    });
    (address, accepted)
}

/// An address at which nobody listens.
pub(super) async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

pub(super) async fn connect(address: SocketAddr) -> SendRequest<TestBody> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    sender
}

/// A response that was read to its end.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(super) fn request(method: &str, path: &str, lines: &[(&str, &str)], body: TestBody) -> Request<TestBody> {
    let mut builder = Request::builder().method(method).uri(path).header("host", "service.test");
    for (name, value) in lines {
        builder = builder.header(*name, *value);
    }
    builder.body(body).unwrap()
}

/// Sends one request over a kept connection.
pub(super) async fn send(sender: &mut SendRequest<TestBody>, request: Request<TestBody>) -> Reply {
    soon(sender.ready()).await.unwrap();
    let (head, body) = soon(sender.send_request(request)).await.unwrap().into_parts();
    let body = soon(body.collect()).await.unwrap().to_bytes();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// Sends one `GET` over a connection of its own.
pub(super) async fn get(front: &Front, lines: &[(&str, &str)]) -> Reply {
    let mut sender = front.connect().await;
    send(&mut sender, request("GET", "/", lines, TestBody::whole(""))).await
}

/// The next chunk of a body as text.
pub(super) async fn next_chunk(body: &mut Incoming) -> String {
    let frame = soon(body.frame()).await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

/// Writes `text` and reads all that comes until the other side closes.
pub(super) async fn talk(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    // A reset after the answer is as good an end as a close.
    soon(stream.read_to_end(&mut heard)).await.ok();
    String::from_utf8_lossy(&heard).into_owned()
}

/// Reads until what was read contains `mark`.
pub(super) async fn read_until(stream: &mut TcpStream, mark: &str) -> String {
    let mut heard = Vec::new();
    soon(async {
        while !String::from_utf8_lossy(&heard).contains(mark) {
            assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "closed before `{mark}`: {heard:?}");
        }
    })
    .await;
    String::from_utf8(heard).unwrap()
}
