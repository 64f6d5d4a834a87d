//! What one version of a service did, second by second.

use serde::{Deserialize, Serialize};

use crate::sketch::Sketch;

/// The most blocks that [`Window::compacted`] keeps.
pub const MOST_BLOCKS: usize = 30;
/// What a compacted window may take as JSON, in bytes.
pub const MOST_BYTES: usize = 24 * 1024;

/// One second (or, after coalescing, one block of seconds) of one version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// Unix second at which it begins.
    pub at: i64,
    /// Requests that were answered or given up in it.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Latency of all requests, failed ones included.
    pub latency: Sketch,
}

/// The sums of a window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// All requests.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Latency of all requests.
    pub latency: Sketch,
}

impl Totals {
    /// Failed requests in percent of all; `None` without requests.
    pub fn error_percent(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.errors as f64 * 100.0 / self.requests as f64)
    }
}

/// Seconds of one version, ascending by `at`, each at most once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The seconds; one without requests may be left out.
    pub seconds: Vec<Second>,
}

impl Window {
    /// Counts one request that ended in the unix second `at`.
    pub fn record(&mut self, at: i64, failed: bool, micros: u64) {
        let second = self.second(at);
        second.requests = second.requests.saturating_add(1);
        second.errors = second.errors.saturating_add(u64::from(failed));
        second.latency.record(micros);
    }

    fn second(&mut self, at: i64) -> &mut Second {
        let place = match self.seconds.binary_search_by_key(&at, |second| second.at) {
            Ok(place) => place,
            Err(place) => {
                self.seconds.insert(place, Second { at, ..Second::default() });
                place
            }
        };
        &mut self.seconds[place]
    }

    /// The sums over all seconds.
    pub fn total(&self) -> Totals {
        let mut totals = Totals::default();
        for second in &self.seconds {
            totals.requests = totals.requests.saturating_add(second.requests);
            totals.errors = totals.errors.saturating_add(second.errors);
            totals.latency.merge(&second.latency);
        }
        totals
    }

    /// The seconds from unix second `at` on.
    pub fn since(&self, at: i64) -> Window {
        Window { seconds: self.seconds.iter().filter(|second| second.at >= at).cloned().collect() }
    }

    /// The seconds from unix second `from` on and before `to`.
    pub fn between(&self, from: i64, to: i64) -> Window {
        let within = |second: &&Second| second.at >= from && second.at < to;
        Window { seconds: self.seconds.iter().filter(within).cloned().collect() }
    }

    /// Adds another window: seconds that both have are summed.
    pub fn merge(&mut self, other: &Window) {
        for theirs in &other.seconds {
            let ours = self.second(theirs.at);
            ours.requests = ours.requests.saturating_add(theirs.requests);
            ours.errors = ours.errors.saturating_add(theirs.errors);
            ours.latency.merge(&theirs.latency);
        }
    }

    /// The window without the second for which `badness` is highest (the earliest of equals).
    pub fn without_worst_second(&self, badness: impl Fn(&Second) -> f64) -> Window {
        let mut worst: Option<(usize, f64)> = None;
        for (place, second) in self.seconds.iter().enumerate() {
            let bad = badness(second);
            if worst.is_none_or(|(_, most)| bad > most) {
                worst = Some((place, bad));
            }
        }
        let mut rest = self.clone();
        if let Some((place, _)) = worst {
            rest.seconds.remove(place);
        }
        rest
    }

    /// The window as at most `blocks` blocks of as many neighbouring seconds each; sums stay the same.
    pub fn coalesced(&self, blocks: usize) -> Window {
        let length = self.seconds.len().div_ceil(blocks.max(1)).max(1);
        let seconds = self.seconds.chunks(length).map(|chunk| {
            let totals = Window { seconds: chunk.to_vec() }.total();
            let Totals { requests, errors, latency } = totals;
            Second { at: chunk[0].at, requests, errors, latency }
        });
        Window { seconds: seconds.collect() }
    }

    /// The window in so few blocks (30 at most) that its JSON stays under 24 KiB, whatever it holds.
    ///
    /// A single block takes at most 24 bytes for each of the sketch's buckets, and in practice a third of it.
    pub fn compacted(&self) -> Window {
        let mut blocks = MOST_BLOCKS;
        loop {
            let window = self.coalesced(blocks);
            if blocks <= 1 || window.json_bytes() <= MOST_BYTES {
                return window;
            }
            blocks /= 2;
        }
    }

    /// An upper bound of the window's JSON in bytes, from the digits of its numbers.
    fn json_bytes(&self) -> usize {
        let of_second = |second: &Second| {
            let pairs: usize = second.latency.iter().map(|(_, count)| 5 + digits(count)).sum();
            100 + pairs
        };
        16 + self.seconds.iter().map(of_second).sum::<usize>()
    }
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
