//! What was seen: per version and unix second for the last minutes, and totals.
//!
//! A request is recorded once, when its outcome is known: at the response's head, or at the proxy's own 502 or
//! 504. Its latency runs from the request's head until then, so it holds an upload's time and not a download's.
//! An error is a 5xx of the backend, the proxy's own 502 or 504, or a body that the backend broke off.
//! A client that goes away, a request that was cut at a drain's end and what was shed are no version's errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use orchestra_analytics::Window;
use serde::{Deserialize, Serialize};

use super::routes::{RoutesHandle, Shared, lock};

/// How many seconds of each version are kept: fifteen minutes.
const KEPT_SECONDS: i64 = 900;

/// What one version did since the proxy first routed to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionTotals {
    /// Requests that got an outcome.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Requests that ended without an outcome: the client went away, or they were cut.
    pub unanswered: u64,
    /// Requests that haven't ended yet.
    pub in_flight: u64,
}

/// What the whole proxy did since it was bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyTotals {
    /// Open connections of clients, upgraded ones included.
    pub connections: u64,
    /// Requests of all versions that haven't ended yet.
    pub in_flight: u64,
    /// Requests answered 503 because too many were in flight.
    pub shed_requests: u64,
    /// Connections turned away because too many were open.
    pub shed_connections: u64,
    /// Requests answered 503 because no version had weight and a backend.
    pub unrouted: u64,
    /// Requests that the proxy refused as malformed or of a kind it doesn't serve. What isn't HTTP at all, or
    /// has too long a head, is answered before it is counted.
    pub refused: u64,
}

/// Reads the metrics. Clones read the same proxy's.
#[derive(Clone)]
pub struct MetricsHandle {
    pub(super) shared: Arc<Shared>,
}

impl MetricsHandle {
    /// The seconds of `version` from unix second `since` on, at most the last fifteen minutes; seconds without
    /// requests are left out, and the current one is still being filled. Empty for a version never seen.
    pub fn snapshot(&self, version: &str, since: i64) -> Window {
        let version = lock(&self.shared.versions).get(version).cloned();
        version.map(|version| lock(&version.ledger).window.since(since)).unwrap_or_default()
    }

    /// The totals of `version`, or `None` for a version that was never routed or was forgotten: one without
    /// route, flight and recent seconds is forgotten when routes are set.
    pub fn totals(&self, version: &str) -> Option<VersionTotals> {
        let version = lock(&self.shared.versions).get(version).cloned()?;
        let totals = lock(&version.ledger).totals;
        Some(VersionTotals { in_flight: version.in_flight(), ..totals })
    }

    /// The names of all versions that are remembered, sorted.
    pub fn versions(&self) -> Vec<String> {
        let mut names: Vec<String> = lock(&self.shared.versions).keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The totals of the whole proxy.
    pub fn proxy(&self) -> ProxyTotals {
        let counters = &self.shared.counters;
        let size = |count: &AtomicUsize| count.load(Ordering::Relaxed) as u64;
        ProxyTotals {
            connections: size(&counters.connections),
            in_flight: size(&counters.in_flight),
            shed_requests: counters.shed_requests.load(Ordering::Relaxed),
            shed_connections: counters.shed_connections.load(Ordering::Relaxed),
            unrouted: counters.unrouted.load(Ordering::Relaxed),
            refused: counters.refused.load(Ordering::Relaxed),
        }
    }

    /// Ends all that is in flight for `version`, as [`RoutesHandle::cut`] does.
    pub fn cut(&self, version: &str) {
        RoutesHandle { shared: Arc::clone(&self.shared) }.cut(version);
    }
}

/// The whole proxy's counters.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) connections: AtomicUsize,
    in_flight: AtomicUsize,
    pub(super) shed_requests: AtomicU64,
    pub(super) shed_connections: AtomicU64,
    pub(super) unrouted: AtomicU64,
    pub(super) refused: AtomicU64,
}

impl Counters {
    /// Counts one more request in flight, unless `limit` are already.
    pub(super) fn admit(&self, limit: usize) -> bool {
        let admitted = self.in_flight.fetch_add(1, Ordering::Relaxed) < limit;
        if !admitted {
            self.release();
        }
        admitted
    }

    /// Counts one request in flight less.
    pub(super) fn release(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One version's seconds and totals. Every method is short: it runs under a lock on the request path.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    window: Window,
    totals: VersionTotals,
}

impl Ledger {
    /// Records one outcome at unix second `now` and returns the second.
    pub(super) fn record(&mut self, now: i64, micros: u64, error: bool) -> i64 {
        self.totals.requests += 1;
        self.totals.errors += u64::from(error);
        let begins_second = self.window.seconds.last().is_none_or(|last| last.at != now);
        self.window.record(now, error, micros);
        if begins_second {
            // Both ways, because a clock that was set back would leave seconds of the future behind.
            self.window.seconds.retain(|second| (now - second.at).abs() < KEPT_SECONDS);
        }
        now
    }

    /// Makes one success of the second `at` an error.
    pub(super) fn record_late_error(&mut self, at: i64) {
        self.totals.errors += 1;
        if let Ok(place) = self.window.seconds.binary_search_by_key(&at, |second| second.at) {
            self.window.seconds[place].errors += 1;
        }
    }

    /// Counts one request that ended without an outcome.
    pub(super) fn record_unanswered(&mut self) {
        self.totals.unanswered += 1;
    }

    /// Whether a second is young enough to be kept at `now`.
    pub(super) fn has_seconds_at(&self, now: i64) -> bool {
        self.window.seconds.last().is_some_and(|last| now - last.at < KEPT_SECONDS)
    }
}

/// The unix second; 0 for a clock set before 1970.
pub(super) fn unix_second() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_kept_for_fifteen_minutes_and_totals_for_good() {
        let mut ledger = Ledger::default();
        for now in 0..2000 {
            ledger.record(now, 1000, now % 10 == 0);
        }
        let seconds = &ledger.window.seconds;
        assert_eq!((seconds.len(), seconds[0].at, seconds[899].at), (900, 1100, 1999));
        assert_eq!((ledger.totals.requests, ledger.totals.errors), (2000, 200));
        assert!(ledger.has_seconds_at(2898) && !ledger.has_seconds_at(2899));
    }

    #[test]
    fn a_clock_set_back_leaves_no_seconds_of_the_future() {
        let mut ledger = Ledger::default();
        ledger.record(100_000, 1000, false);
        ledger.record(5000, 1000, false);
        assert_eq!(ledger.window.seconds.iter().map(|second| second.at).collect::<Vec<_>>(), [5000]);
    }

    #[test]
    fn a_broken_body_counts_in_the_second_of_its_head() {
        let mut ledger = Ledger::default();
        let second = ledger.record(10, 1000, false);
        ledger.record(11, 1000, false);
        ledger.record_late_error(second);
        let seconds = &ledger.window.seconds;
        assert_eq!((seconds[0].errors, seconds[1].errors, ledger.totals.errors), (1, 0, 1));
    }
}
