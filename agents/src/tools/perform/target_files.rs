//! What the local target remembers of a service, on disk: how it should be, and how each version is started.
//!
//! Written before the shim is told, so that whatever a crash left half done is made whole by saying it again.

use crate::effects::ServiceSpec;
use orchestra_events::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How a service should be.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Wanted {
    /// Counts up with every change; the shim refuses an older one.
    pub generation: u64,
    /// The repository that owns the service.
    pub repo: String,
    /// The port that clients use.
    pub port: u16,
    /// The versions that run, with how many of each.
    pub versions: BTreeMap<String, u32>,
    /// Their shares of the traffic in percent.
    pub weights: BTreeMap<String, u32>,
    /// What comes back after a reboot.
    pub last_good: Option<String>,
    /// Whether a person stopped the service.
    #[serde(default)]
    pub stopped: bool,
}

/// How a version is started.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct KeptVersion {
    /// The service as the file had it.
    pub service: ServiceSpec,
    /// The artefact.
    pub artefact: Digest,
    /// How it is started when the file does not say.
    pub start: Vec<String>,
    /// Search paths that it needs.
    #[serde(default)]
    pub search_paths: BTreeMap<String, String>,
}

/// The folder of one service.
#[derive(Clone, Debug)]
pub struct ServiceFolder(pub PathBuf);

impl ServiceFolder {
    /// The folder of a service below the data folder.
    pub fn of(dir: &Path, environment: &str, service: &str) -> Self {
        let name = super::machine::file_name;
        Self(dir.join("services").join(name(environment)).join(name(service)))
    }

    /// Every service folder below the data folder.
    pub fn all(dir: &Path) -> Vec<Self> {
        let folders = |path: PathBuf| {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> =
                entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
            paths.sort();
            paths
        };
        let environments = folders(dir.join("services"));
        environments
            .into_iter()
            .flat_map(folders)
            .map(Self)
            .filter(|folder| folder.wanted_file().exists())
            .collect()
    }

    fn wanted_file(&self) -> PathBuf {
        self.0.join("wanted.json")
    }

    fn version_file(&self, version: &str) -> PathBuf {
        self.0.join("kept").join(format!("{}.json", super::machine::file_name(version)))
    }

    /// Where a version's artefact is unpacked.
    pub fn version_folder(&self, version: &str) -> PathBuf {
        self.0.join("versions").join(super::machine::file_name(version))
    }

    /// How the service should be; nothing when it was never deployed.
    ///
    /// # Errors
    /// What the file system says, or that the file is not ours.
    pub fn wanted(&self) -> io::Result<Option<Wanted>> {
        read(&self.wanted_file())
    }

    /// Writes how the service should be.
    ///
    /// # Errors
    /// What the file system says.
    pub fn want(&self, wanted: &Wanted) -> io::Result<()> {
        write(&self.wanted_file(), wanted)
    }

    /// How a version is started; nothing when it was never here.
    ///
    /// # Errors
    /// What the file system says, or that the file is not ours.
    pub fn kept(&self, version: &str) -> io::Result<Option<KeptVersion>> {
        read(&self.version_file(version))
    }

    /// Keeps how a version is started.
    ///
    /// # Errors
    /// What the file system says.
    pub fn keep(&self, version: &str, kept: &KeptVersion) -> io::Result<()> {
        write(&self.version_file(version), kept)
    }

    /// Removes the unpacked artefacts of versions that neither run nor are wanted; they come back from the kept
    /// artefact when they are needed.
    pub fn prune(&self, wanted: &Wanted) {
        let needed: Vec<PathBuf> =
            wanted.versions.keys().map(|version| self.version_folder(version)).collect();
        let entries = std::fs::read_dir(self.0.join("versions")).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| !needed.contains(path)) {
            if let Err(error) = std::fs::remove_dir_all(&path) {
                tracing::debug!(folder = %path.display(), %error, "old version not removed");
            }
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let unfinished = path.with_extension("part");
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(&serde_json::to_vec_pretty(value).map_err(io::Error::other)?)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    std::fs::File::open(folder)?.sync_all()
}
