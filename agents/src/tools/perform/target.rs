//! The local target: real processes behind a weighted proxy, held by a shim for each service.
//!
//! Every request is turned into how things should be, written down, and told to the shim; saying it again
//! changes nothing, which is what makes the effect keyed.

use super::machine::{ARCHIVE, Machine, blocking, give_up, io_failure};
use super::target_files::{KeptVersion, ServiceFolder, Wanted};
use crate::effects::{ServiceSpec, Target, TargetAnswer, TargetRequest};
use crate::runtime::{Performs, ToolError, Work};
use crate::tools::archive;
use crate::tools::secret::{Registration, Secret};
use async_trait::async_trait;
use orchestra_shim::{Desired, ShimClient, ShimError, Status, VersionSpec, VersionState, ensure};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How often the shim is asked whether a version is ready.
const LOOK: Duration = Duration::from_millis(100);
/// How long a started version must stay well before it counts as ready.
const STAYS_WELL: Duration = Duration::from_secs(1);
/// How long beyond a version's own bound it may take until the shim says so.
const GRACE: Duration = Duration::from_secs(15);

/// Whoever holds it changes the service.
type Turn = Arc<Mutex<()>>;

/// Performs [`Target`].
pub struct LocalTarget {
    machine: Arc<Machine>,
    /// One change of a service at a time.
    turns: Mutex<HashMap<(String, String), Turn>>,
}

impl LocalTarget {
    /// The target of a machine.
    pub fn new(machine: Arc<Machine>) -> Self {
        Self { machine, turns: Mutex::default() }
    }
}

#[async_trait]
impl Performs<Target> for LocalTarget {
    async fn perform(&self, request: TargetRequest, work: &Work) -> Result<TargetAnswer, ToolError> {
        let name = match &request {
            TargetRequest::Start { service, .. } => (service.environment.clone(), service.name.clone()),
            TargetRequest::Share { service, .. }
            | TargetRequest::Settle { service, .. }
            | TargetRequest::Restore { service, .. }
            | TargetRequest::Remove { service, .. } => service.clone(),
        };
        let turn = self.turns.lock().await.entry(name.clone()).or_default().clone();
        let _turn = turn.lock().await;
        let service = Service::open(&self.machine, &name)?;
        match request {
            TargetRequest::Start { service: spec, version, artefact, start, search_paths, replicas } => {
                let kept = KeptVersion { service: *spec, artefact, start, search_paths };
                service.start(&version, kept, replicas, work).await
            }
            TargetRequest::Share { version, baseline, weight, replicas, .. } => {
                service.share(&version, baseline.as_deref(), weight, replicas, work).await
            }
            TargetRequest::Settle { version, .. } => service.only(&version).await,
            TargetRequest::Restore { to, .. } => service.restore(&to, work).await,
            TargetRequest::Remove { version, .. } => service.remove(&version).await,
        }
    }
}

/// One service with how it should be.
pub(super) struct Service {
    machine: Arc<Machine>,
    folder: ServiceFolder,
    environment: String,
    name: String,
    wanted: Wanted,
}

impl Service {
    pub(super) fn open(machine: &Arc<Machine>, name: &(String, String)) -> Result<Self, ToolError> {
        let folder = ServiceFolder::of(&machine.dir, &name.0, &name.1);
        let wanted =
            folder.wanted().map_err(|error| io_failure("the service's file can't be read", &error))?;
        Ok(Self {
            machine: machine.clone(),
            folder,
            environment: name.0.clone(),
            name: name.1.clone(),
            wanted: wanted.unwrap_or_default(),
        })
    }

