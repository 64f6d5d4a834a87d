//! What the observability agent remembers of a watch, and how it judges a measurement. Pure.

use crate::effects::Measured;
use orchestra_analytics::alerts::{self, Alerts, Kind, Rule, Severity, What};
use orchestra_analytics::watch::{Limits, WATCH_BUDGET, Watching};
use orchestra_analytics::{Comparison, Look, Metric, SmallestEffect, Verdict, compare};
use orchestra_events::file::PipelineFile;
use orchestra_events::file::pipeline::AlertKind;
use orchestra_events::pipeline::{
    AnalysisFinished, ComparedNumber, DeploymentTriggered, RolloutStep, StepKind, StepVerdict,
};
use orchestra_events::{PipelineState, RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// The first seconds of a fresh process that do not count against it.
const WARM_UP_SECONDS: i64 = 3;
/// How many looks a step has.
const LOOKS: u64 = 10;
/// How long the version before is remembered for, at a promotion.
const BEFORE_SECONDS: i64 = 60;
/// Into how many blocks the memory of the version before is folded.
const BLOCKS: usize = 20;
/// How many CPU readings are remembered.
const READINGS: usize = 60;

/// A rollout's step under analysis.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Watch {
    /// The run.
    pub run: RunId,
    /// The repository's name.
    pub repo: String,
    /// The environment.
    pub environment: String,
    /// The version.
    pub version: String,
    /// The step.
    pub step: RolloutStep,
    /// When the step began.
    pub began: Timestamp,
    /// From which second on its numbers count.
    pub from: i64,
    /// How many looks were taken.
    pub looks: u32,
    /// The last event of the shim that was seen.
    pub events_seen: u64,
    /// What is watched after a promotion.
    pub promotion: Option<Watching>,
    /// CPU readings, for the promotion's watch.
    pub cpu: Vec<(i64, f64)>,
}

/// What a look came to.
#[derive(Clone, PartialEq, Debug)]
pub enum Watched {
    /// Another look is needed.
    GoesOn,
    /// There is a verdict.
    Finished(Box<AnalysisFinished>),
}

impl Watch {
    /// Begins to watch a step.
    pub fn begin(
        run: RunId,
        event: &DeploymentTriggered,
        step: RolloutStep,
        pipeline: &PipelineState,
        now: Timestamp,
    ) -> Self {
        let second = now.0 / 1000;
        let from = second + if step.number == 1 { WARM_UP_SECONDS } else { 1 };
        let threshold = pipeline.repo_context.config.as_ref().map(|config| config.rollback.threshold.clone());
        let promotion = (step.kind == StepKind::Promotion).then(|| Watching {
            since: from,
            duration: step.seconds,
            limits: Limits {
                cpu_percent: threshold.as_ref().map(|threshold| threshold.cpu),
                error_percent: threshold.as_ref().map(|threshold| threshold.errors),
            },
            baseline: None,
            effect: SmallestEffect::default(),
            planned_looks: u32::try_from(LOOKS).unwrap_or(u32::MAX),
        });
        Self {
            run,
            repo: event.repo.clone(),
            environment: event.environment.clone(),
            version: event.version.clone(),
            step,
            began: now,
            from,
            looks: 0,
            events_seen: 0,
            promotion,
            cpu: Vec::new(),
        }
    }

    /// What tells this watch's timers from those of a watch before it.
    pub fn mark(&self) -> String {
        self.began.0.to_string()
    }

    /// From which second on to measure.
    pub fn measured_from(&self) -> i64 {
        if self.promotion.is_some() { self.from - BEFORE_SECONDS } else { self.from }
    }

    /// When to look next.
    pub fn next_look(&self, now: Timestamp) -> Timestamp {
        let longest = if self.promotion.is_some() { 10 } else { 60 };
        let pace =
            (self.step.seconds / LOOKS).clamp(1, longest).max(if self.step.seconds >= 20 { 3 } else { 1 });
        let first = if self.looks == 0 { u64::try_from(self.from - now.0 / 1000).unwrap_or(0) } else { 0 };
        now.plus_seconds(pace + first).min(self.ends().max(now.plus_seconds(1)))
    }

