//! What may be routed where, and the table that says whose turn it is.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use http::header::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::balance::Balance;
use super::flight::{Cut, Flight, Version};
use super::metrics::Counters;
use super::pool::Backend;
use super::settings::Settings;
use super::sticky::{StickyName, cookie_text, text};

/// The request header that names a version outright, whatever the weights say.
pub const VERSION_HEADER: &str = "x-orchestra-version";

/// Where requests go. The default routes nowhere: every request is answered 503.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    /// The versions of the service; the order breaks ties between equal weights.
    #[serde(default)]
    pub versions: Vec<VersionRoute>,
    /// The name under which clients stick to the version that they got first, or `None` for no sticking.
    ///
    /// A request says its version in a header or else a cookie of this name; it is honoured while that version
    /// has weight. A response to a request that was routed by weight sets the cookie.
    #[serde(default)]
    pub sticky: Option<String>,
}

/// One version and its share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRoute {
    /// The version's name, as metrics, cookie and header name it.
    pub version: String,
    /// Its share of the sum of all weights; with 0 it gets nothing new and what is in flight goes on.
    pub weight: u32,
    /// Its processes; they take turns.
    pub backends: Vec<SocketAddr>,
}

/// Sets the routes and watches a version drain. Clones speak to the same proxy.
#[derive(Clone)]
pub struct RoutesHandle {
    pub(super) shared: Arc<Shared>,
}

impl RoutesHandle {
    /// Replaces the routes at once. After this returns, every request that was routed by the earlier ones is
    /// counted by [`in_flight`](Self::in_flight), and none is routed by them any more.
    pub fn set(&self, routes: Routes) {
        self.shared.set(routes);
    }

    /// The routes as last set.
    pub fn get(&self) -> Routes {
        self.shared.table.read().unwrap_or_else(PoisonError::into_inner).routes.clone()
    }

    /// Requests of `version` that haven't ended: waiting for a response, streaming a body, or upgraded.
    pub fn in_flight(&self, version: &str) -> u64 {
        lock(&self.shared.versions).get(version).map_or(0, |version| version.in_flight())
    }

    /// Ends all that is in flight for `version`: what waits gets a 503, bodies break off, upgraded connections
    /// close. What is routed to it later is not concerned.
    pub fn cut(&self, version: &str) {
        if let Some(version) = lock(&self.shared.versions).get(version) {
            version.cut();
        }
    }
}

/// What all connections of a proxy share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) counters: Counters,
    /// Wakes whoever waits for the connections to end, at each that does.
    pub(super) connection_ended: Notify,
    pub(super) versions: Mutex<HashMap<String, Arc<Version>>>,
    table: RwLock<Table>,
}

/// The routes as the request path wants them.
struct Table {
    routes: Routes,
    entries: Vec<Entry>,
    balance: Mutex<Balance>,
    sticky: Option<StickyName>,
}

struct Entry {
    version: Arc<Version>,
    weight: u32,
    cookie_value: String,
    set_cookie: Option<HeaderValue>,
    backends: Arc<[Arc<Backend>]>,
    turn: AtomicUsize,
}

/// Where one request goes. Its flight is counted from here on.
pub(super) struct Choice {
    pub(super) flight: Flight,
    /// Completes when the flight is cut; it was there before the flight was counted, so it misses no cut.
    pub(super) cut: Cut,
    pub(super) backends: Arc<[Arc<Backend>]>,
    /// The index of the backend whose turn it is; the others follow it in a circle.
    pub(super) first: usize,
    pub(super) set_cookie: Option<HeaderValue>,
}

