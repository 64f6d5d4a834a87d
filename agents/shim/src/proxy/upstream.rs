//! A connection to a backend, driven by whoever uses it: it has no task of its own.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::body::RequestBody;
use super::settings::Settings;
use super::stream::SharedStream;

/// Moves a connection's bytes when polled; hyper doesn't name the type of a connection with upgrades.
type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection to a backend on which one request at a time is under way.
pub(super) struct Upstream {
    sender: SendRequest<RequestBody>,
    driver: Driver,
    stream: SharedStream,
    /// Whether the driver has ended; it must not be polled again.
    ended: bool,
}

/// Why a request got no response.
pub(super) enum ExchangeError {
    /// Not one byte of the request was written: it may be sent elsewhere.
    NotSent(Box<Request<RequestBody>>),
    /// The backend may have seen the request.
    Broken(hyper::Error),
}

impl Upstream {
    /// Opens a connection within the settings' connect timeout.
    pub(super) async fn connect(address: SocketAddr, settings: &Settings) -> io::Result<Self> {
        let connecting = tokio::time::timeout(settings.connect_timeout, TcpStream::connect(address));
        let stream = connecting.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        stream.set_nodelay(true)?;
        let stream = SharedStream::new(stream);
        let mut builder = http1::Builder::new();
        builder.max_buf_size(settings.max_header_bytes.max(MIN_BUFFER));
        if settings.max_header_count > DEFAULT_HEADER_COUNT {
            builder.max_headers(settings.max_header_count);
        }
        let handshake = builder.handshake(TokioIo::new(stream.clone()));
        let (sender, connection) = handshake.await.map_err(io::Error::other)?;
        Ok(Self { sender, driver: Box::pin(connection.with_upgrades()), stream, ended: false })
    }

    /// Whether an idle connection's peer has neither closed it nor spoken out of turn.
    pub(super) fn is_quiet(&self) -> bool {
        !self.ended && self.stream.is_quiet()
    }

    /// Sends a request and waits for its response's head, driving the connection meanwhile.
    pub(super) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, ExchangeError> {
        let mut response = pin!(self.sender.try_send_request(request));
        let outcome = std::future::poll_fn(|cx| {
            if !self.ended && self.driver.as_mut().poll(cx).is_ready() {
                self.ended = true;
            }
            response.as_mut().poll(cx)
        });
        outcome.await.map_err(|mut error| match error.take_message() {
            Some(request) => ExchangeError::NotSent(Box::new(request)),
            None => ExchangeError::Broken(error.into_error()),
        })
    }

    /// Moves the connection's bytes. Its errors reach the body or the response that waits on it.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.ended && self.driver.as_mut().poll(cx).is_ready() {
            self.ended = true;
        }
    }

    /// Drives until the connection has ended, or has handed its stream over to an upgrade.
    pub(super) async fn finish(mut self) {
        std::future::poll_fn(|cx| {
            self.drive(cx);
            if self.ended { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Whether request and response are both complete, so that the connection can take the next.
    pub(super) fn is_reusable(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        !self.ended && matches!(self.sender.poll_ready(cx), Poll::Ready(Ok(())))
    }
}

/// The least buffer that hyper accepts.
pub(super) const MIN_BUFFER: usize = 8192;
/// As many header lines as hyper parses without an allocation for each message.
pub(super) const DEFAULT_HEADER_COUNT: usize = 100;
