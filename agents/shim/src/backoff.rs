//! How long to wait before a process is started again, and when it counts as a crash loop. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The pause after the first death.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Deaths in a row before ever being ready that make a crash loop.
pub(crate) const EARLY_DEATHS: u32 = 3;

/// Deaths within [`WINDOW`] that make a crash loop, ready or not.
pub(crate) const DEATHS_IN_WINDOW: usize = 5;

/// How far back deaths count, and how long a process must be well for its past to be forgotten.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// The deaths of one replica.
#[derive(Debug, Default)]
pub(crate) struct Deaths {
    recent: VecDeque<Instant>,
    in_a_row: u32,
    early: u32,
    crash_loop: bool,
}

impl Deaths {
    /// Counts a death and says how long to wait. `was_ready`: for how long it had been ready, if it was.
    ///
    /// The pause doubles with each death and starts anew after a minute of being well.
    pub(crate) fn count(&mut self, now: Instant, was_ready: Option<Duration>) -> Duration {
        if was_ready.is_some_and(|length| length >= WINDOW) {
            *self = Self::default();
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.early = if was_ready.is_some() { 0 } else { self.early.saturating_add(1) };
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|death| now.saturating_duration_since(*death) > WINDOW) {
            self.recent.pop_front();
        }
        self.crash_loop |= self.early >= EARLY_DEATHS || self.recent.len() >= DEATHS_IN_WINDOW;
        let doubled = FIRST_PAUSE.saturating_mul(1 << (self.in_a_row - 1).min(16));
        doubled.min(LONGEST_PAUSE)
    }

    /// Forgets the past: the process has been well for [`WINDOW`].
    pub(crate) fn forgive(&mut self) {
        *self = Self::default();
    }

    /// Whether it keeps dying.
    pub(crate) fn crash_loop(&self) -> bool {
        self.crash_loop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_early_deaths_are_a_crash_loop() {
        let (mut deaths, now) = (Deaths::default(), Instant::now());
        let pauses: Vec<_> =
            (0..3).map(|_| (deaths.count(now, None).as_millis(), deaths.crash_loop())).collect();
        assert_eq!(pauses, [(200, false), (400, false), (800, true)]);
    }

    #[test]
    fn five_deaths_in_a_minute_are_a_crash_loop_and_five_in_an_hour_are_not() {
        for (apart, expected) in [(5, true), (14, true), (16, false), (600, false)] {
            let (mut deaths, start) = (Deaths::default(), Instant::now());
            for number in 0..5 {
                deaths.count(start + Duration::from_secs(apart * number), Some(Duration::from_secs(1)));
            }
            assert_eq!(deaths.crash_loop(), expected, "{apart} s apart");
        }
    }

    #[test]
    fn the_pause_is_bounded_and_a_good_minute_forgives() {
        let (mut deaths, now) = (Deaths::default(), Instant::now());
        for _ in 0..100 {
            assert!(deaths.count(now, None) <= LONGEST_PAUSE);
        }
        assert!(deaths.crash_loop());
        assert_eq!(deaths.count(now, Some(WINDOW)), FIRST_PAUSE);
        assert!(!deaths.crash_loop());
    }
}
