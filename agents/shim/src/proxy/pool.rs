//! One backend and the idle connections kept for it: few, young, the latest used first.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::routes::lock;
use super::upstream::Upstream;

/// A process that answers requests. Its connections go when the last route and the last flight have left it.
pub(super) struct Backend {
    pub(super) address: SocketAddr,
    /// Oldest first.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    since: Instant,
    upstream: Upstream,
}

impl Backend {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::default() }
    }

    /// The connection that was used last, if it is young enough and its peer has not closed it.
    pub(super) fn take(&self, max_age: Duration) -> Option<Upstream> {
        loop {
            let idle = lock(&self.idle).pop()?;
            if idle.since.elapsed() < max_age && idle.upstream.is_quiet() {
                return Some(idle.upstream);
            }
        }
    }

    /// Keeps a connection for the next request; with `limit` kept already it is closed.
    pub(super) fn put(&self, upstream: Upstream, limit: usize) {
        let mut idle = lock(&self.idle);
        if idle.len() < limit {
            idle.push(Idle { since: Instant::now(), upstream });
        }
    }

    /// Closes the connections that have been idle for `max_age`.
    pub(super) fn sweep(&self, max_age: Duration) {
        lock(&self.idle).retain(|idle| idle.since.elapsed() < max_age);
    }
}
