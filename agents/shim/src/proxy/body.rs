//! Bodies on their way through: frame by frame, none is collected.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use thiserror::Error;

use super::client::Client;
use super::flight::{Cut, Flight};
use super::pool::Backend;
use super::upstream::Upstream;

/// Where a request's body stands, for the verdict on a request that got no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum UploadState {
    /// The backend has all of it, or hasn't asked for more.
    Quiet = 0,
    /// The backend wants more and the client hasn't sent it.
    WaitsForClient = 1,
    /// The client broke off or sent bad chunks.
    Failed = 2,
}

/// Shared between a request's body and whoever waits for the response.
#[derive(Debug, Default)]
pub(super) struct Upload(AtomicU8);

impl Upload {
    pub(super) fn state(&self) -> UploadState {
        match self.0.load(Ordering::Relaxed) {
            0 => UploadState::Quiet,
            1 => UploadState::WaitsForClient,
            _ => UploadState::Failed,
        }
    }

    fn set(&self, state: UploadState) {
        self.0.store(state as u8, Ordering::Relaxed);
    }
}

/// A client's body on its way to a backend.
pub(super) struct RequestBody {
    incoming: Incoming,
    /// Only where there is a body to watch.
    watch: Option<Watch>,
}

struct Watch {
    upload: Arc<Upload>,
    client: Arc<Client>,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, client: &Arc<Client>) -> (Self, Arc<Upload>) {
        let upload = Arc::new(Upload::default());
        let watch = (!incoming.is_end_stream())
            .then(|| Watch { upload: Arc::clone(&upload), client: Arc::clone(client) });
        (Self { incoming, watch }, upload)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.client.end_body();
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        if let Some(watch) = &self.watch {
            watch.upload.set(match &polled {
                Poll::Pending => UploadState::WaitsForClient,
                Poll::Ready(Some(Err(_))) => UploadState::Failed,
                Poll::Ready(_) => UploadState::Quiet,
            });
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// Why a response's body ended early. The client sees its connection break off.
#[derive(Debug, Error)]
pub(super) enum BodyError {
    /// The backend broke off.
    #[error("the backend broke off: {0}")]
    Backend(#[from] hyper::Error),
    /// The version's drain has ended.
    #[error("the version was stopped")]
    Cut,
}

/// A response's body on its way to a client.
pub(super) enum ResponseBody {
    /// The proxy's own text.
    Text(Full<Bytes>),
    /// A backend's body.
    Relay(Box<Relay>),
}

impl ResponseBody {
    pub(super) fn text(text: &'static str) -> Self {
        Self::Text(Full::new(Bytes::from_static(text.as_bytes())))
    }

    /// No body, as a switch of protocols has none.
    pub(super) fn empty() -> Self {
        Self::Text(Full::default())
    }
}

/// A backend's body, the connection that it comes over, and the flight that lasts until its end.
pub(super) struct Relay {
    incoming: Incoming,
    /// Gone once the body has ended, or broken off.
    upstream: Option<Upstream>,
    backend: Arc<Backend>,
    pool_size: usize,
    cut: Cut,
    flight: Flight,
    /// Why the body ends early, once it does.
    failure: Option<BodyError>,
}

impl Relay {
    pub(super) fn new(
        incoming: Incoming,
        upstream: Upstream,
        backend: Arc<Backend>,
        pool_size: usize,
        cut: Cut,
        flight: Flight,
    ) -> Self {
        Self { incoming, upstream: Some(upstream), backend, pool_size, cut, flight, failure: None }
    }

    /// Gives the connection back where the body has ended.
    /// It must be called as soon as that is so, because a body whose length is known isn't polled to its end.
    pub(super) fn settle(&mut self, cx: &mut Context<'_>) {
        if let Some(mut upstream) = self.upstream.take_if(|_| self.incoming.is_end_stream())
            && upstream.is_reusable(cx)
        {
            self.backend.put(upstream, self.pool_size);
        }
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let ready @ Poll::Ready(_) = Pin::new(&mut self.incoming).poll_frame(cx) {
            return ready;
        }
        // Nothing is there yet: let the connection read, and look again.
        if let Some(upstream) = &mut self.upstream {
            upstream.drive(cx);
        }
        Pin::new(&mut self.incoming).poll_frame(cx)
    }

    /// Ends the body with `failure` at the next poll. In between the server writes out what it has: at an
    /// error it would drop that, and the client would not even see the head.
    fn fail(
        &mut self,
        failure: BodyError,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.upstream = None;
        self.failure = Some(failure);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        if self.cut.as_mut().poll(cx).is_ready() {
            return self.fail(BodyError::Cut, cx);
        }
        match ready!(self.poll_incoming(cx)) {
            Some(Ok(frame)) => {
                self.settle(cx);
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.flight.record_broken_body();
                self.fail(error.into(), cx)
            }
            None => {
                if let Some(mut upstream) = self.upstream.take()
                    && upstream.is_reusable(cx)
                {
                    self.backend.put(upstream, self.pool_size);
                }
                Poll::Ready(None)
            }
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Text(text) => Pin::new(text).poll_frame(cx).map_err(|never| match never {}),
            Self::Relay(relay) => relay.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_end_stream(),
            Self::Relay(relay) => relay.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => text.size_hint(),
            Self::Relay(relay) => relay.incoming.size_hint(),
        }
    }
}
