//! Conditions waited for within a bound, and parts of the story that are left out loudly.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until a look finds something, and returns it.
///
/// # Panics
/// When it found nothing within the bound; the message names what was waited for.
pub fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain: {what}", within.as_secs());
        std::thread::sleep(LOOK);
    }
}

/// Whether the long stories are told too: `ORCHESTRA_FULL=1`.
pub fn full(story: &str) -> bool {
    let full = std::env::var("ORCHESTRA_FULL").is_ok_and(|value| value == "1");
    if !full {
        eprintln!("SKIPPED {story}: it is long; ORCHESTRA_FULL=1 tells it");
    }
    full
}

/// Says that a story can't be told here; fails when `ORCHESTRA_REQUIRE` names the part that is missing.
///
/// # Panics
/// When the part is required.
pub fn skipped(story: &str, part: &str, why: &str) {
    let required = std::env::var("ORCHESTRA_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == part), "{story} requires {part}: {why}");
    eprintln!("SKIPPED {story}: {why}");
}
