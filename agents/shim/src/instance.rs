//! One version as it runs: its replicas under one specification.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::events::{Events, now_ms};
use crate::logs::VersionLog;
use crate::protocol::{VersionSpec, VersionStatus};
use crate::replica::{Context, Replica, View};
use crate::status;

/// The replicas of one version that were started alike.
#[derive(Debug)]
pub(crate) struct Instance {
    spec: VersionSpec,
    context: Arc<Context>,
    replicas: Mutex<Vec<Replica>>,
    started_at_ms: i64,
}

impl Instance {
    /// Starts all replicas of a version; they become ready later.
    ///
    /// # Errors
    /// When the log file can't be opened.
    pub(crate) fn start(
        spec: &VersionSpec,
        folder: &Path,
        events: &Arc<Events>,
        changed: &Arc<Notify>,
    ) -> io::Result<Self> {
        let log = VersionLog::open(&folder.join("logs"), &spec.version, spec.secret_env.values())?;
        let context = Arc::new(Context {
            spec: spec.clone(),
            folder: folder.to_owned(),
            log,
            events: Arc::clone(events),
            changed: Arc::clone(changed),
        });
        let replicas = (0..spec.replicas).map(|_| Replica::start(Arc::clone(&context))).collect();
        Ok(Self { spec: spec.clone(), context, replicas: Mutex::new(replicas), started_at_ms: now_ms() })
    }

    /// Which version it is.
    pub(crate) fn name(&self) -> &str {
        &self.spec.version
    }

    /// What is wanted of it.
    pub(crate) fn spec(&self) -> &VersionSpec {
        &self.spec
    }

    /// Whether processes of the given specification would be the same as these; their number and limits of time don't matter.
    pub(crate) fn runs_as(&self, spec: &VersionSpec) -> bool {
        let VersionSpec { replicas, drain_seconds, ready_seconds, .. } = *spec;
        VersionSpec { replicas, drain_seconds, ready_seconds, ..self.spec.clone() } == *spec
    }

    /// Starts replicas that are missing. Those too many are given back, to be drained.
    pub(crate) fn scale(&mut self, spec: &VersionSpec) -> Option<Self> {
        self.spec = spec.clone();
        let wanted = spec.replicas as usize;
        let mut replicas = self.lock();
        let surplus = if replicas.len() > wanted { replicas.split_off(wanted) } else { Vec::new() };
        while replicas.len() < wanted {
            replicas.push(Replica::start(Arc::clone(&self.context)));
        }
        drop(replicas);
        (!surplus.is_empty()).then(|| Self {
            spec: self.spec.clone(),
            context: Arc::clone(&self.context),
            replicas: Mutex::new(surplus),
            started_at_ms: self.started_at_ms,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Replica>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of each replica.
    pub(crate) fn views(&self) -> Vec<View> {
        self.lock().iter().map(Replica::view).collect()
    }

    /// The first process of each replica that lives.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.views().iter().filter_map(|view| view.pid).collect()
    }

    /// What the replicas say together.
    pub(crate) fn summary(&self) -> VersionStatus {
        let views = self.views();
        status::summarize(&views, u32::try_from(views.len()).unwrap_or(u32::MAX), self.started_at_ms)
    }

    /// Stops all replicas at the same time; returns when nothing of them lives.
    pub(crate) async fn stop(&self) {
        let replicas = std::mem::take(&mut *self.lock());
        let stops: Vec<_> = replicas.into_iter().map(|replica| tokio::spawn(replica.stop())).collect();
        for stop in stops {
            if let Err(error) = stop.await {
                tracing::error!(%error, "a replica's end ended badly");
            }
        }
    }
}
