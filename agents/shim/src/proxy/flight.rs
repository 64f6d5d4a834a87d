//! One request in flight, from the choice of its version until its last byte or the end of its upgrade.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::metrics::{Ledger, unix_second};
use super::routes::{Shared, lock};

/// What is known of a version as long as it is routed, in flight, or has seconds worth keeping.
pub(super) struct Version {
    pub(super) name: Box<str>,
    pub(super) ledger: Mutex<Ledger>,
    in_flight: AtomicU64,
    cut: Arc<Notify>,
}

impl Version {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            ledger: Mutex::default(),
            in_flight: AtomicU64::new(0),
            cut: Arc::new(Notify::new()),
        }
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Acquire)
    }

    pub(super) fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// A future that completes at the next cut from now on.
    pub(super) fn cut_future(&self) -> Cut {
        Box::pin(Arc::clone(&self.cut).notified_owned())
    }

    pub(super) fn has_seconds_at(&self, now: i64) -> bool {
        lock(&self.ledger).has_seconds_at(now)
    }
}

/// Completes when the version is cut. It hears of every cut after the flight began, polled by then or not.
pub(super) type Cut = Pin<Box<OwnedNotified>>;

/// Counts one request as in flight until it is dropped.
pub(super) struct Flight {
    shared: Arc<Shared>,
    version: Arc<Version>,
    started: Instant,
    /// The second in which the request was recorded, once it has been.
    recorded: Option<i64>,
}

impl Flight {
    /// Begins a flight that the proxy's total has already admitted.
    pub(super) fn new(shared: Arc<Shared>, version: Arc<Version>, started: Instant) -> Self {
        version.in_flight.fetch_add(1, Ordering::AcqRel);
        Self { shared, version, started, recorded: None }
    }

    pub(super) fn version(&self) -> &str {
        &self.version.name
    }

    /// Records the request with the time from its head until now.
    pub(super) fn record(&mut self, error: bool) {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let second = lock(&self.version.ledger).record(unix_second(), micros, error);
        self.recorded = Some(second);
    }

    /// Turns a recorded success into an error: the backend broke off in the middle of its body.
    pub(super) fn record_broken_body(&self) {
        if let Some(second) = self.recorded {
            lock(&self.version.ledger).record_late_error(second);
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.recorded.is_none() {
            lock(&self.version.ledger).record_unanswered();
        }
        self.version.in_flight.fetch_sub(1, Ordering::AcqRel);
        self.shared.counters.release();
    }
}
