//! A latency histogram with log-spaced buckets.
//!
//! Each bucket's upper bound is at most 2 % above the one before, from 50 µs to 10 minutes; what lies outside is
//! counted in the first or last bucket. Only buckets that hold something are stored, so a sketch is bounded by
//! [`BUCKETS`] however many requests it has seen. The idea is that of HDR histograms and DDSketch (Masson, Rim
//! and Lee, VLDB 2019): a bounded relative error at every quantile, and merging without loss.

use serde::{Deserialize, Serialize};

/// The upper bound of the first bucket, in microseconds.
pub const LOWEST_MICROS: u64 = 50;
/// The upper bound of the last bucket, in microseconds: ten minutes.
pub const HIGHEST_MICROS: u64 = 600_000_000;
/// How many buckets there are.
pub const BUCKETS: usize = count_buckets();

const UPPER_BOUNDS: [u64; BUCKETS] = upper_bounds();

const fn next_bound(bound: u64) -> u64 {
    let next = bound * 102 / 100;
    if next >= HIGHEST_MICROS { HIGHEST_MICROS } else { next }
}

const fn count_buckets() -> usize {
    let mut bound = LOWEST_MICROS;
    let mut count = 1;
    while bound < HIGHEST_MICROS {
        bound = next_bound(bound);
        count += 1;
    }
    count
}

const fn upper_bounds() -> [u64; BUCKETS] {
    let mut bounds = [LOWEST_MICROS; BUCKETS];
    let mut index = 1;
    while index < BUCKETS {
        bounds[index] = next_bound(bounds[index - 1]);
        index += 1;
    }
    bounds
}

/// Counts of latencies by bucket; its JSON is a flat list `[step to the bucket, count, …]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<u64>", try_from = "Vec<u64>")]
pub struct Sketch {
    /// Bucket and count, ascending by bucket, no count is zero.
    buckets: Vec<(u16, u64)>,
}

impl Sketch {
    /// Counts one latency, in microseconds.
    pub fn record(&mut self, micros: u64) {
        self.record_many(micros, 1);
    }

    /// Counts `times` requests of the same latency, in microseconds.
    pub fn record_many(&mut self, micros: u64, times: u64) {
        if times == 0 {
            return;
        }
        let index = bucket_of(micros);
        match self.buckets.binary_search_by_key(&index, |(bucket, _)| *bucket) {
            Ok(place) => self.buckets[place].1 = self.buckets[place].1.saturating_add(times),
            Err(place) => self.buckets.insert(place, (index, times)),
        }
    }

    /// Adds the counts of another sketch.
    pub fn merge(&mut self, other: &Sketch) {
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
            return;
        }
        let mut merged = Vec::with_capacity(self.buckets.len().max(other.buckets.len()));
        let (mut ours, mut theirs) = (self.buckets.iter().peekable(), other.buckets.iter().peekable());
        loop {
            let next = match (ours.peek(), theirs.peek()) {
                (Some(a), Some(b)) if a.0 == b.0 => {
                    let sum = (a.0, a.1.saturating_add(b.1));
                    ours.next();
                    theirs.next();
                    sum
                }
                (Some(a), Some(b)) if a.0 > b.0 => {
                    let next = **b;
                    theirs.next();
                    next
                }
                (Some(a), _) => {
                    let next = **a;
                    ours.next();
                    next
                }
                (None, Some(b)) => {
                    let next = **b;
                    theirs.next();
                    next
                }
                (None, None) => break,
            };
            merged.push(next);
        }
        self.buckets = merged;
    }

    /// How many latencies were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The latency in microseconds that a share `quantile` (0 to 1) of the requests did not exceed: nearest rank,
    /// rounded up to its bucket's upper bound, so at most 2 % too high. `None` when nothing was counted.
    pub fn quantile(&self, quantile: f64) -> Option<u64> {
        let total = self.count();
        let share = if quantile.is_finite() { quantile.clamp(0.0, 1.0) } else { 1.0 };
        let rank = ((share * total as f64).ceil() as u64).clamp(1, total.max(1));
        let mut seen = 0_u64;
        for (upper, count) in self.iter() {
            seen = seen.saturating_add(count);
            if seen >= rank {
                return Some(upper);
            }
        }
        None
    }

    /// How many latencies lie in buckets whose upper bound is above `micros`.
    ///
    /// Exact when `micros` is itself a bound (as every quantile is), else the bucket around it counts as above.
    pub fn count_above(&self, micros: u64) -> u64 {
        let first = self.buckets.partition_point(|(bucket, _)| UPPER_BOUNDS[*bucket as usize] <= micros);
        self.buckets[first..].iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Every non-empty bucket as (upper bound in microseconds, count), ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.buckets.iter().map(|(bucket, count)| (UPPER_BOUNDS[*bucket as usize], *count))
    }

    /// The sketch of the same requests, each as slow as `change` says (microseconds in and out).
    pub fn mapped(&self, change: impl Fn(u64) -> u64) -> Sketch {
        let mut mapped = Sketch::default();
        for (upper, count) in self.iter() {
            mapped.record_many(change(upper), count);
        }
        mapped
    }

    /// How many buckets hold something: what the sketch costs in memory and in JSON.
    pub fn width(&self) -> usize {
        self.buckets.len()
    }
}

/// The upper bound of the bucket that counts `micros`.
pub fn bucket_bound(micros: u64) -> u64 {
    UPPER_BOUNDS[bucket_of(micros) as usize]
}

fn bucket_of(micros: u64) -> u16 {
    UPPER_BOUNDS.partition_point(|bound| *bound < micros).min(BUCKETS - 1) as u16
}

impl From<Sketch> for Vec<u64> {
    fn from(sketch: Sketch) -> Self {
        let mut flat = Vec::with_capacity(sketch.buckets.len() * 2);
        let mut last = 0;
        for (bucket, count) in sketch.buckets {
            flat.push(u64::from(bucket - last));
            flat.push(count);
            last = bucket;
        }
        flat
    }
}

impl TryFrom<Vec<u64>> for Sketch {
    type Error = String;

    fn try_from(flat: Vec<u64>) -> Result<Self, String> {
        if !flat.len().is_multiple_of(2) || flat.len() > BUCKETS * 2 {
            return Err(format!("a sketch is a list of at most {BUCKETS} pairs, not {} numbers", flat.len()));
        }
        let mut buckets: Vec<(u16, u64)> = Vec::with_capacity(flat.len() / 2);
        let mut bucket = 0_u64;
        for pair in flat.chunks_exact(2) {
            bucket = bucket.saturating_add(pair[0]);
            let repeated = pair[0] == 0 && !buckets.is_empty();
            if repeated || bucket >= BUCKETS as u64 || pair[1] == 0 {
                return Err(format!("a sketch has no place for {} requests in bucket {bucket}", pair[1]));
            }
            buckets.push((bucket as u16, pair[1]));
        }
        Ok(Sketch { buckets })
    }
}

#[cfg(test)]
#[path = "sketch_tests.rs"]
mod tests;
