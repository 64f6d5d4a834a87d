//! The repository of the demo's service, with its three versions as commits.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Paths that the load asks for.
pub const PATHS: &[&str] = &["/price?item=tea", "/price?item=cup", "/price?item=kettle", "/price?item=spoon"];

macro_rules! shop_file {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/demo/", $path))
    };
}

/// Files that all versions have.
const COMMON: &[(&str, &str)] = &[
    ("Cargo.toml", shop_file!("first/Cargo.toml")),
    ("Cargo.lock", shop_file!("first/Cargo.lock")),
    ("devops_orchestra.yaml", shop_file!("first/devops_orchestra.yaml")),
    ("src/main.rs", shop_file!("first/src/main.rs")),
];

/// A version of the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The first there is.
    First,
    /// An improvement.
    Good,
    /// A mistake.
    Bad,
}

impl Version {
    /// In the order in which they are pushed.
    pub const ALL: [Version; 3] = [Version::First, Version::Good, Version::Bad];

    fn price(self) -> &'static str {
        match self {
            Version::First => shop_file!("first/src/price.rs"),
            Version::Good => shop_file!("good/src/price.rs"),
            Version::Bad => shop_file!("bad/src/price.rs"),
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Version::First => "first",
            Version::Good => "good",
            Version::Bad => "bad",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Version::First => "Say what an item costs",
            Version::Good => "Round prices as shops do",
            Version::Bad => "Remember prices that were asked for before",
        }
    }

    /// What a watcher is told when it is pushed.
    pub fn told(self) -> &'static str {
        match self {
            Version::First => "a first version is pushed: \"Say what an item costs\"",
            Version::Good => "a second one: \"Round prices as shops do\"",
            Version::Bad => "a third one: \"Remember prices that were asked for before\"",
        }
    }
}

/// The repository.
pub struct Shop {
    folder: PathBuf,
    port: u16,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    port: u16,
}

impl Shop {
    /// Opens the demo of a data folder, or begins one on a free port.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let file = dir.join("demo.json");
        let folder = dir.join("demo-shop");
        if let Ok(bytes) = std::fs::read(&file) {
            let kept: Kept = serde_json::from_slice(&bytes).context("`demo.json` is not the demo's")?;
            return Ok(Self { folder, port: kept.port });
        }
        let port = free_port()?;
        std::fs::create_dir_all(folder.join("src"))?;
        std::fs::write(&file, serde_json::to_vec(&Kept { port })?)?;
        Ok(Self { folder, port })
    }

    /// The port that the service is asked on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the repository is.
    pub fn repository(&self) -> &Path {
        &self.folder
    }

    /// The commit of a version, made when it is not there yet.
    ///
    /// # Errors
    /// When git is not there or fails.
    pub async fn commit(&self, version: Version) -> anyhow::Result<String> {
        if !self.folder.join(".git").exists() {
            self.git(&["init", "--quiet", "--initial-branch=main"]).await?;
        }
        let tag = format!("refs/tags/{}", version.tag());
        if let Ok(commit) =
            self.git(&["rev-parse", "--verify", "--quiet", &format!("{tag}^{{commit}}")]).await
        {
            return Ok(commit);
        }
        for (name, text) in COMMON {
            let text = text.replace("__PORT__", &self.port.to_string());
            std::fs::write(self.folder.join(name), text)?;
        }
        std::fs::write(self.folder.join("src/price.rs"), version.price())?;
        self.git(&["add", "--all"]).await?;
        // A start that was killed between commit and tag has committed already: nothing is left to commit.
        if !self.git(&["status", "--porcelain"]).await?.is_empty() {
            self.git(&["commit", "--quiet", "--message", version.message()]).await?;
        }
        self.git(&["tag", version.tag()]).await?;
        self.git(&["rev-parse", "HEAD"]).await
    }

    async fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = tokio::process::Command::new("git")
            .args(["-c", "user.name=Demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(std::process::Stdio::null())
            .output()
            .await
            .context("git can't be started; is it installed?")?;
        let words = arguments.first().copied().unwrap_or_default();
        let errors = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "git {words} failed: {}", errors.trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}
