//! What the stories share: a folder, a shim in it, a service to run, and patience.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use orchestra_shim::{Desired, ShimClient, Status, VersionSpec, VersionState, VersionStatus, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The stand-in for the `orchestra` binary; cargo builds examples before it runs tests.
pub(crate) fn orchestra() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().unwrap().parent().unwrap().join("examples/orchestra");
    assert!(
        path.exists(),
        "`{}` isn't built: run `cargo build -p orchestra-shim --examples`",
        path.display()
    );
    path
}

/// A folder with a shim, which is ended with the story, whatever happened in it.
pub(crate) struct Shim {
    pub(crate) client: ShimClient,
    pub(crate) folder: PathBuf,
    _kept: tempfile::TempDir,
}

impl Shim {
    pub(crate) async fn new() -> Self {
        let kept = tempfile::tempdir().unwrap();
        let folder = kept.path().join("services/production/shop");
        let client = ensure(&folder, &orchestra()).await.unwrap();
        Self { client, folder, _kept: kept }
    }

    pub(crate) async fn apply(&self, desired: &Desired) -> Status {
        self.client.apply(desired).await.unwrap()
    }

    /// Polls the status until it is as wanted; says what it was when it never is.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Status) -> bool) -> Status {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let status = self.client.status().await.unwrap();
            if wanted(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "never {what}: {status:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn until_state(&self, version: &str, state: VersionState) -> VersionStatus {
        let wanted = |status: &Status| status.versions.get(version).is_some_and(|it| it.state == state);
        self.until(&format!("{version} {state:?}"), wanted).await.versions[version].clone()
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        // The mark in the environment finds whatever a failed story left.
        kill_shim(&self.folder);
        for pid in marked(&self.folder) {
            kill(pid, Signal::KILL);
        }
    }
}

/// Ends the shim of a folder as a crash would, if one lives.
pub(crate) fn kill_shim(folder: &Path) -> Option<u32> {
    let identity = orchestra_shim::identity::Identity::read(folder)?;
    identity.alive().then(|| kill(identity.pid, Signal::KILL))?;
    Some(identity.pid)
}

pub(crate) fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).ok();
}

/// Everything alive that a shim of this folder started.
pub(crate) fn marked(folder: &Path) -> Vec<u32> {
    let mark =
        format!("ORCHESTRA_SHIM_FOLDER={}", folder.canonicalize().unwrap_or(folder.to_owned()).display());
    let environ = |pid: u32| std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let alive = orchestra_shim::usage::processes().into_iter().filter(|process| process.state != 'Z');
    alive
        .map(|process| process.pid)
        .filter(|pid| environ(*pid).split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes()))
        .collect()
}

pub(crate) fn version(name: &str, words: &[&str]) -> VersionSpec {
    let mut command = vec![orchestra().display().to_string(), "behave".to_owned()];
    command.extend(words.iter().map(|word| (*word).to_owned()));
    VersionSpec {
        version: name.to_owned(),
        command,
        directory: "/".into(),
        env: BTreeMap::from([("VERSION".to_owned(), name.to_owned())]),
        health: Some("/health".to_owned()),
        drain_seconds: 20,
        ..VersionSpec::default()
    }
}

pub(crate) fn desired(generation: u64, versions: Vec<VersionSpec>, weights: &[(&str, u32)]) -> Desired {
    Desired {
        generation,
        service: "shop".to_owned(),
        environment: "production".to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        versions,
        weights: weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect(),
        sticky: None,
        last_good: None,
    }
}

/// Asks the service as a visitor does: the status line's code and the body.
pub(crate) async fn get(status: &Status, path: &str) -> (u16, String) {
    let address = status.listen.expect("the service has an address");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let code =
        answer.get(9..12).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no HTTP: {answer:?}"));
    (code, answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned())
}

/// Polls until something holds.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
