//! The way of one request: check, choose, reach a backend, hand back what it says.
//!
//! A request is sent to another backend only while not one byte of it has been written: a connect that failed,
//! or a kept connection that turned out to be closed. Whatever was written may have been acted upon, so it is
//! never sent again, not even where its method is idempotent. The other backends are those of the same version:
//! a version that can't be reached shows in its own errors and is not hidden by another.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Instant;

use http::header::{SET_COOKIE, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use hyper::body::{Body, Incoming};
use hyper::upgrade::OnUpgrade;

use super::answer::Answer;
use super::body::{Relay, RequestBody, ResponseBody, UploadState};
use super::client::Client;
use super::headers::{self, Via};
use super::pool::Backend;
use super::routes::{Choice, NoChoice, Shared};
use super::settings::Settings;
use super::tunnel::Tunnel;
use super::upstream::{ExchangeError, Upstream};

/// Answers one request, by a backend or by the proxy itself.
pub(super) async fn forward(
    shared: Arc<Shared>,
    client: Arc<Client>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    match pass_on(&shared, &client, request).await {
        Ok(response) => response,
        Err(answer) => {
            let counted = match answer {
                Answer::Full => Some(&shared.counters.shed_requests),
                Answer::NoRoute => Some(&shared.counters.unrouted),
                Answer::Malformed(_) | Answer::ConnectRefused => Some(&shared.counters.refused),
                _ => None,
            };
            if let Some(counter) = counted {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            answer.response()
        }
    }
}

async fn pass_on(
    shared: &Arc<Shared>,
    client: &Arc<Client>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Answer> {
    let started = Instant::now();
    let settings = &shared.settings;
    let (mut parts, incoming) = request.into_parts();
    let client_side = parts.extensions.remove::<OnUpgrade>();
    let has_body = !incoming.is_end_stream();
    let is_chunked = parts.headers.contains_key(TRANSFER_ENCODING);
    if client.end_head(is_chunked, has_body) {
        return Err(Answer::Malformed("the request has both a length and a transfer encoding"));
    }
    let (body, upload) = RequestBody::new(incoming, client);
    let via =
        Via { address: &client.address, local: &client.local, trust_forwarded: settings.trust_forwarded };
    let upgrade = headers::to_backend(&mut parts, has_body, &via)?;
    let choice = shared.choose(&parts.headers, started).map_err(|reason| match reason {
        NoChoice::Full => Answer::Full,
        NoChoice::NoRoute => Answer::NoRoute,
    })?;
    let Choice { mut flight, mut cut, backends, first, set_cookie } = choice;

    let reached = tokio::select! {
        biased;
        reached = reach(&backends, first, Request::from_parts(parts, body), settings) => reached,
        () = cut.as_mut() => Err(Answer::Cut),
        () = client.stalled(started, settings.response_timeout) => Err(Answer::TimedOut),
    };
    let Reached { upstream, backend, response } = reached.map_err(|answer| {
        let answer = match (answer, upload.state()) {
            (Answer::Broken, UploadState::Failed) => Answer::Malformed("the request's body broke off"),
            (Answer::TimedOut, UploadState::WaitsForClient) => Answer::ClientStalled,
            (answer, _) => answer,
        };
        if matches!(answer, Answer::Unreachable | Answer::Broken | Answer::TimedOut) {
            flight.record(true);
            tracing::warn!(version = flight.version(), ?answer, "a request got no response");
        }
        answer
    })?;

    let (mut head, incoming) = response.into_parts();
    let mut response = if head.status == StatusCode::SWITCHING_PROTOCOLS {
        let backend_side = head.extensions.remove::<OnUpgrade>();
        let (Some(_), Some(client_side), Some(backend_side)) = (&upgrade, client_side, backend_side) else {
            // A switch that the client didn't ask for: nothing sensible can follow.
            flight.record(true);
            return Err(Answer::Broken);
        };
        flight.record(false);
        headers::to_client_switching(&mut head);
        let client = Arc::clone(client);
        Tunnel { upstream, client_side, backend_side, client, cut, flight }.spawn(settings.idle_timeout);
        Response::from_parts(head, ResponseBody::empty())
    } else {
        flight.record(head.status.is_server_error());
        headers::to_client(&mut head);
        let mut relay = Box::new(Relay::new(incoming, upstream, backend, settings.pool_size, cut, flight));
        std::future::poll_fn(|cx| {
            relay.settle(cx);
            Poll::Ready(())
        })
        .await;
        Response::from_parts(head, ResponseBody::Relay(relay))
    };
    if let Some(cookie) = set_cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A response's head and the connection over which its body comes.
struct Reached {
    upstream: Upstream,
    backend: Arc<Backend>,
    response: Response<Incoming>,
}

/// Tries the backends in a circle, each once, until one takes the request.
async fn reach(
    backends: &[Arc<Backend>],
    first: usize,
    mut request: Request<RequestBody>,
    settings: &Settings,
) -> Result<Reached, Answer> {
    let (before, from) = backends.split_at(first);
    for backend in from.iter().chain(before) {
        match ask(backend, request, settings).await {
            Ok((upstream, response)) => {
                return Ok(Reached { upstream, backend: Arc::clone(backend), response });
            }
            Err(ExchangeError::NotSent(again)) => request = *again,
            Err(ExchangeError::Broken(error)) => {
                tracing::debug!(backend = %backend.address, %error, "a backend broke off");
                return Err(Answer::Broken);
            }
        }
    }
    Err(Answer::Unreachable)
}

/// Sends the request over a kept connection, or else over a new one.
async fn ask(
    backend: &Backend,
    mut request: Request<RequestBody>,
    settings: &Settings,
) -> Result<(Upstream, Response<Incoming>), ExchangeError> {
    while let Some(mut upstream) = backend.take(settings.pool_timeout) {
        match upstream.exchange(request).await {
            Ok(response) => return Ok((upstream, response)),
            Err(ExchangeError::NotSent(again)) => request = *again,
            Err(broken) => return Err(broken),
        }
    }
    match Upstream::connect(backend.address, settings).await {
        Ok(mut upstream) => {
            let response = upstream.exchange(request).await?;
            Ok((upstream, response))
        }
        Err(error) => {
            tracing::debug!(backend = %backend.address, %error, "a backend could not be reached");
            Err(ExchangeError::NotSent(Box::new(request)))
        }
    }
}
