//! The private socket in the data folder: one JSON line asked, one JSON line answered.
//!
//! Who asks is known from the kernel: the user behind the other end of the socket.

use crate::config::Config;
use crate::desk::{Answer, Ask, Desk};
use crate::policy::Person;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The socket's name.
const SOCKET: &str = "orchestra.sock";
/// The longest question in bytes.
const QUESTION: u64 = 256 * 1024;
/// The longest answer in bytes.
const ANSWER: u64 = 64 * 1024 * 1024;
/// How many ask at the same time.
const ASKERS: usize = 64;

/// The path of the socket; short whatever the folder is called, since the kernel takes 107 bytes.
fn path(dir: &Path) -> std::io::Result<(PathBuf, Option<std::fs::File>)> {
    let path = dir.join(SOCKET);
    if path.as_os_str().len() < 100 {
        return Ok((path, None));
    }
    let folder = std::fs::File::open(dir)?;
    let short = format!("/proc/self/fd/{}/{SOCKET}", std::os::fd::AsRawFd::as_raw_fd(&folder));
    Ok((PathBuf::from(short), Some(folder)))
}

/// Answers questions until it is told to stop. The folder's lock must be held.
///
/// # Errors
/// When the socket can't be opened.
pub async fn serve(
    dir: &Path,
    desk: Desk,
    config: Arc<Config>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (path, _folder) = path(dir)?;
    if path.exists() {
        // Whoever left it is gone: the lock on the folder is ours.
        std::fs::remove_file(&path)?;
    }
    let listener =
        UnixListener::bind(&path).with_context(|| format!("`{}` can't be opened", path.display()))?;
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let askers = Arc::new(Semaphore::new(ASKERS));
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = stream else { continue };
        let Ok(permit) = askers.clone().acquire_owned().await else { break };
        let (desk, config) = (desk.clone(), config.clone());
        tokio::spawn(async move {
            if let Err(error) = converse(stream, &desk, &config).await {
                tracing::debug!(%error, "a question broke off");
            }
            drop(permit);
        });
    }
    drop(listener);
    std::fs::remove_file(&path).context("the socket can't be removed")
}

async fn converse(stream: UnixStream, desk: &Desk, config: &Config) -> anyhow::Result<()> {
    let user = crate::user::name_of(stream.peer_cred()?.uid());
    let person = Person::named(&user, config);
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let length = (&mut lines).take(QUESTION).read_until(b'\n', &mut line).await?;
        if length == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_slice::<Ask>(&line) {
            Ok(ask) => desk.answer(&person, ask).await,
            Err(error) => Answer::Failed(format!("this server does not know that question: {error}")),
        };
        let mut text = serde_json::to_vec(&answer)?;
        text.push(b'\n');
        write.write_all(&text).await?;
    }
}

/// A connection to a running server.
pub struct Connection {
    reader: BufReader<tokio::net::unix::OwnedReadHalf>,
    writer: tokio::net::unix::OwnedWriteHalf,
}

impl Connection {
    /// Connects; `None` when no server is running on the folder.
    pub async fn open(dir: &Path) -> Option<Self> {
        let (path, _folder) = path(dir).ok()?;
        let stream = UnixStream::connect(&path).await.ok()?;
        let (read, writer) = stream.into_split();
        Some(Self { reader: BufReader::new(read), writer })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When the server went away or its answer does not read.
    pub async fn ask(&mut self, ask: &Ask) -> anyhow::Result<Answer> {
        let mut text = serde_json::to_vec(ask)?;
        text.push(b'\n');
        self.writer.write_all(&text).await.context("the server went away")?;
        let mut line = Vec::new();
        let length = (&mut self.reader).take(ANSWER).read_until(b'\n', &mut line).await?;
        anyhow::ensure!(length > 0, "the server went away");
        serde_json::from_slice(&line).context("the server's answer does not read; is it of another version?")
    }
}
