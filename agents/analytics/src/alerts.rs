//! Thresholds that raise, resolve, and notice silence.
//!
//! Each rule has its own standing. It raises after [`RAISE_AFTER`] readings in a row at its threshold or above,
//! says so once, and resolves only after [`RESOLVE_AFTER`] readings in a row below nine tenths of it. Readings
//! that stop are a state of their own: they are told once, they never resolve anything, and what was raised
//! before is still raised when they come back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Readings in a row at the threshold or above that raise.
pub const RAISE_AFTER: u32 = 2;
/// Readings in a row below [`RESOLVE_BELOW`] that resolve.
pub const RESOLVE_AFTER: u32 = 3;
/// The part of the threshold below which a reading counts towards resolving.
pub const RESOLVE_BELOW: f64 = 0.9;
/// Missing readings in a row that are told as silence.
pub const SILENT_AFTER: u32 = 3;

/// What is measured, with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Latency at p95, in milliseconds.
    Latency,
    /// Failed requests, in percent.
    ErrorRate,
    /// Processor time, in percent of what there is.
    Cpu,
    /// Memory, in percent of what there is.
    Memory,
    /// Disk, in percent of what there is.
    Disk,
    /// Network traffic, in bytes a second.
    Network,
}

impl Kind {
    /// The unit of its values, as it is written behind a number.
    pub fn unit(&self) -> &'static str {
        match self {
            Kind::Latency => "ms",
            Kind::ErrorRate | Kind::Cpu | Kind::Memory | Kind::Disk => "%",
            Kind::Network => "bytes/s",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Kind::Latency => "latency",
            Kind::ErrorRate => "error rate",
            Kind::Cpu => "cpu",
            Kind::Memory => "memory",
            Kind::Disk => "disk",
            Kind::Network => "network",
        })
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Someone should look; what thresholds and alerts of the file raise.
    Warning,
    /// Someone must act.
    Critical,
}

/// One threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What is measured.
    pub kind: Kind,
    /// The value at which it raises, in the kind's unit. One that is not a number never raises.
    pub threshold: f64,
    /// How bad it is.
    pub severity: Severity,
}

impl Rule {
    /// A threshold of the file: a warning.
    pub fn warning(kind: Kind, threshold: f64) -> Rule {
        Rule { kind, threshold, severity: Severity::Warning }
    }
}

/// The values of one moment; a kind that is missing was not measured.
pub type Readings = BTreeMap<Kind, f64>;

/// What happened to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The threshold is reached.
    Raised,
    /// It is not any more, by some distance and for some readings.
    Resolved,
    /// Nothing is measured any more.
    NoData,
    /// Something is measured again.
    DataAgain,
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What happened.
    pub what: What,
    /// To which measure.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// The reading that brought it; `None` without data.
    pub value: Option<f64>,
    /// The rule's threshold.
    pub threshold: f64,
    /// Since when the alert had stood (unix seconds), for what resolves.
    pub since: Option<i64>,
}

/// How one rule stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    rule: Rule,
    /// Since when it is raised, in unix seconds; `None` while it is not.
    pub raised_at: Option<i64>,
    /// Whether its silence was told.
    pub silent: bool,
    /// Readings in a row towards the next change of `raised_at`.
    towards: u32,
    missing: u32,
}

/// How all rules stand; starts empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Alerts {
    standings: Vec<Standing>,
}

impl Alerts {
    /// The rules that are raised, with the unix second since which each is.
    pub fn raised(&self) -> impl Iterator<Item = (Rule, i64)> + '_ {
        self.standings.iter().filter_map(|standing| Some((standing.rule, standing.raised_at?)))
    }

    /// The kinds whose readings stopped.
    pub fn silent(&self) -> impl Iterator<Item = Kind> + '_ {
        self.standings.iter().filter(|standing| standing.silent).map(|standing| standing.rule.kind)
    }
}

/// Takes the readings of `now` (unix seconds) and returns what there is to tell, in the order of the rules.
///
/// A rule that is not among `rules` any more is forgotten; if it was raised, that is told as resolved.
pub fn observe(state: &mut Alerts, rules: &[Rule], readings: &Readings, now: i64) -> Vec<Change> {
    let mut before = std::mem::take(&mut state.standings);
    let mut changes = Vec::new();
    for rule in rules {
        if state.standings.iter().any(|standing| standing.rule == *rule) {
            continue;
        }
        let known = before.iter().position(|standing| standing.rule == *rule);
        let mut standing = match known {
            Some(place) => before.remove(place),
            None => Standing { rule: *rule, raised_at: None, silent: false, towards: 0, missing: 0 },
        };
        match readings.get(&rule.kind).filter(|value| value.is_finite()) {
            Some(value) => changes.extend(standing.take(*value, now)),
            None => changes.extend(standing.miss()),
        }
        state.standings.push(standing);
    }
    for forgotten in before.into_iter().filter(|standing| standing.raised_at.is_some()) {
        changes.push(forgotten.change(What::Resolved, None));
    }
    changes
}

impl Standing {
    fn take(&mut self, value: f64, now: i64) -> Vec<Change> {
        let mut changes = Vec::new();
        self.missing = 0;
        if std::mem::take(&mut self.silent) {
            changes.push(self.change(What::DataAgain, Some(value)));
        }
        let threshold = self.rule.threshold;
        let (counts, needed) = match self.raised_at {
            None => (value >= threshold, RAISE_AFTER),
            Some(_) => (value < threshold * RESOLVE_BELOW, RESOLVE_AFTER),
        };
        self.towards = if counts { self.towards + 1 } else { 0 };
        if self.towards >= needed {
            self.towards = 0;
            if self.raised_at.is_some() {
                changes.push(self.change(What::Resolved, Some(value)));
                self.raised_at = None;
            } else {
                self.raised_at = Some(now);
                changes.push(self.change(What::Raised, Some(value)));
            }
        }
        changes
    }

    fn miss(&mut self) -> Option<Change> {
        // What was counted before a gap proves nothing about the time after it.
        self.towards = 0;
        self.missing = self.missing.saturating_add(1);
        if self.missing < SILENT_AFTER || self.silent {
            return None;
        }
        self.silent = true;
        Some(self.change(What::NoData, None))
    }

    fn change(&self, what: What, value: Option<f64>) -> Change {
        let Rule { kind, threshold, severity } = self.rule;
        Change { what, kind, severity, value, threshold, since: self.raised_at }
    }
}

#[cfg(test)]
#[path = "alerts_tests.rs"]
mod tests;
