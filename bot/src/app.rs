//! The composition root: the one file that names every adapter.

use crate::chatops::ChatOps;
use crate::config::Config;
use crate::desk::Desk;
use crate::reading::Reading;
use anyhow::Context as _;
use orchestra_agents::runtime::{Member, Runtime};
use orchestra_agents::tools::building::{Limits, Network, Toolchain, confined_by};
use orchestra_agents::tools::perform::{Machine, hands, keeper};
use orchestra_agents::tools::secret::SecretRegistry;
use orchestra_bus::{Blobs, SqliteStore, Store};
use orchestra_shim::Confinement;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Every agent of the product: those of the agents' room, and the one that lives where the posts are.
pub fn crew() -> Vec<Member> {
    let mut crew = orchestra_agents::crew();
    crew.push(Member::of::<ChatOps>());
    crew
}

/// An opened data folder with everything that works on it.
pub struct App {
    /// The data folder.
    pub dir: PathBuf,
    /// The configuration.
    pub config: Arc<Config>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Answers questions.
    pub desk: Desk,
    machine: Arc<Machine>,
}

impl App {
    /// Opens a data folder, making it when there is none.
    ///
    /// # Errors
    /// When another process has it, its files are not ours, or the configuration is wrong.
    pub async fn open(dir: &Path) -> anyhow::Result<Self> {
        Self::open_listening(dir, None).await
    }

    /// As [`App::open`], with services on another address than the configuration says.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_listening(dir: &Path, host: Option<std::net::IpAddr>) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("`{}` can't be made", dir.display()))?;
        std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let dir = dir.canonicalize()?;
        let mut config = Config::read(&dir)?;
        config.services.host = host.unwrap_or(config.services.host);
        let config = Arc::new(config);
        let subscriptions = crew().into_iter().flat_map(|member| {
            member.subscribes.iter().map(move |kind| ((*kind).to_owned(), member.name.to_owned()))
        });
        let store = SqliteStore::open(&dir, orchestra_bus::sqlite::Subscriptions::new(subscriptions))?;
        let store: Arc<dyn Store> = Arc::new(store);
        let secrets = SecretRegistry::new();
        let confinement = Confinement::detect();
        let described = confinement.describe();
        let machine = Arc::new(machine(&dir, &config, store.clone(), secrets.clone(), confinement)?);
        let reading = Reading { store: store.clone(), dir: dir.clone(), secrets, confinement: described };
        let session = format!("{:016x}", rand::random::<u64>());
        let desk = Desk::new(store.clone(), machine.clone(), reading, session);
        Ok(Self { dir, config, store, desk, machine })
    }

    /// Lets the agents work until `stop` is cancelled.
    pub fn work(&self, stop: CancellationToken) -> JoinHandle<anyhow::Result<()>> {
        let runtime =
            Runtime::new(self.store.clone(), crew(), hands(&self.machine), self.machine.secrets.clone());
        let (store, config, machine) = (self.store.clone(), self.config.clone(), self.machine.clone());
        tokio::spawn(async move {
            remember_config(&store, &config).await?;
            let keeper = tokio::spawn(keeper::keep_alive(machine, stop.clone()));
            let ended = runtime.run(stop.clone()).await;
            stop.cancel();
            keeper.await?;
            ended.context("the agents stopped")
        })
    }

    /// Stops every service.
    ///
    /// # Errors
    /// The first that could not be stopped.
    pub async fn down(&self, drain_seconds: Option<u64>) -> anyhow::Result<Vec<String>> {
        Ok(keeper::stop_all(&self.machine, drain_seconds).await?)
    }
}

/// What handlers may know of the configuration stands among the settings.
async fn remember_config(store: &Arc<dyn Store>, config: &Config) -> anyhow::Result<()> {
    let wanted = serde_json::Value::Bool(config.approvals.production);
    if store.setting("config/approvals").await?.as_ref() == Some(&wanted) {
        return Ok(());
    }
    store.set("config/approvals", Some(wanted)).await?;
    Ok(())
}

fn machine(
    dir: &Path,
    config: &Config,
    store: Arc<dyn Store>,
    secrets: SecretRegistry,
    confinement: Confinement,
) -> anyhow::Result<Machine> {
    const MIB: u64 = 1 << 20;
    let builds = &config.builds;
    let limits = Limits {
        wall: Duration::from_secs(builds.seconds),
        cpu: Duration::from_secs(builds.seconds.saturating_mul(4)),
        memory: builds.memory_mib.saturating_mul(MIB),
        processes: builds.processes,
        disk: builds.disk_mib.saturating_mul(MIB),
        output: builds.output_mib.saturating_mul(MIB),
        ..Limits::default()
    };
    Ok(Machine {
        dir: dir.to_owned(),
        blobs: Blobs::open(dir)?,
        store,
        toolchain: Toolchain::detect(),
        wrapper: confined_by(confinement),
        limits,
        network: if builds.network { Network::On } else { Network::Off },
        heavy_at_once: builds.at_once.max(1),
        secrets,
        orchestra: std::env::current_exe().context("the program's own path is not known")?,
        host: config.services.host,
        drain_seconds: config.services.drain_seconds,
        ready_seconds: config.services.ready_seconds,
    })
}