    fn ends(&self) -> Timestamp {
        Timestamp(self.from * 1000).plus_seconds(self.step.seconds)
    }

    fn planned(&self) -> u32 {
        let pace = (self.step.seconds / LOOKS).max(if self.step.seconds >= 20 { 3 } else { 1 });
        u32::try_from(self.step.seconds / pace).unwrap_or(1).max(1)
    }

    /// Judges a measurement.
    pub fn look(&mut self, service: &str, measured: &Measured, now: Timestamp) -> Watched {
        self.looks += 1;
        let last = now >= self.ends();
        let old_enough = now >= Timestamp(self.from * 1000).plus_seconds(self.step.least_seconds);
        let Some(version) = measured.versions.get(&self.version) else {
            if !last {
                return Watched::GoesOn;
            }
            let why = measured.unreachable.clone().unwrap_or_else(|| "the version does not run".to_owned());
            return self.finished(service, StepVerdict::NoData, None, vec![why.clone()], why);
        };
        if version.crash_loop || (last && !version.ready) {
            let why = version.reason.clone().unwrap_or_else(|| "it is not ready".to_owned());
            let summary = format!("{} of {service} does not stay up: {why}", self.version);
            return self.finished(service, StepVerdict::Fail, None, vec![], summary);
        }
        if self.step.health_only || self.step.baseline.is_none() {
            if !last {
                return Watched::GoesOn;
            }
            let summary = format!("{} is healthy; the file says that health is enough", self.version);
            return self.finished(service, StepVerdict::Pass, None, vec![], summary);
        }
        if self.promotion.is_some() {
            return self.look_after_promotion(service, measured, last, now);
        }
        let empty = orchestra_analytics::Window::default();
        let baseline = self.step.baseline.as_ref().and_then(|name| measured.versions.get(name));
        let baseline = baseline.map_or(&empty, |baseline| &baseline.window);
        let budget = (1.0 - WATCH_BUDGET) / f64::from(self.step.of.saturating_sub(1).max(1));
        let look = Look { number: self.looks, planned: self.planned(), last };
        let canary = version.window.since(self.from);
        let comparison =
            compare(&baseline.since(self.from), &canary, &SmallestEffect::default(), look, budget);
        match comparison.verdict {
            Verdict::Fail => self.compared(service, StepVerdict::Fail, comparison),
            // One that is down right now answers nothing wrong either.
            Verdict::Pass if version.ready && (last || old_enough) => {
                self.compared(service, StepVerdict::Pass, comparison)
            }
            Verdict::Inconclusive if last => self.compared(service, StepVerdict::Inconclusive, comparison),
            Verdict::NoData if last => self.compared(service, StepVerdict::NoData, comparison),
            Verdict::Pass | Verdict::Inconclusive | Verdict::NoData => Watched::GoesOn,
        }
    }

    fn look_after_promotion(
        &mut self,
        service: &str,
        measured: &Measured,
        last: bool,
        now: Timestamp,
    ) -> Watched {
        let Some(watching) = &mut self.promotion else { return Watched::GoesOn };
        let Some(version) = measured.versions.get(&self.version) else { return Watched::GoesOn };
        if watching.baseline.is_none()
            && let Some(before) = self.step.baseline.as_ref().and_then(|name| measured.versions.get(name))
        {
            watching.baseline = Some(before.window.between(0, self.began.0 / 1000).coalesced(BLOCKS));
        }
        if let Some(percent) = version.cpu_percent {
            self.cpu.push((measured.at, percent));
            let surplus = self.cpu.len().saturating_sub(READINGS);
            self.cpu.drain(..surplus);
        }
        let at = if last { watching.ends() } else { now.0 / 1000 };
        let watched = watching.look(&version.window, &self.cpu, self.looks, at);
        let verdict = match watched.verdict {
            None => return Watched::GoesOn,
            Some(verdict) => said(verdict),
        };
        let summary = format!("{} after its promotion: {}", self.version, watched.because);
        let lacking = if verdict == StepVerdict::NoData { vec![watched.because] } else { vec![] };
        // The watch passes on the file's limits; a comparison with the past is shown where it refuses.
        let comparison = watched.comparison.filter(|_| verdict == StepVerdict::Fail);
        self.finished(service, verdict, comparison, lacking, summary)
    }

