//! Every bound of the proxy, with a default that suits a service on one machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the proxy allows and how long it waits. All fields have defaults; unknown fields are ignored, so that
/// a newer peer may send more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Connections from clients that are open at once, upgraded ones included; a further one is answered 503.
    pub max_connections: usize,
    /// Requests in flight at once, streaming bodies and upgraded connections included; a further one is
    /// answered 503 with `Retry-After`.
    pub max_in_flight: usize,
    /// Bytes of a request's or response's head. A longer request is answered 431, a longer response is a 502.
    /// Values under 8192 bound requests only.
    pub max_header_bytes: usize,
    /// Header lines of a request or response, with the same answers as for the bytes.
    pub max_header_count: usize,
    /// How long a client may take to send a request's head, the wait on a kept connection included.
    pub header_timeout: Duration,
    /// How long a connection may carry no byte in either direction while a request is under way or after an
    /// upgrade; then it is closed.
    pub idle_timeout: Duration,
    /// How long one attempt to connect to a backend may take.
    pub connect_timeout: Duration,
    /// How long a backend may take to send its response's head, counted from the last byte that the client
    /// sent; then the client gets a 504.
    pub response_timeout: Duration,
    /// Idle connections kept for each backend.
    pub pool_size: usize,
    /// How long an idle connection to a backend is kept.
    /// It is under the five seconds after which common servers close theirs.
    pub pool_timeout: Duration,
    /// How long a graceful end waits for requests in flight before it cuts them.
    pub shutdown_grace: Duration,
    /// Whether the header [`VERSION_HEADER`](super::VERSION_HEADER) reaches a version that has backends but
    /// weight 0, as when a new version is tried before it gets traffic.
    pub header_reaches_weightless: bool,
    /// Whether a client's own `X-Forwarded-Proto` and `X-Forwarded-Host` are kept, as they must be behind a
    /// proxy that ends TLS. `X-Forwarded-For` is appended to in any case.
    pub trust_forwarded: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_in_flight: 1024,
            max_header_bytes: 32 * 1024,
            max_header_count: 100,
            header_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(300),
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(60),
            pool_size: 64,
            pool_timeout: Duration::from_secs(4),
            shutdown_grace: Duration::from_secs(10),
            header_reaches_weightless: false,
            trust_forwarded: true,
        }
    }
}
