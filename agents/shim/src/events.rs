//! The newest things that happened, with a number each, so that a reader can ask for what it hasn't seen.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::protocol::{EventKind, ShimEvent};

/// How many are kept; an older one is forgotten.
const KEPT: usize = 256;

/// The list of events of one shim.
#[derive(Debug)]
pub(crate) struct Events {
    inner: Mutex<(u64, VecDeque<ShimEvent>)>,
}

impl Events {
    /// Starts the list. Numbers begin at the milliseconds since 1970, so they grow over restarts of the shim too.
    pub(crate) fn new() -> Self {
        Self { inner: Mutex::new((u64::try_from(now_ms()).unwrap_or(0), VecDeque::new())) }
    }

    /// Adds one.
    pub(crate) fn add(
        &self,
        version: Option<&str>,
        kind: EventKind,
        restarts: u32,
        message: impl Into<String>,
    ) {
        let message = message.into();
        tracing::info!(version, ?kind, restarts, "{message}");
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (sequence, events) = &mut *inner;
        *sequence += 1;
        if events.len() == KEPT {
            events.pop_front();
        }
        let version = version.map(str::to_owned);
        events.push_back(ShimEvent {
            sequence: *sequence,
            at_ms: now_ms(),
            version,
            kind,
            message,
            restarts,
        });
    }

    /// Those after a number, oldest first.
    pub(crate) fn since(&self, sequence: u64) -> Vec<ShimEvent> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1.iter().filter(|event| event.sequence > sequence).cloned().collect()
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_each_event_once_and_old_ones_go() {
        let events = Events::new();
        events.add(Some("v1"), EventKind::Died, 1, "first");
        let seen = events.since(0).pop().unwrap().sequence;
        assert_eq!(events.since(seen), []);
        events.add(None, EventKind::Restored, 0, "second");
        assert_eq!(events.since(seen).len(), 1);
        for number in 0..1000 {
            events.add(None, EventKind::Died, number, "more");
        }
        let all = events.since(0);
        assert_eq!(all.len(), KEPT);
        assert_eq!(all.last().unwrap().restarts, 999);
        assert!(all.windows(2).all(|pair| pair[0].sequence + 1 == pair[1].sequence));
    }
}