    fn compared(&self, service: &str, verdict: StepVerdict, comparison: Comparison) -> Watched {
        let worst =
            comparison.rows.iter().find(|row| said(row.verdict) == verdict).map(|row| row.because.clone());
        let summary = match verdict {
            StepVerdict::Pass => {
                let baseline = self.step.baseline.clone().unwrap_or_default();
                format!(
                    "{} is as good as {baseline} over {} requests",
                    self.version, comparison.canary_requests
                )
            }
            StepVerdict::Fail => {
                // The first clause has the numbers; how sure they are stands in the table.
                let worst = worst.unwrap_or_default();
                let worst = worst.split(';').next().unwrap_or_default();
                format!("{} is refused: {worst}", self.version)
            }
            StepVerdict::Inconclusive | StepVerdict::NoData => {
                let lacking = comparison.lacking.first().cloned().or(worst);
                format!("nothing sure can be said of {}: {}", self.version, lacking.unwrap_or_default())
            }
        };
        let lacking = comparison.lacking.clone();
        self.finished(service, verdict, Some(comparison), lacking, summary)
    }

    fn finished(
        &self,
        service: &str,
        verdict: StepVerdict,
        comparison: Option<Comparison>,
        lacking: Vec<String>,
        summary: String,
    ) -> Watched {
        let rows = comparison.as_ref().map(|comparison| comparison.rows.as_slice()).unwrap_or_default();
        let requests = comparison
            .as_ref()
            .map(|comparison| (comparison.baseline_requests, comparison.canary_requests))
            .unwrap_or_default();
        Watched::Finished(Box::new(AnalysisFinished {
            repo: self.repo.clone(),
            service: service.to_owned(),
            version: self.version.clone(),
            step: self.step.number,
            verdict,
            numbers: rows.iter().map(number).collect(),
            lacking,
            requests,
            agent: "observability".to_owned(),
            summary,
        }))
    }
}

fn said(verdict: Verdict) -> StepVerdict {
    match verdict {
        Verdict::Pass => StepVerdict::Pass,
        Verdict::Fail => StepVerdict::Fail,
        Verdict::Inconclusive => StepVerdict::Inconclusive,
        Verdict::NoData => StepVerdict::NoData,
    }
}

fn number(row: &orchestra_analytics::Row) -> ComparedNumber {
    let finite = |value: f64| value.is_finite().then_some(value);
    ComparedNumber {
        metric: metric_name(row.metric),
        baseline: finite(row.baseline),
        canary: finite(row.canary),
        tolerated: finite(row.tolerated).unwrap_or(0.0),
        p_value: row.p_value.and_then(finite),
        verdict: said(row.verdict),
        because: row.because.clone(),
    }
}

fn metric_name(metric: Metric) -> String {
    let unit = match metric {
        Metric::ErrorRate => "%",
        Metric::LatencyP95 | Metric::LatencyShift => "ms",
    };
    format!("{metric} in {unit}")
}

/// A live service and its alerts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LiveService {
    /// The run that put it live.
    pub run: RunId,
    /// The repository's name.
    pub repo: String,
    /// The environment.
    pub environment: String,
    /// The live version.
    pub version: String,
    /// The rules of the file.
    pub rules: Vec<Rule>,
    /// How each stands.
    pub alerts: Alerts,
    /// The last event of the shim that was seen.
    pub events_seen: u64,
    /// Whether a death of its process was told and it was not well since.
    pub down: bool,
    /// From which second on the measurement under way was asked.
    pub asked_since: i64,
}

/// An alert that came or went.
#[derive(Clone, PartialEq, Debug)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Whether it came.
    pub raised: bool,
    /// In one line.
    pub issue: String,
    /// How much it matters.
    pub severity: Severity,
    /// The number behind it.
    pub value: Option<f64>,
}

