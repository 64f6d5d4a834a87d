//! Makes the desired state true: starts what is missing, drains and stops what is too much, routes to what is ready.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::events::Events;
use crate::front::Front;
use crate::instance::Instance;
use crate::protocol::{
    Desired, EventKind, LogLines, MetricsReply, PROTOCOL, Refusal, Status, VersionState, VersionStatus,
};
use crate::proxy::{Routes, VersionRoute};
use crate::usage::{self, Sampler};
use crate::{logs, status, store};

/// How often a drain is looked at.
const DRAIN_INTERVAL: Duration = Duration::from_millis(20);

/// How often an address that is taken is tried again.
const LISTEN_INTERVAL: Duration = Duration::from_secs(1);

/// How long the last bytes to clients may take once every request has ended.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// Logs of versions that don't run any more, kept for whoever asks later.
const KEPT_LOGS: usize = 20;

/// The one owner of everything that a shim runs.
pub(crate) struct Supervisor {
    folder: PathBuf,
    events: Arc<Events>,
    changed: Arc<Notify>,
    /// Held while a desired state is written and put in force, so that two never mix.
    applying: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    /// The moment at which every drain ends, once the shim has to stop.
    hurry: watch::Sender<Option<Instant>>,
}

#[derive(Default)]
struct State {
    desired: Option<Desired>,
    running: BTreeMap<String, Instance>,
    /// What is being drained, by a number of its own: one name can leave and run at the same time.
    leaving: BTreeMap<u64, (String, Arc<Instance>)>,
    left: u64,
    front: Option<Front>,
    listen_error: Option<String>,
    sampler: Sampler,
    ending: bool,
}

