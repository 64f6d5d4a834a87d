//! Reads metrics: of a service from its shim, of the host from `/proc`.

use super::machine::Machine;
use super::target_files::ServiceFolder;
use crate::effects::{Measure, MeasureRequest, Measured, VersionMeasured};
use crate::runtime::{Performs, ToolError, Work};
use async_trait::async_trait;
use orchestra_shim::{EventKind, ShimClient, VersionState};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How many events of a shim are handed on.
const EVENTS: usize = 50;

/// Performs [`Measure`].
pub struct Meter {
    machine: Arc<Machine>,
    before: Mutex<Option<(Instant, Counters)>>,
}

impl Meter {
    /// The meter of a machine.
    pub fn new(machine: Arc<Machine>) -> Self {
        Self { machine, before: Mutex::default() }
    }

    fn host(&self) -> BTreeMap<String, f64> {
        let mut host = BTreeMap::new();
        if let Some(percent) = memory_percent() {
            host.insert("memory_percent".to_owned(), percent);
        }
        if let Some(percent) = disk_percent(&self.machine.dir) {
            host.insert("disk_percent".to_owned(), percent);
        }
        let (now, counters) = (Instant::now(), Counters::read());
        let Ok(mut before) = self.before.lock() else { return host };
        if let Some((then, old)) = before.replace((now, counters)) {
            let seconds = now.duration_since(then).as_secs_f64();
            let busy = counters.busy.saturating_sub(old.busy) as f64;
            let total = counters.total.saturating_sub(old.total) as f64;
            if total > 0.0 && seconds > 0.0 {
                host.insert("cpu_percent".to_owned(), 100.0 * busy / total);
                let bytes = counters.network.saturating_sub(old.network) as f64;
                host.insert("network_bytes".to_owned(), bytes / seconds);
            }
        }
        host
    }
}

#[async_trait]
impl Performs<Measure> for Meter {
    async fn perform(&self, request: MeasureRequest, _: &Work) -> Result<Measured, ToolError> {
        let (environment, name) = &request.service;
        let folder = ServiceFolder::of(&self.machine.dir, environment, name);
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut measured =
            Measured { at: i64::try_from(at).unwrap_or(i64::MAX), host: self.host(), ..Measured::default() };
        let read = async {
            let client = ShimClient::connect(&folder.0).await?;
            let status = client.status_since(request.events_after).await?;
            Ok::<_, orchestra_shim::ShimError>((status, client.metrics(request.since).await?))
        };
        let (status, mut metrics) = match read.await {
            Ok(read) => read,
            Err(error) => {
                measured.unreachable = Some(error.to_string());
                return Ok(measured);
            }
        };
        for (name, version) in status.versions {
            let window = metrics.versions.remove(&name).unwrap_or_default();
            measured.versions.insert(
                name,
                VersionMeasured {
                    window: window.compacted(),
                    ready: version.state == VersionState::Ready,
                    crash_loop: version.state == VersionState::CrashLoop,
                    restarts: version.restarts,
                    reason: version.reason,
                    cpu_percent: version.cpu_percent,
                    memory_bytes: version.memory_bytes,
                },
            );
        }
        let died = |kind: EventKind| matches!(kind, EventKind::Died | EventKind::CrashLoop);
        let events = status.events.into_iter().filter(|event| event.sequence > request.events_after);
        measured.events = events
            .map(|event| (event.sequence, event.version, event.message, died(event.kind)))
            .take(EVENTS)
            .collect();
        Ok(measured)
    }
}

/// What the kernel counts since it booted.
#[derive(Clone, Copy, Default)]
struct Counters {
    busy: u64,
    total: u64,
    network: u64,
}

impl Counters {
    fn read() -> Self {
        let mut counters = Self::default();
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        if let Some(line) = stat.lines().next() {
            let times: Vec<u64> =
                line.split_whitespace().skip(1).filter_map(|time| time.parse().ok()).collect();
            counters.total = times.iter().take(8).sum();
            // Fields 4 and 5 are the time idle and the time idle while waiting for a disk.
            let idle: u64 = times.iter().skip(3).take(2).sum();
            counters.busy = counters.total.saturating_sub(idle);
        }
        let devices = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
        for line in devices.lines().filter_map(|line| line.split_once(':')) {
            let (name, numbers) = line;
            if name.trim() != "lo" {
                let numbers: Vec<u64> =
                    numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
                counters.network += numbers.first().unwrap_or(&0) + numbers.get(8).unwrap_or(&0);
            }
        }
        counters
    }
}

fn memory_percent() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let of = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    let (total, available) = (of("MemTotal:")?, of("MemAvailable:")?);
    (total > 0.0).then(|| 100.0 * (total - available) / total)
}

fn disk_percent(dir: &Path) -> Option<f64> {
    let about = rustix::fs::statvfs(dir).ok()?;
    let (all, free) = (about.f_blocks as f64, about.f_bavail as f64);
    (all > 0.0).then(|| 100.0 * (all - free) / all)
}