impl LiveService {
    /// A service that went live; what stood before still stands.
    pub fn new(
        run: RunId,
        event: &DeploymentTriggered,
        config: &PipelineFile,
        before: Option<LiveService>,
    ) -> Self {
        let thresholds = &config.observability.thresholds;
        let kinds = [
            (AlertKind::Latency, Kind::Latency),
            (AlertKind::ErrorRate, Kind::ErrorRate),
            (AlertKind::Cpu, Kind::Cpu),
            (AlertKind::Memory, Kind::Memory),
            (AlertKind::Disk, Kind::Disk),
            (AlertKind::Network, Kind::Network),
        ];
        let rules = kinds.into_iter().filter_map(|(asked, kind)| {
            // An alert that the file names replaces the general threshold of its kind.
            let named = config.observability.alerts.iter().find(|alert| alert.kind == asked);
            let threshold = named.map(|alert| alert.threshold).or_else(|| thresholds.of(asked))?;
            Some(Rule::warning(kind, threshold))
        });
        let (alerts, events_seen, down) =
            before.map(|before| (before.alerts, before.events_seen, before.down)).unwrap_or_default();
        Self {
            run,
            repo: event.repo.clone(),
            environment: event.environment.clone(),
            version: event.version.clone(),
            rules: rules.collect(),
            alerts,
            events_seen,
            down,
            asked_since: 0,
        }
    }

    /// Judges a measurement.
    pub fn look(&mut self, measured: &Measured) -> Vec<Alarm> {
        let mut alarms = self.deaths(measured);
        let mut readings = alerts::Readings::new();
        for (kind, name) in
            [(Kind::Memory, "memory_percent"), (Kind::Disk, "disk_percent"), (Kind::Network, "network_bytes")]
        {
            if let Some(value) = measured.host.get(name) {
                readings.insert(kind, *value);
            }
        }
        if let Some(version) = measured.versions.get(&self.version) {
            let total = version.window.total();
            if let Some(percent) = total.error_percent() {
                readings.insert(Kind::ErrorRate, percent);
            }
            if let Some(micros) = total.latency.quantile(0.95) {
                readings.insert(Kind::Latency, micros as f64 / 1000.0);
            }
            if let Some(percent) = version.cpu_percent {
                readings.insert(Kind::Cpu, percent);
            }
        }
        let changes = alerts::observe(&mut self.alerts, &self.rules, &readings, measured.at);
        // A service that nobody calls has no latency and no errors: that is not worth waking anyone for.
        let told = changes.into_iter().filter(|change| matches!(change.what, What::Raised | What::Resolved));
        alarms.extend(told.map(|change| {
            let raised = change.what == What::Raised;
            let value = change.value.map_or_else(|| "?".to_owned(), |value| format!("{value:.1}"));
            let (unit, word) = (change.kind.unit(), if raised { "over" } else { "is well again, under" });
            Alarm {
                name: change.kind.to_string().replace(' ', "_"),
                raised,
                issue: format!("{} {value} {unit} {word} {} {unit}", change.kind, change.threshold),
                severity: change.severity,
                value: change.value,
            }
        }));
        alarms
    }

    /// A process that died is told once, and again when the service is well.
    fn deaths(&mut self, measured: &Measured) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        for (number, version, message, died) in &measured.events {
            self.events_seen = self.events_seen.max(*number);
            if *died && version.as_deref() == Some(self.version.as_str()) && !self.down {
                self.down = true;
                alarms.push(self.death(true, message.clone()));
            }
        }
        let ready = measured.versions.get(&self.version).is_some_and(|version| version.ready);
        if self.down && ready && alarms.is_empty() {
            self.down = false;
            alarms.push(self.death(false, format!("{} is up again", self.version)));
        }
        alarms
    }

    fn death(&self, raised: bool, issue: String) -> Alarm {
        Alarm { name: "died".to_owned(), raised, issue, severity: Severity::Critical, value: None }
    }
}

#[cfg(test)]
#[path = "watching_tests.rs"]
mod tests;
