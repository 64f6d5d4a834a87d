//! One process of a service: started through the shim's own binary, ended with all that it started.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::logs::VersionLog;
use crate::protocol::VersionSpec;

/// How long a process may take to end after SIGTERM, before SIGKILL.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// How long the last output is waited for once the process is gone.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// Where programs are looked for unless the service says otherwise.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Environment variable that marks everything a shim started, so that a successor finds what was left behind.
pub(crate) const MARK: &str = "ORCHESTRA_SHIM_FOLDER";

/// A running process and the pipes it writes to.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: u32,
    readers: Vec<tokio::task::JoinHandle<()>>,
}

impl Process {
    /// Starts one replica on the given port.
    ///
    /// The child is the shim's own binary with `shim exec`, which ties its life to the shim's and becomes the program.
    /// `folder` is the shim's, and marks the process.
    ///
    /// # Errors
    /// When the system can't start another process or the directory doesn't exist.
    pub(crate) fn start(
        spec: &VersionSpec,
        port: u16,
        folder: &std::path::Path,
        log: &VersionLog,
    ) -> io::Result<Self> {
        // The link is followed in the child, so it works even after the file was replaced by a newer build.
        let mut command = Command::new("/proc/self/exe");
        command.args(["shim", "exec", "--parent", &std::process::id().to_string(), "--"]).args(&spec.command);
        command.env_clear().envs(environment(spec)).env("PORT", port.to_string()).env(MARK, folder);
        command
            .current_dir(&spec.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A group of its own from the first moment, so that a signal to the group can't miss it.
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let group = child.id().ok_or_else(|| io::Error::other("the process has no id"))?;
        let mut readers = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            readers.push(tokio::spawn(log.clone().follow(pipe)));
        }
        if let Some(pipe) = child.stderr.take() {
            readers.push(tokio::spawn(log.clone().follow(pipe)));
        }
        Ok(Self { child, group, readers })
    }

    /// The process's id, which is its group's too.
    pub(crate) fn id(&self) -> u32 {
        self.group
    }

    /// Waits for the end, kills what is left of the group, and reads the last output.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        signal_group(self.group, Signal::KILL);
        for mut reader in self.readers.drain(..) {
            if tokio::time::timeout(OUTPUT_GRACE, &mut reader).await.is_err() {
                // Something that left the group holds the pipe open.
                reader.abort();
            }
        }
        Ok(status)
    }

    /// SIGTERM, a while to finish, then SIGKILL; always to the whole group.
    pub(crate) async fn stop(mut self, grace: Duration) -> io::Result<ExitStatus> {
        signal_group(self.group, Signal::TERM);
        if let Ok(status) = tokio::time::timeout(grace, self.ended()).await {
            return status;
        }
        signal_group(self.group, Signal::KILL);
        self.ended().await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        signal_group(self.group, Signal::KILL);
    }
}

fn signal_group(group: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw)
        && let Err(error) = kill_process_group(pid, signal)
        && error != rustix::io::Errno::SRCH
    {
        tracing::warn!(group, %error, "a process group can't be signalled");
    }
}

fn environment(spec: &VersionSpec) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([
        ("PATH".to_owned(), DEFAULT_PATH.to_owned()),
        ("HOME".to_owned(), spec.directory.display().to_string()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
    ]);
    all.extend(spec.env.clone());
    all.extend(spec.secret_env.clone());
    all
}

/// A port that is free now. Someone else may take it before the service does; then the service is tried on another.
///
/// # Errors
/// When the system has no free port.
pub(crate) async fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    Ok(listener.local_addr()?.port())
}

/// How a process ended, for a person: `exit status 1`, `signal 9`.
pub(crate) fn describe_exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown end".to_owned(),
    }
}

/// Kills what an earlier shim of this folder left behind, found by its mark. Returns how many processes.
pub(crate) fn sweep(folder: &std::path::Path) -> usize {
    let mark = [MARK.as_bytes(), b"=", folder.as_os_str().as_encoded_bytes()].concat();
    let own = std::process::id();
    let left: Vec<u32> = crate::usage::processes()
        .iter()
        .filter(|process| process.pid != own && process.state != 'Z')
        .filter(|process| marked(process.pid, &mark))
        .map(|process| process.pid)
        .collect();
    for pid in &left {
        if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw)
            && let Err(error) = rustix::process::kill_process(pid, Signal::KILL)
        {
            tracing::debug!(%error, "a left process ended by itself");
        }
    }
    left.len()
}

fn marked(pid: u32, mark: &[u8]) -> bool {
    let environ = PathBuf::from(format!("/proc/{pid}/environ"));
    std::fs::read(environ).is_ok_and(|all| all.split(|byte| *byte == 0).any(|entry| entry == mark))
}
