//! The named places at which a test may stop, fail or kill the process.
//!
//! They are compiled in with the feature `failpoints` only and do nothing until they are configured, by
//! `fail::cfg` or by the environment variable `FAILPOINTS` once the program has called
//! `fail::FailScenario::setup`. `NAME=pause` holds the writer at the place, so that a harness can kill the
//! process there.

/// Every failpoint of this crate, in the order of the step protocol.
///
/// Each command of the writer has two: its rows are written but not committed, and it is committed but not
/// answered. `store.commit.io` makes the commit fail as a failed flush does; `blob.*` surround the rename that
/// makes a blob visible.
pub const FAILPOINTS: &[&str] = &[
    "accept.before-commit",
    "accept.after-commit",
    "attempt.before-commit",
    "attempt.after-commit",
    "step.before-commit",
    "step.after-commit",
    "claim.before-commit",
    "claim.after-commit",
    "put_back.before-commit",
    "put_back.after-commit",
    "timers.before-commit",
    "timers.after-commit",
    "bury.before-commit",
    "bury.after-commit",
    "settle.before-commit",
    "settle.after-commit",
    "shown.before-commit",
    "shown.after-commit",
    "number.before-commit",
    "number.after-commit",
    "progress.before-commit",
    "progress.after-commit",
    "expire.before-commit",
    "expire.after-commit",
    "store.commit.io",
    "blob.before-rename",
    "blob.after-rename",
];

/// Stops, fails or dies here when a test asked for it; else does nothing.
pub(crate) fn reach(name: &'static str) {
    // Without the feature the macro expands to nothing and the name has no other use.
    let _unused_without_the_feature = name;
    fail::fail_point!(name);
}

/// The two failpoints of one of the writer's commands.
#[derive(Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) before_commit: &'static str,
    pub(crate) after_commit: &'static str,
}

macro_rules! stages {
    ($($name:ident = $text:literal),* $(,)?) => {
        impl Stage {
            $(pub(crate) const $name: Stage = Stage {
                before_commit: concat!($text, ".before-commit"),
                after_commit: concat!($text, ".after-commit"),
            };)*

            #[cfg(test)]
            const ALL: &[Stage] = &[$(Stage::$name),*];
        }
    };
}

stages! {
    ACCEPT = "accept",
    ATTEMPT = "attempt",
    STEP = "step",
    CLAIM = "claim",
    PUT_BACK = "put_back",
    TIMERS = "timers",
    BURY = "bury",
    SETTLE = "settle",
    SHOWN = "shown",
    NUMBER = "number",
    PROGRESS = "progress",
    EXPIRE = "expire",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_listed_for_the_harness() {
        for stage in Stage::ALL {
            assert!(FAILPOINTS.contains(&stage.before_commit), "{}", stage.before_commit);
            assert!(FAILPOINTS.contains(&stage.after_commit), "{}", stage.after_commit);
        }
    }
}