/// Why a request goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoChoice {
    /// As many requests are in flight as may be.
    Full,
    /// No version has both weight and a backend.
    NoRoute,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        let table = Table {
            routes: Routes::default(),
            entries: Vec::new(),
            balance: Mutex::new(Balance::new(Vec::new())),
            sticky: None,
        };
        Self {
            settings,
            counters: Counters::default(),
            connection_ended: Notify::new(),
            versions: Mutex::default(),
            table: RwLock::new(table),
        }
    }

    fn set(&self, routes: Routes) {
        let mut versions = lock(&self.versions);
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let known: HashMap<SocketAddr, Arc<Backend>> = table
            .entries
            .iter()
            .flat_map(|entry| entry.backends.iter())
            .map(|backend| (backend.address, Arc::clone(backend)))
            .collect();
        let sticky = routes.sticky.as_deref().map(StickyName::new);
        let entry = |route: &VersionRoute| Entry {
            version: Arc::clone(
                versions
                    .entry(route.version.clone())
                    .or_insert_with(|| Arc::new(Version::new(&route.version))),
            ),
            // A version without a backend takes no turn: its share would be nothing but errors.
            weight: if route.backends.is_empty() { 0 } else { route.weight },
            cookie_value: cookie_text(&route.version),
            set_cookie: sticky.as_ref().and_then(|sticky| sticky.set_cookie(&route.version)),
            backends: route
                .backends
                .iter()
                .map(|address| {
                    known.get(address).cloned().unwrap_or_else(|| Arc::new(Backend::new(*address)))
                })
                .collect(),
            turn: AtomicUsize::new(0),
        };
        let entries: Vec<Entry> = routes.versions.iter().map(entry).collect();
        let weights: Vec<u32> = entries.iter().map(|entry| entry.weight).collect();
        let same_shares = table.entries.len() == entries.len()
            && table
                .entries
                .iter()
                .zip(&entries)
                .all(|(old, new)| old.weight == new.weight && Arc::ptr_eq(&old.version, &new.version));
        // Only the backends changed (a process was replaced): the shares go on where they were.
        let balance = if same_shares { lock(&table.balance).clone() } else { Balance::new(weights) };
        *table = Table { routes, entries, balance: Mutex::new(balance), sticky };
        let now = super::metrics::unix_second();
        versions.retain(|name, version| {
            table.routes.versions.iter().any(|route| route.version == *name)
                || version.in_flight() > 0
                || version.has_seconds_at(now)
        });
    }

    /// Chooses where a request goes and counts it, both under the table's read lock: whoever has replaced the
    /// table knows that every choice by the earlier one is counted.
    pub(super) fn choose(
        self: &Arc<Self>,
        headers: &HeaderMap,
        started: Instant,
    ) -> Result<Choice, NoChoice> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let forced = table.forced(headers, self.settings.header_reaches_weightless);
        let stuck = || table.stuck(headers);
        let (entry, by_weight) = match forced.or_else(stuck) {
            Some(entry) => (entry, false),
            None => {
                let index = lock(&table.balance).next().ok_or(NoChoice::NoRoute)?;
                (&table.entries[index], true)
            }
        };
        if !self.counters.admit(self.settings.max_in_flight) {
            return Err(NoChoice::Full);
        }
        Ok(Choice {
            cut: entry.version.cut_future(),
            flight: Flight::new(Arc::clone(self), Arc::clone(&entry.version), started),
            backends: Arc::clone(&entry.backends),
            first: entry.turn.fetch_add(1, Ordering::Relaxed) % entry.backends.len(),
            set_cookie: if by_weight { entry.set_cookie.clone() } else { None },
        })
    }

    /// Closes idle backend connections that are too old.
    pub(super) fn sweep(&self) {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        for backend in table.entries.iter().flat_map(|entry| entry.backends.iter()) {
            backend.sweep(self.settings.pool_timeout);
        }
    }

    /// Ends everything in flight.
    pub(super) fn cut_all(&self) {
        for version in lock(&self.versions).values() {
            version.cut();
        }
    }
}

impl Table {
    /// The version named by [`VERSION_HEADER`], if there is one of that name that may be reached so.
    fn forced(&self, headers: &HeaderMap, weightless: bool) -> Option<&Entry> {
        let wanted = text(headers.get(VERSION_HEADER)?)?;
        self.entries
            .iter()
            .find(|entry| *entry.version.name == *wanted)
            .filter(|entry| entry.weight > 0 || (weightless && !entry.backends.is_empty()))
    }

    /// The version that the client got before, while it still has weight.
    fn stuck(&self, headers: &HeaderMap) -> Option<&Entry> {
        let wanted = self.sticky.as_ref()?.value_in(headers)?;
        let named = |entry: &&Entry| entry.cookie_value == wanted || *entry.version.name == *wanted;
        self.entries.iter().find(named).filter(|entry| entry.weight > 0)
    }
}

/// Locks `mutex`; what a panicking holder left behind is taken as it is, since no holder here leaves halves.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