    /// Replaces how it should be.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    async fn start(
        mut self,
        version: &str,
        kept: KeptVersion,
        replicas: u32,
        work: &Work,
    ) -> Result<TargetAnswer, ToolError> {
        let spec = &kept.service;
        if !self.wanted.repo.is_empty() && self.wanted.repo != spec.repo {
            let (name, environment) = (&self.name, &self.environment);
            let reason = format!(
                "service `{name}` in {environment} belongs to `{}`; give yours another name",
                self.wanted.repo
            );
            return Err(ToolError::GiveUp(reason));
        }
        self.wanted.repo.clone_from(&spec.repo);
        self.wanted.port = spec.port;
        self.wanted.stopped = false;
        self.folder.keep(version, &kept).map_err(|error| io_failure("the version can't be kept", &error))?;
        self.lay_out(version, &kept).await?;
        self.wanted.versions.insert(version.to_owned(), replicas.max(1));
        work.progress.show(&format!("starting {version}")).await;
        let client = self.apply().await?;
        if let Err(error) = self.until_ready(&client, version, work).await {
            self.wanted.versions.remove(version);
            self.apply().await?;
            return Err(error);
        }
        self.answer()
    }

    async fn share(
        mut self,
        version: &str,
        baseline: Option<&str>,
        weight: u8,
        replicas: u32,
        work: &Work,
    ) -> Result<TargetAnswer, ToolError> {
        let Some(running) = self.wanted.versions.get_mut(version) else {
            return Err(ToolError::GiveUp(format!("{version} does not run")));
        };
        if *running != replicas.max(1) {
            *running = replicas.max(1);
            let client = self.apply().await?;
            self.until_ready(&client, version, work).await?;
        }
        let weight = u32::from(weight.min(100));
        self.wanted.weights = BTreeMap::from([(version.to_owned(), weight)]);
        if let Some(baseline) = baseline.filter(|baseline| self.wanted.versions.contains_key(*baseline)) {
            self.wanted.weights.insert(baseline.to_owned(), 100 - weight);
        }
        let client = self.apply().await?;
        self.listens(&client).await?;
        self.answer()
    }

    /// One version takes everything; the others are drained and stopped by the shim.
    async fn only(mut self, version: &str) -> Result<TargetAnswer, ToolError> {
        self.wanted.versions.retain(|name, _| name == version);
        self.wanted.weights = BTreeMap::from([(version.to_owned(), 100)]);
        self.wanted.last_good = Some(version.to_owned());
        self.apply().await?;
        self.answer()
    }

    async fn restore(mut self, to: &str, work: &Work) -> Result<TargetAnswer, ToolError> {
        if !self.wanted.versions.contains_key(to) {
            let kept =
                self.folder.kept(to).map_err(|error| io_failure("the version can't be read", &error))?;
            let Some(kept) = kept else {
                return Err(ToolError::GiveUp(format!("{to} is not kept here")));
            };
            self.lay_out(to, &kept).await?;
            self.wanted.versions.insert(to.to_owned(), kept.service.replicas.max(1));
            work.progress.show(&format!("starting {to} again")).await;
            let client = self.apply().await?;
            self.until_ready(&client, to, work).await?;
        }
        self.wanted.stopped = false;
        self.only(to).await
    }

    async fn remove(mut self, version: &str) -> Result<TargetAnswer, ToolError> {
        self.wanted.versions.remove(version);
        self.wanted.weights.remove(version);
        if !self.wanted.weights.is_empty() || self.wanted.versions.is_empty() {
            // What is left takes what the version had.
            let left = self.wanted.weights.len().max(1);
            let share = u32::try_from(100 / left).unwrap_or(100);
            self.wanted.weights.values_mut().for_each(|weight| *weight = share);
        }
        if self.wanted.versions.is_empty() {
            // Nothing runs here any more: the port is free again, and the name too.
            self.wanted =
                Wanted { generation: self.wanted.generation + 1, stopped: true, ..Wanted::default() };
            self.folder
                .want(&self.wanted)
                .map_err(|error| io_failure("the service can't be written", &error))?;
            stop(&self.folder, None).await?;
            return self.answer();
        }
        self.apply().await?;
        self.answer()
    }

    /// Unpacks a version's artefact into its folder, whole or not at all.
    async fn lay_out(&self, version: &str, kept: &KeptVersion) -> Result<(), ToolError> {
        let (folder, artefact) = (self.folder.version_folder(version), kept.artefact.clone());
        let blobs = self.machine.blobs.clone();
        self.folder.prune(&self.wanted);
        blocking(move || {
            if folder.exists() {
                return Ok(());
            }
            let archive = blobs.path(&artefact).map_err(|error| give_up("the artefact is gone", error))?;
            let unfinished = folder.with_extension("part");
            let failed = |error: std::io::Error| io_failure("the artefact can't be unpacked", &error);
            if unfinished.exists() {
                std::fs::remove_dir_all(&unfinished).map_err(failed)?;
            }
            std::fs::create_dir_all(&unfinished).map_err(failed)?;
            archive::unpack(&archive, &unfinished, ARCHIVE)
                .map_err(|error| give_up("the artefact can't be unpacked", error))?;
            std::fs::rename(&unfinished, &folder).map_err(failed)
        })
        .await
    }

    /// Writes down how the service should be, and tells its shim.
    pub(super) async fn apply(&mut self) -> Result<ShimClient, ToolError> {
        let client = ensure(&self.folder.0, &self.machine.orchestra).await.map_err(|error| shim(&error))?;
        let known = client.status().await.map_err(|error| shim(&error))?.generation;
        self.wanted.generation = self.wanted.generation.max(known) + 1;
        self.folder.want(&self.wanted).map_err(|error| io_failure("the service can't be written", &error))?;
        let desired = self.desired()?;
        client.apply(&desired).await.map_err(|error| shim(&error))?;
        Ok(client)
    }

    fn desired(&self) -> Result<Desired, ToolError> {
        let mut versions = Vec::new();
        for (version, replicas) in &self.wanted.versions {
            let kept =
                self.folder.kept(version).map_err(|error| io_failure("the version can't be read", &error))?;
            let Some(kept) = kept else { continue };
            versions.push(self.spec(version, &kept, *replicas)?);
        }
        Ok(Desired {
            generation: self.wanted.generation,
            service: self.name.clone(),
            environment: self.environment.clone(),
            listen: SocketAddr::new(self.machine.host, self.wanted.port),
            versions,
            weights: self.wanted.weights.clone(),
            sticky: None,
            last_good: self.wanted.last_good.clone(),
        })
    }

    fn spec(&self, version: &str, kept: &KeptVersion, replicas: u32) -> Result<VersionSpec, ToolError> {
        let ServiceSpec { command, health, env, secrets, .. } = &kept.service;
        let directory = self.folder.version_folder(version);
        let command = match command {
            Some(command) => vec!["/bin/sh".to_owned(), "-c".to_owned(), command.clone()],
            None => kept.start.clone(),
        };
        if command.is_empty() {
            let name = &self.name;
            let reason =
                format!("nothing says how `{name}` is started: set its `command` in deployment.services");
            return Err(ToolError::GiveUp(reason));
        }
        let mut environment = env.clone();
        for name in ["PATH", "HOME", "LANG"] {
            if let Ok(value) = std::env::var(name) {
                environment.entry(name.to_owned()).or_insert(value);
            }
        }
        for (name, folder) in &kept.search_paths {
            let folder = directory.join(folder).display().to_string();
            let value = match environment.get(name) {
                Some(before) => format!("{folder}:{before}"),
                None => folder,
            };
            environment.insert(name.clone(), value);
        }
        environment.insert("ORCHESTRA_VERSION".to_owned(), version.to_owned());
        Ok(VersionSpec {
            version: version.to_owned(),
            command,
            directory,
            env: environment,
            secret_env: self.secrets(secrets)?,
            health: health.clone(),
            replicas,
            drain_seconds: self.machine.drain_seconds,
            ready_seconds: self.machine.ready_seconds,
        })
    }

    /// The values of the secrets that the file names, from the environment of `orchestra`.
    fn secrets(&self, names: &[String]) -> Result<BTreeMap<String, String>, ToolError> {
        let mut values = BTreeMap::new();
        for name in names {
            let Ok(value) = std::env::var(name) else {
                let reason = format!(
                    "the secret `{name}` is not in the environment of orchestra; set it and start orchestra again"
                );
                return Err(ToolError::GiveUp(reason));
            };
            if let Registration::TooShort = self.machine.secrets.register(&Secret::new(value.clone())) {
                tracing::warn!(secret = name, "too short to be masked in what the service writes");
            }
            values.insert(name.clone(), value);
        }
        Ok(values)
    }

    async fn until_ready(&self, client: &ShimClient, version: &str, work: &Work) -> Result<(), ToolError> {
        let bound = Duration::from_secs(self.machine.ready_seconds) + GRACE;
        let deadline = tokio::time::Instant::now() + bound;
        // One good answer is not health: whoever dies right after it must not go live in between.
        let mut well_since = None;
        loop {
            let status = client.status().await.map_err(|error| shim(&error))?;
            let wanted = self.wanted.versions.get(version).copied().unwrap_or(1);
            match status.versions.get(version) {
                Some(version) if version.state == VersionState::Ready && version.ready >= wanted => {
                    let now = (tokio::time::Instant::now(), version.restarts);
                    let (since, restarts) = *well_since.get_or_insert(now);
                    if restarts != version.restarts {
                        well_since = None;
                    } else if since.elapsed() >= STAYS_WELL {
                        return Ok(());
                    }
                }
                Some(known) if is_lost(known.state) => {
                    let why = known.reason.clone().unwrap_or_else(|| "it does not get ready".to_owned());
                    return Err(ToolError::GiveUp(with_last_lines(client, version, why).await));
                }
                _ if tokio::time::Instant::now() > deadline => {
                    let why = format!("it was not ready within {} s", bound.as_secs());
                    return Err(ToolError::GiveUp(with_last_lines(client, version, why).await));
                }
                _ => well_since = None,
            }
            tokio::select! {
                () = work.cancel.cancelled() => return Err(ToolError::Cancelled),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Waits until the service's own port is open, or says why it can't be.
    async fn listens(&self, client: &ShimClient) -> Result<(), ToolError> {
        for _ in 0..50 {
            let Status { listen, listen_error, .. } = client.status().await.map_err(|error| shim(&error))?;
            if let Some(error) = listen_error {
                return Err(ToolError::GiveUp(format!("port {} can't be used: {error}", self.wanted.port)));
            }
            if listen.is_some() {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(ToolError::GiveUp(format!("port {} did not open", self.wanted.port)))
    }

    #[expect(clippy::unnecessary_wraps, reason = "it ends every request, which can fail")]
    fn answer(&self) -> Result<TargetAnswer, ToolError> {
        Ok(TargetAnswer {
            address: format!("http://{}", SocketAddr::new(self.machine.host, self.wanted.port)),
        })
    }
}

/// Ends a service's shim and everything under it, if it lives.
pub(super) async fn stop(folder: &ServiceFolder, drain_seconds: Option<u64>) -> Result<(), ToolError> {
    match ShimClient::connect(&folder.0).await {
        Ok(client) => client.stop_within(drain_seconds).await.map_err(|error| shim(&error)),
        Err(ShimError::Absent { .. }) => Ok(()),
        Err(error) => Err(shim(&error)),
    }
}

fn is_lost(state: VersionState) -> bool {
    matches!(state, VersionState::Failing | VersionState::CrashLoop | VersionState::Stopped)
}

async fn with_last_lines(client: &ShimClient, version: &str, why: String) -> String {
    let lines = client.logs(version, 8).await.unwrap_or_default();
    if lines.is_empty() { why } else { format!("{why}; it wrote:\n{}", lines.join("\n")) }
}

fn shim(error: &ShimError) -> ToolError {
    match error {
        ShimError::Silent { .. } | ShimError::Io { .. } => {
            ToolError::Retry { reason: error.to_string(), after: None }
        }
        ShimError::Absent { .. }
        | ShimError::Refused(_)
        | ShimError::Unreadable { .. }
        | ShimError::NotStarted { .. } => ToolError::GiveUp(error.to_string()),
    }
}
