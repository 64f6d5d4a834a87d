//! What the hands share: folders, blobs, toolchain, confinement, limits.

use crate::runtime::{ToolError, Work};
use crate::tools::archive::Bounds;
use crate::tools::building::{Limits, Network, SiteRequest, Toolchain, Wrapper};
use crate::tools::secret::SecretRegistry;
use orchestra_bus::{Blobs, Store};
use orchestra_events::Digest;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// How many bytes of a cache are kept between builds of a repository.
const CACHE_BYTES: u64 = 4 << 30;
/// Ceilings of a source or an artefact.
pub const ARCHIVE: Bounds = Bounds { bytes: 2 << 30, files: 100_000, depth: 60 };

/// One machine with its data folder.
pub struct Machine {
    /// The data folder.
    pub dir: PathBuf,
    /// Big things by digest.
    pub blobs: Blobs,
    /// The store, for timelines.
    pub store: Arc<dyn Store>,
    /// Where the machine's programs are.
    pub toolchain: Toolchain,
    /// The confinement.
    pub wrapper: Wrapper,
    /// Ceilings of each build or test command.
    pub limits: Limits,
    /// Whether builds and tests reach the network; the fetch of dependencies always does.
    pub network: Network,
    /// How many builds and tests run at once.
    pub heavy_at_once: usize,
    /// Values that are masked.
    pub secrets: SecretRegistry,
    /// The `orchestra` program, which is its own shim.
    pub orchestra: PathBuf,
    /// The address that services listen on.
    pub host: std::net::IpAddr,
    /// How long a version that is taken away may finish its requests, in seconds.
    pub drain_seconds: u64,
    /// How long a version may take until it is ready, in seconds.
    pub ready_seconds: u64,
}

impl Machine {
    /// A folder for the work of one effect, empty; removed when dropped.
    ///
    /// # Errors
    /// What the file system says.
    pub fn scratch(&self, key: &str) -> io::Result<Scratch> {
        let folder = self.dir.join("work").join(format!("effect-{key}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(Scratch(folder))
    }

    /// The folder for all work on a repository; its caches stay there.
    pub fn repository_folder(&self, repo: &str) -> PathBuf {
        self.dir.join("work").join("repositories").join(file_name(repo))
    }

    /// A site on a kept source, with its output in `log` and its lines shown as progress.
    ///
    /// # Errors
    /// When the source is not kept any more.
    pub fn site(
        &self,
        repo: &str,
        source: &Digest,
        context: &str,
        log: &Path,
        work: &Work,
    ) -> Result<SiteRequest, ToolError> {
        let source = self.blobs.path(source).map_err(|error| ToolError::GiveUp(error.to_string()))?;
        Ok(SiteRequest {
            source,
            context: (context != ".").then(|| context.to_owned()),
            folder: self.repository_folder(repo),
            cache_bytes: CACHE_BYTES,
            bounds: ARCHIVE,
            limits: self.limits.clone(),
            log: log.to_owned(),
            cancel: work.cancel.clone(),
            on_line: Some(shown_as_progress(work)),
            wrapper: self.wrapper.clone(),
            toolchain: self.toolchain.clone(),
        })
    }

    /// Keeps a log by digest, masked.
    pub async fn keep_log(&self, log: &Path) -> Option<Digest> {
        let (blobs, secrets, log) = (self.blobs.clone(), self.secrets.clone(), log.to_owned());
        let kept = tokio::task::spawn_blocking(move || {
            let bytes = std::fs::read(&log).ok()?;
            let text = String::from_utf8_lossy(&bytes);
            blobs.put(secrets.mask(&text).as_bytes()).ok()
        });
        kept.await.ok().flatten()
    }
}

/// A folder that is removed when dropped.
pub struct Scratch(pub PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(folder = %self.0.display(), %error, "work folder not removed");
        }
    }
}

/// A name made fit for a folder: what is not plain becomes `_`, with a mark of the whole name behind it.
pub fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .take(60)
        .collect();
    if plain == name && !plain.starts_with('.') {
        return plain;
    }
    let mark = orchestra_events::ids::hash_of(&[name.as_bytes()]);
    format!("_{plain}-{}", &mark[..8])
}

/// Lines sent here are shown as the work's progress.
fn shown_as_progress(work: &Work) -> mpsc::Sender<String> {
    let (sender, mut lines) = mpsc::channel::<String>(64);
    let progress = work.progress.clone();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            progress.show(&line).await;
        }
    });
    sender
}

/// A failure that trying again won't mend, in a person's words.
pub fn give_up(what: &str, error: impl std::fmt::Display) -> ToolError {
    ToolError::GiveUp(format!("{what}: {error}"))
}

/// Runs what blocks where it may.
///
/// # Errors
/// What the work says, or that it panicked.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ToolError> + Send + 'static,
) -> Result<T, ToolError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(give_up("the work stopped", error)))
}

/// What a full disk is called wherever it shows.
pub fn io_failure(what: &str, error: &io::Error) -> ToolError {
    match error.kind() {
        io::ErrorKind::StorageFull => ToolError::GiveUp(format!("{what}: the disk is full; free some space")),
        _ => give_up(what, error),
    }
}