impl Supervisor {
    /// An owner of nothing yet. `folder` is the shim's.
    pub(crate) fn new(folder: &Path) -> Arc<Self> {
        Arc::new(Self {
            folder: folder.to_owned(),
            events: Arc::default(),
            changed: Arc::default(),
            applying: tokio::sync::Mutex::default(),
            state: Mutex::default(),
            hurry: watch::channel(None).0,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The events, for those who add to them.
    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    /// Where the logs are.
    pub(crate) fn log_folder(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// Keeps the routes true as replicas come and go, and tries a taken address again. Never returns.
    pub(crate) async fn keep(self: Arc<Self>) {
        loop {
            let waiting = self.state().listen_error.is_some();
            tokio::select! {
                () = self.changed.notified() => self.route(),
                () = tokio::time::sleep(LISTEN_INTERVAL), if waiting => self.listen(),
            }
        }
    }

    /// Takes over a desired state: on the disk first, then in force.
    ///
    /// # Errors
    /// `invalid`, `stale_generation`, or `failed` when the disk doesn't take it; then nothing has changed.
    pub(crate) async fn apply(self: &Arc<Self>, desired: Desired) -> Result<(), Refusal> {
        let _one_at_a_time = self.applying.lock().await;
        if let Some(mistake) = desired.mistake() {
            return Err(Refusal::new("invalid", mistake));
        }
        {
            let state = self.state();
            let known = state.desired.as_ref().map_or(0, |known| known.generation);
            if desired.generation < known {
                let message =
                    format!("generation {} is older than {known}, which is in force", desired.generation);
                return Err(Refusal::new("stale_generation", message));
            }
            if state.ending {
                return Err(Refusal::new("failed", "the shim is ending"));
            }
        }
        let unchanged = self.state().desired.as_ref() == Some(&desired);
        if !unchanged {
            store::save(&self.folder, &desired).await.map_err(|error| {
                Refusal::new("failed", format!("the desired state can't be written: {error}"))
            })?;
        }
        self.enforce(desired)
    }

    /// Makes a state true that is on the disk already.
    ///
    /// # Errors
    /// `failed` when a log can't be opened: the versions before it run.
    pub(crate) fn enforce(self: &Arc<Self>, desired: Desired) -> Result<(), Refusal> {
        let wanted: BTreeSet<&String> = desired.versions.iter().map(|spec| &spec.version).collect();
        let mut leaving = Vec::new();
        {
            let mut state = self.state();
            let gone: Vec<String> =
                state.running.keys().filter(|name| !wanted.contains(name)).cloned().collect();
            leaving.extend(gone.into_iter().filter_map(|name| state.running.remove(&name)));
            for spec in &desired.versions {
                match state.running.get_mut(&spec.version) {
                    Some(instance) if instance.runs_as(spec) => leaving.extend(instance.scale(spec)),
                    _ => {
                        let fresh = Instance::start(spec, &self.folder, &self.events, &self.changed)
                            .map_err(|error| {
                                Refusal::new("failed", format!("the log can't be opened: {error}"))
                            })?;
                        leaving.extend(state.running.insert(spec.version.clone(), fresh));
                    }
                }
            }
            state.desired = Some(desired);
        }
        self.listen();
        for instance in leaving {
            self.dismiss(instance);
        }
        // After the ones that leave are known: a successor that isn't ready yet leans on its predecessor.
        self.route();
        Ok(())
    }

    /// Takes the wanted address, if it isn't held already.
    fn listen(&self) {
        let mut state = self.state();
        let Some(desired) = &state.desired else { return };
        let wanted = desired.listen;
        if state.ending || state.front.as_ref().is_some_and(|front| front.wanted() == wanted) {
            state.listen_error = None;
            return;
        }
        match Front::open(wanted) {
            Ok(front) => {
                if let Some(mut old) = state.front.replace(front) {
                    old.close();
                }
                state.listen_error = None;
                self.changed.notify_one();
            }
            Err(message) => {
                if state.listen_error.as_ref() != Some(&message) {
                    self.events.add(None, EventKind::ListenFailed, 0, message.clone());
                }
                state.listen_error = Some(message);
                // Wakes the keeper, so that it begins to try again.
                self.changed.notify_one();
            }
        }
    }

    /// Tells the proxy who is ready.
    fn route(&self) {
        let state = self.state();
        let (Some(front), Some(desired)) = (&state.front, &state.desired) else { return };
        let views = state.running.iter().map(|(name, instance)| {
            let mut views = instance.views();
            if !views.iter().any(crate::replica::View::ready) {
                // A version that is started anew is served by its old processes until the new ones are ready.
                let former = state.leaving.values().filter(|(leaving, _)| leaving == name);
                views.extend(former.flat_map(|(_, instance)| instance.views()));
            }
            (name.as_str(), views)
        });
        let versions = status::backends(views, &desired.weights)
            .into_iter()
            .map(|(version, weight, backends)| VersionRoute { version, weight, backends })
            .collect();
        front.routes.set(Routes { versions, sticky: desired.sticky.clone() });
    }

    /// Drains an instance that isn't wanted any more, and stops it, in the background.
    fn dismiss(self: &Arc<Self>, instance: Instance) {
        let name = instance.name().to_owned();
        let instance = Arc::new(instance);
        let number = {
            let mut state = self.state();
            state.left += 1;
            let number = state.left;
            state.leaving.insert(number, (name.clone(), Arc::clone(&instance)));
            number
        };
        let supervisor = Arc::clone(self);
        tokio::spawn(async move {
            supervisor.drain(&name, &instance).await;
            instance.stop().await;
            supervisor.state().leaving.remove(&number);
            supervisor.events.add(Some(&name), EventKind::Stopped, 0, "stopped");
            supervisor.changed.notify_one();
        });
    }

    /// Waits until nothing is in flight for an instance, or its time is over; then breaks off what still is.
    async fn drain(&self, name: &str, instance: &Instance) {
        let ready = Instant::now() + Duration::from_secs(instance.spec().ready_seconds);
        while self.leans_on_predecessor(name) && Instant::now() < self.hurried(ready) {
            tokio::time::sleep(DRAIN_INTERVAL).await;
        }
        self.route();
        let deadline = Instant::now() + Duration::from_secs(instance.spec().drain_seconds);
        while self.in_flight(name) > 0 && Instant::now() < self.hurried(deadline) {
            tokio::time::sleep(DRAIN_INTERVAL).await;
        }
        let state = self.state();
        // When the name runs again, its requests are told apart by nothing: the old processes just end.
        if let Some(front) = state.front.as_ref().filter(|_| !state.running.contains_key(name)) {
            front.routes.cut(name);
        }
    }

    fn hurried(&self, deadline: Instant) -> Instant {
        self.hurry.borrow().map_or(deadline, |hurry| hurry.min(deadline))
    }

    fn leans_on_predecessor(&self, name: &str) -> bool {
        let state = self.state();
        state
            .running
            .get(name)
            .is_some_and(|successor| !successor.views().iter().any(crate::replica::View::ready))
    }

    fn in_flight(&self, name: &str) -> u64 {
        self.state().front.as_ref().map_or(0, |front| front.routes.in_flight(name))
    }

    /// Drains and stops everything; returns when nothing runs. `drain` shortens every drain.
    ///
    /// With `for_good`, a later shim of this folder starts nothing either.
    ///
    /// # Errors
    /// `failed` when the disk doesn't take that nothing is wanted; then everything goes on.
    pub(crate) async fn stop(
        self: &Arc<Self>,
        for_good: bool,
        drain: Option<Duration>,
    ) -> Result<(), Refusal> {
        let _one_at_a_time = self.applying.lock().await;
        let known = self.state().desired.clone();
        if let Some(known) = known.filter(|_| for_good) {
            let nothing =
                Desired { versions: Vec::new(), weights: BTreeMap::new(), last_good: None, ..known };
            store::save(&self.folder, &nothing).await.map_err(|error| {
                Refusal::new("failed", format!("the desired state can't be written: {error}"))
            })?;
        }
        if let Some(drain) = drain {
            self.hurry.send_replace(Some(Instant::now() + drain));
        }
        let (listener, instances) = {
            let mut state = self.state();
            state.ending = true;
            state.listen_error = None;
            let listener = state.front.as_mut().and_then(Front::close);
            (listener, std::mem::take(&mut state.running))
        };
        for instance in instances.into_values() {
            self.dismiss(instance);
        }
        while !self.state().leaving.is_empty() {
            tokio::time::sleep(DRAIN_INTERVAL).await;
        }
        // Every request has been answered or cut; what may be open still are idle connections.
        if let Some(listener) = listener
            && tokio::time::timeout(LAST_BYTES, listener).await.is_err()
        {
            tracing::info!("connections were open at the end");
        }
        Ok(())
    }

    /// The whole of it, events after `since` included.
    pub(crate) fn status(&self, own: &crate::identity::Identity, since: u64) -> Status {
        let mut state = self.state();
        let all = usage::processes();
        let now = Instant::now();
        let state = &mut *state;
        let leaving = state.leaving.values().map(|(name, instance)| (name, instance.as_ref(), true));
        let running = state.running.iter().map(|(name, instance)| (name, instance, false));
        let mut versions: BTreeMap<String, VersionStatus> = BTreeMap::new();
        // The running ones come last, and so win over leaving ones of the same name.
        for (name, instance, leaves) in leaving.chain(running) {
            let mut one = instance.summary();
            if leaves {
                one.state = VersionState::Stopping;
            }
            let used = usage::of_trees(&instance.pids(), &all);
            one.in_flight = state.front.as_ref().map_or(0, |front| front.routes.in_flight(name));
            if !used.pids.is_empty() {
                one.cpu_percent = state.sampler.percent(name, used.ticks, now);
                one.memory_bytes = Some(used.memory_bytes);
            }
            one.pids = used.pids;
            versions.insert(name.clone(), one);
        }
        state.sampler.keep(|name| versions.contains_key(name));
        let desired = state.desired.as_ref();
        Status {
            protocol: PROTOCOL,
            pid: own.pid,
            boot_id: own.boot_id.clone(),
            build: own.build.clone(),
            generation: desired.map_or(0, |desired| desired.generation),
            listen: state.front.as_ref().map(Front::actual),
            listen_error: state.listen_error.clone(),
            versions,
            weights: desired.map(|desired| desired.weights.clone()).unwrap_or_default(),
            last_good: desired.and_then(|desired| desired.last_good.clone()),
            events: self.events.since(since),
            shim_memory_bytes: all
                .iter()
                .find(|process| process.pid == own.pid)
                .map(|process| process.pages * rustix::param::page_size() as u64),
        }
    }

    /// Traffic by version since a moment in seconds since 1970.
    pub(crate) fn metrics(&self, since: i64) -> MetricsReply {
        let state = self.state();
        let names: BTreeSet<&String> =
            state.running.keys().chain(state.leaving.values().map(|(name, _)| name)).collect();
        let Some(front) = &state.front else { return MetricsReply { versions: BTreeMap::new() } };
        let versions =
            names.into_iter().map(|name| (name.clone(), front.metrics.snapshot(name, since))).collect();
        MetricsReply { versions }
    }

    /// The last lines of a version.
    ///
    /// # Errors
    /// `unknown_version`, or `failed` when the file can't be read.
    pub(crate) fn logs(&self, version: &str, lines: usize) -> Result<LogLines, Refusal> {
        match logs::tail(&self.log_folder(), version, lines) {
            Ok(Some(lines)) => Ok(LogLines { lines }),
            Ok(None) => {
                Err(Refusal::new("unknown_version", format!("there is no log of a version `{version}`")))
            }
            Err(error) => Err(Refusal::new("failed", format!("the log can't be read: {error}"))),
        }
    }

    /// Deletes logs that are long unused.
    pub(crate) fn prune_logs(&self) {
        let running: Vec<String> = self.state().running.keys().cloned().collect();
        logs::prune(&self.log_folder(), KEPT_LOGS, &running);
    }
}
