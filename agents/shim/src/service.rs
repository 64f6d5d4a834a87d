//! The shim's own life: one for each folder, from restoring what was wanted to the graceful end.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::control::{Desk, answer_all};
use crate::files::{self, SocketPath};
use crate::identity::Identity;
use crate::process;
use crate::protocol::EventKind;
use crate::store::{self, Found};
use crate::supervise::Supervisor;

/// The longest drain when the system wants the shim to end: it won't wait for longer.
const SIGNALLED_DRAIN: Duration = Duration::from_secs(20);

/// How long what is answered last may take to be read.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Whether a shim holds the folder now. The lock, unlike a file with a pid, can't be stale.
///
/// # Errors
/// When the folder can't be written.
pub fn is_held(folder: &Path) -> io::Result<bool> {
    Ok(hold(folder)?.is_none())
}

/// Takes the folder for as long as the file lives; `None` when another process has it.
fn hold(folder: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(folder.join("shim.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The main of a shim: runs until it is told to stop, by request or by SIGTERM.
///
/// Returns at once when another shim holds the folder, which is how two starters race safely.
///
/// # Errors
/// When the folder can't be written, or `/proc` can't be read.
pub async fn run(folder: PathBuf) -> anyhow::Result<()> {
    files::private_folder(&folder)
        .with_context(|| format!("the folder `{}` can't be made", folder.display()))?;
    let folder = folder.canonicalize()?;
    let Some(_held) = hold(&folder).context("the folder can't be locked")? else {
        tracing::info!("another shim holds the folder");
        return Ok(());
    };
    let identity = Identity::own()?;
    identity.write(&folder).context("the shim's identity can't be written")?;
    let supervisor = Supervisor::new(&folder);
    files::private_folder(&supervisor.log_folder())?;
    // Signals count from here on; one that comes while the versions start isn't lost.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    drop(signal(SignalKind::hangup())?);
    let left = process::sweep(&folder);
    if left > 0 {
        tracing::warn!(left, "processes of an earlier shim were ended");
    }
    restore(&supervisor, &folder, &identity.boot_id).await?;
    supervisor.prune_logs();
    let keeper = tokio::spawn(Arc::clone(&supervisor).keep());

    let listener = bind(&folder).context("the socket can't be bound")?;
    let (ended, mut end) = mpsc::channel(1);
    let desk = Arc::new(Desk { supervisor: Arc::clone(&supervisor), identity, ended });
    let answering = tokio::spawn(answer_all(listener, desk));
    let by_signal = tokio::select! {
        _ = end.recv() => false,
        _ = terminate.recv() => true,
        _ = interrupt.recv() => true,
    };
    if by_signal {
        supervisor.stop(false, Some(SIGNALLED_DRAIN)).await?;
    }
    keeper.abort();
    remove(&folder.join(files::SOCKET));
    remove(&folder.join("shim.json"));
    tokio::time::sleep(LAST_WORDS).await;
    answering.abort();
    tracing::info!("the shim ends");
    Ok(())
}

async fn restore(supervisor: &Arc<Supervisor>, folder: &Path, boot_id: &str) -> anyhow::Result<()> {
    let desired = match store::load(folder, boot_id).context("the desired state can't be read")? {
        Found::Nothing => return Ok(()),
        Found::Broken(message) => {
            supervisor.events().add(None, EventKind::Restored, 0, message);
            return Ok(());
        }
        Found::SameBoot(desired) => {
            supervisor.events().add(
                None,
                EventKind::Restored,
                0,
                "the shim started anew, and so did everything it ran",
            );
            *desired
        }
        Found::EarlierBoot(desired) => {
            let back = store::after_reboot(*desired);
            let message = match back.versions.first() {
                Some(spec) => format!("after a reboot, version `{}` came back", spec.version),
                None => "after a reboot nothing came back: no version had proven good".to_owned(),
            };
            supervisor.events().add(None, EventKind::Restored, 0, message);
            // From now on this boot's state is what counts, also for a shim that follows.
            store::save(folder, &back).await?;
            back
        }
    };
    if let Err(refusal) = supervisor.enforce(desired) {
        tracing::error!(%refusal, "what was wanted can't be restored");
    }
    Ok(())
}

fn bind(folder: &Path) -> io::Result<UnixListener> {
    let socket = SocketPath::of(folder)?;
    // Whoever left it is dead: this process holds the lock.
    remove(&folder.join(files::SOCKET));
    let listener = UnixListener::bind(socket.path())?;
    std::fs::set_permissions(folder.join(files::SOCKET), std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "a file stays");
    }
}
