//! The log file: one line per decision, masked, in the data folder.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The log's name.
const FILE: &str = "orchestra.log";
/// The size at which the log is put aside; one older part is kept.
const BYTES: u64 = 8 << 20;

/// Writes the log of this process below the data folder. What is logged is chosen by `ORCHESTRA_LOG`
/// (`info` when not set; `debug`, or `orchestra_agents=trace` for one part).
///
/// # Errors
/// When the file can't be opened.
pub fn to_file(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let log = Log::open(dir.join(FILE))?;
    let wanted = std::env::var("ORCHESTRA_LOG").unwrap_or_default();
    let filter = tracing_subscriber::EnvFilter::try_new(if wanted.is_empty() { "info" } else { &wanted })
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(move || log.clone())
        .finish();
    // A second subscriber in one process can only be a test's: the first one stays.
    drop(tracing::subscriber::set_global_default(subscriber));
    Ok(())
}

#[derive(Clone)]
struct Log {
    path: PathBuf,
    open: Arc<Mutex<(File, u64)>>,
}

impl Log {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let length = file.metadata()?.len();
        Ok(Self { path, open: Arc::new(Mutex::new((file, length))) })
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if open.1 > BYTES {
            std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *open = (OpenOptions::new().create(true).append(true).open(&self.path)?, 0);
        }
        open.0.write_all(bytes)?;
        open.1 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
