//! What the versions print: one file each, rotated by size, with bounded lines and masked secrets.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Size at which a file is put aside, in bytes.
pub const FILE_LIMIT: u64 = 1024 * 1024;

/// Files that are kept for one version, the one being written included.
pub const FILES: usize = 3;

/// The longest line that is kept, in bytes; what is beyond is cut and marked.
pub const LINE_LIMIT: usize = 8 * 1024;

/// Lines that can be asked for at once.
pub const TAIL_LIMIT: usize = 10_000;

/// Bytes that can be asked for at once.
const TAIL_BYTES: usize = 1024 * 1024;

/// Values shorter than this aren't masked: they'd turn whole logs into stars.
const SHORTEST_SECRET: usize = 4;

/// The file name of a version's log, without anything that would leave the folder.
pub fn file_name(version: &str) -> String {
    let mut name = String::with_capacity(version.len() + 4);
    for (index, byte) in version.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"-_+".contains(&byte) || (byte == b'.' && index > 0);
        if plain {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    name.push_str(".log");
    name
}

/// A file that is put aside when it is full.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl RotatingFile {
    /// Opens the file for appending, `limit` bytes long at most.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open(path: PathBuf, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size, limit })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..FILES).rev() {
            let older = aside(&self.path, number);
            let newer = if number == 1 { self.path.clone() } else { aside(&self.path, number - 1) };
            if newer.exists() {
                std::fs::rename(newer, older)?;
            }
        }
        *self = Self::open(self.path.clone(), self.limit)?;
        Ok(())
    }
}

impl Write for RotatingFile {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        if self.size > 0 && self.size + content.len() as u64 > self.limit {
            self.rotate()?;
        }
        self.file.write_all(content)?;
        self.size += content.len() as u64;
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn aside(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// One version's log. Cloning gives another handle to the same file.
#[derive(Debug, Clone)]
pub struct VersionLog {
    inner: Arc<Mutex<Inner>>,
    secrets: Arc<[String]>,
}

#[derive(Debug)]
struct Inner {
    file: RotatingFile,
    last_line: Option<String>,
}

impl VersionLog {
    /// Opens the log of a version in the folder of logs. The values of `secrets` never reach the file.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn open<'a>(
        folder: &Path,
        version: &str,
        secrets: impl Iterator<Item = &'a String>,
    ) -> io::Result<Self> {
        let file = RotatingFile::open(folder.join(file_name(version)), FILE_LIMIT)?;
        let mut secrets: Vec<String> =
            secrets.filter(|value| value.len() >= SHORTEST_SECRET).cloned().collect();
        // A secret that contains another goes first, or its rest would stay readable.
        secrets.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Ok(Self { inner: Arc::new(Mutex::new(Inner { file, last_line: None })), secrets: secrets.into() })
    }

    /// Writes one line. A disk that is full loses the line; the service goes on.
    pub fn line(&self, text: &str) {
        let mut text = text.to_owned();
        for secret in self.secrets.iter() {
            if text.contains(secret) {
                text = text.replace(secret, "***");
            }
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{text}\n");
        inner.last_line = Some(text).filter(|text| !text.trim().is_empty()).or(inner.last_line.take());
        if let Err(error) = inner.file.write_all(line.as_bytes()) {
            tracing::debug!(%error, "a log line is lost");
        }
    }

    /// The last line that isn't empty, since the last call; at most 200 characters.
    pub fn take_last_line(&self) -> Option<String> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.last_line.take().map(|line| line.chars().take(200).collect())
    }

    /// Writes all that comes out of a pipe until its end.
    pub async fn follow(self, mut pipe: impl AsyncRead + Unpin) {
        let mut lines = LineSplitter::default();
        let mut buffer = vec![0; LINE_LIMIT];
        loop {
            match pipe.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => lines.push(buffer.get(..count).unwrap_or_default(), |line| self.line(line)),
            }
        }
        lines.finish(|line| self.line(line));
    }
}

/// Cuts a stream of bytes into lines that are no longer than [`LINE_LIMIT`].
#[derive(Debug, Default)]
struct LineSplitter {
    pending: Vec<u8>,
    cut: bool,
}

impl LineSplitter {
    fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            let room = LINE_LIMIT - self.pending.len();
            self.cut |= text.len() > room;
            self.pending.extend(text.iter().take(room));
            if ended {
                self.emit(&mut each);
            }
        }
    }

    fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.pending.is_empty() {
            self.emit(&mut each);
        }
    }

    fn emit(&mut self, each: &mut impl FnMut(&str)) {
        let mut line = String::from_utf8_lossy(&self.pending).trim_end_matches('\r').to_owned();
        if self.cut {
            line.push_str(" [cut]");
        }
        each(&line);
        self.pending.clear();
        self.cut = false;
    }
}

/// The last lines of a version's log, oldest first, over all files that are kept.
///
/// At most [`TAIL_LIMIT`] lines and one MiB. `None` when the version never had a log here.
///
/// # Errors
/// When a file that exists can't be read.
pub fn tail(folder: &Path, version: &str, wanted: usize) -> io::Result<Option<Vec<String>>> {
    let path = folder.join(file_name(version));
    if !path.exists() {
        return Ok(None);
    }
    let wanted = wanted.min(TAIL_LIMIT);
    let mut lines: VecDeque<String> = VecDeque::new();
    let mut room = TAIL_BYTES;
    for number in 0..FILES {
        let file = if number == 0 { path.clone() } else { aside(&path, number) };
        if lines.len() >= wanted || room == 0 || !file.exists() {
            break;
        }
        let (text, whole) = read_end(&file, room)?;
        // What isn't UTF-8 grows when it is replaced.
        room = room.saturating_sub(text.len());
        // The first line of a part is torn, unless the part is the file.
        let found = text.lines().skip(usize::from(!whole)).collect::<Vec<_>>();
        for line in found.into_iter().rev().take(wanted - lines.len()) {
            lines.push_front(line.to_owned());
        }
    }
    Ok(Some(lines.into()))
}

fn read_end(path: &Path, room: usize) -> io::Result<(String, bool)> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(room as u64);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(room as u64).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok((text, start == 0))
}

/// Deletes the logs that are longest unused, but for the newest `kept` versions and those that run.
pub fn prune(folder: &Path, kept: usize, running: &[String]) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let running: Vec<String> = running.iter().map(|version| file_name(version)).collect();
    let mut files: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".log"))
        .filter(|entry| !running.contains(&entry.file_name().to_string_lossy().into_owned()))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(kept);
    for (_, path) in files.into_iter().take(surplus) {
        for doomed in (1..FILES).map(|number| aside(&path, number)).chain([path.clone()]) {
            if let Err(error) = std::fs::remove_file(&doomed)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, path = %doomed.display(), "an old log stays");
            }
        }
    }
}

#[cfg(test)]
#[path = "logs_tests.rs"]
mod tests;
