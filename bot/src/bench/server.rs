//! A running `orchestra up` of this very program.

use crate::control::Connection;
use crate::desk::{Answer, Ask, StatusView};
use anyhow::Context as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// How often the socket is tried.
const TRY: Duration = Duration::from_millis(1);
/// A server that does not answer by then never will.
const READY: Duration = Duration::from_secs(20);
/// How long its end may take.
const END: Duration = Duration::from_secs(15);

/// A server in a child process; it is killed when this is dropped before [`Server::end`].
pub(super) struct Server {
    child: Child,
    connection: Connection,
}

impl Server {
    /// Starts one on a folder and waits for its first answer; also says how long that took.
    ///
    /// # Errors
    /// When it ends by itself, or never answers.
    pub(super) async fn start(dir: &Path) -> anyhow::Result<(Self, Duration)> {
        let program = std::env::current_exe().context("the program's own path is not known")?;
        let begun = Instant::now();
        let mut child = Command::new(program)
            .arg("up")
            .arg("--dir")
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("`orchestra up` can't be started")?;
        loop {
            if let Some(connection) = Connection::open(dir).await {
                let mut server = Self { child, connection };
                server.status().await?;
                return Ok((server, begun.elapsed()));
            }
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("`orchestra up` ended with {status} before it answered");
            }
            anyhow::ensure!(begun.elapsed() < READY, "`orchestra up` did not answer within {READY:?}");
            tokio::time::sleep(TRY).await;
        }
    }

    /// What runs where, as the server says it.
    ///
    /// # Errors
    /// When the server went away.
    pub(super) async fn status(&mut self) -> anyhow::Result<StatusView> {
        match self.connection.ask(&Ask::Status).await? {
            Answer::Status(view) => Ok(*view),
            other => anyhow::bail!("the server answered its status with {other:?}"),
        }
    }

    /// Its resident memory in MiB.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub(super) fn resident(&self) -> anyhow::Result<f64> {
        let pid = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        resident(&status).context("the kernel does not say how much memory the server has")
    }

    /// Ends it as a person would, and waits until it is gone.
    ///
    /// # Errors
    /// When it does not end, or ends badly.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(rustix::process::Pid::from_raw).context("the server has ended")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status =
            tokio::time::timeout(END, self.child.wait()).await.context("the server does not end")??;
        anyhow::ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

/// `VmRSS` of `/proc/PID/status` (proc(5)) in MiB.
fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_mebibytes() {
        assert_eq!(resident("Name:\torchestra\nVmHWM:\t   9000 kB\nVmRSS:\t   2048 kB\n"), Some(2.0));
        assert_eq!(resident("Name:\tzombie\n"), None);
    }
}
