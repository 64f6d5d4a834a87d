//! Runs one child process inside bounds, and leaves nothing of it behind.
//!
//! The child starts with exactly the environment that it is given and leads its own process group.
//! Whatever ends it, everything that descends from it is killed too (see `super::family`).
//! Hard limits of the kernel are set where they count per process; a watcher measures the rest.
//! This module starts what it is told: confinement is put around the command before (see [`super::walls`]).

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit, setpriority_process};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::family::Family;
use super::sink::Sink;
use super::watcher::watch;

/// How much one run may use; every field is a ceiling, and none can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time on the wall clock from start to end.
    pub wall: Duration,
    /// Processor time of all processes of the run together.
    pub cpu: Duration,
    /// Memory of all processes of the run together, in bytes; pages that are shared count once.
    pub memory: u64,
    /// Processes and threads alive at one time, as the kernel's own task limits count them.
    pub processes: u64,
    /// Size of one file in bytes.
    pub file: u64,
    /// Bytes on disk that the run may add to the folders of [`Run::disk`].
    pub disk: u64,
    /// Bytes of output (standard output and error together).
    pub output: u64,
}

const MIB: u64 = 1 << 20;
/// The nice value of a run and all that descends from it, see setpriority(2); a tenth of the usual share.
const NICENESS: i32 = 10;

impl Default for Limits {
    /// Ceilings that fit a build of a usual service on a usual machine.
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(30 * 60),
            cpu: Duration::from_secs(120 * 60),
            memory: 4096 * MIB,
            processes: 1024,
            file: 4096 * MIB,
            disk: 8192 * MIB,
            output: 64 * MIB,
        }
    }
}

/// What to run, and inside which bounds.
#[derive(Debug)]
pub struct Run {
    /// Program and arguments; the program is looked up in the `PATH` of `environment`.
    pub argv: Vec<OsString>,
    /// The folder in which it starts.
    pub directory: PathBuf,
    /// The whole environment; nothing is inherited.
    pub environment: Vec<(OsString, OsString)>,
    /// The ceilings.
    pub limits: Limits,
    /// The folders whose growth is measured against [`Limits::disk`].
    pub disk: Vec<PathBuf>,
    /// The file to which all output is appended, up to [`Limits::output`].
    pub log: PathBuf,
    /// Ends the run early when it is cancelled.
    pub cancel: CancellationToken,
    /// Receives lines of output for progress; a slow reader misses lines and never slows the run.
    pub on_line: Option<mpsc::Sender<String>>,
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ended by itself with this code.
    Exit(i32),
    /// A signal ended it that this module did not send.
    Signal(i32),
    /// [`Limits::wall`] was reached.
    TimedOut,
    /// [`Limits::cpu`] was reached.
    CpuLimit,
    /// [`Limits::output`] was reached.
    OutputLimit,
    /// [`Limits::disk`] or [`Limits::file`] was reached, or the disk had no room left.
    DiskLimit,
    /// [`Limits::memory`] was reached.
    MemoryLimit,
    /// [`Limits::processes`] was reached.
    ProcessLimit,
    /// [`Run::cancel`] was cancelled.
    Cancelled,
    /// There is no such program on the `PATH` of the run.
    NotFound(String),
}

impl Outcome {
    /// True only for an exit with code 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        *self == Self::Exit(0)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "ended with code {code}"),
            Self::Signal(number) => write!(f, "was ended by signal {number}"),
            Self::TimedOut => f.write_str("took too long and was ended"),
            Self::CpuLimit => f.write_str("used too much processor time and was ended"),
            Self::OutputLimit => f.write_str("wrote too much output and was ended"),
            Self::DiskLimit => f.write_str("used too much disk, or the disk is full, and was ended"),
            Self::MemoryLimit => f.write_str("used too much memory and was ended"),
            Self::ProcessLimit => f.write_str("started too many processes and was ended"),
            Self::Cancelled => f.write_str("was cancelled"),
            Self::NotFound(program) => write!(f, "could not start: `{program}` is not on this machine"),
        }
    }
}

/// How a run ended, and what it said.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Why it ended.
    pub outcome: Outcome,
    /// The end of its output, at most 8 KiB, as text; what is not UTF-8 is replaced.
    pub output_tail: String,
    /// The file with all output up to the limit.
    pub log: PathBuf,
    /// From start to end.
    pub duration: Duration,
}

/// Why a run could not be carried out at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An empty command.
    #[error("there is no command to run")]
    Empty,
    /// The folder to start in is missing.
    #[error("the folder `{}` is not there", .0.display())]
    NoDirectory(PathBuf),
    /// The log could not be opened or written.
    #[error("the log `{}` can't be written", path.display())]
    Log {
        /// The log file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The process could not be started for another reason than a missing program.
    #[error("`{program}` can't be started")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Ends everything that is left of a run when its future is dropped halfway.
struct EndOnDrop(Arc<Mutex<Family>>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).end();
    }
}

/// Runs a command to its end or to its first broken bound.
///
/// A broken bound, a missing program and a cancelled run are outcomes, not errors.
///
/// # Errors
/// [`RunError`] when the run could not begin, or its log not be written.
pub async fn run(run: Run) -> Result<Ended, RunError> {
    let started = Instant::now();
    let program = run.argv.first().ok_or(RunError::Empty)?.to_string_lossy().into_owned();
    if !run.directory.is_dir() {
        return Err(RunError::NoDirectory(run.directory));
    }
    let log_error = |source| RunError::Log { path: run.log.clone(), source };
    let mut sink = Sink::open(&run.log, run.limits.output, run.on_line.clone()).map_err(log_error)?;
    let mark = fresh_mark();
    let (mut child, pipe) = match start(&run, &mark) {
        Ok(started) => started,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(sink.ended(Outcome::NotFound(program), &run.log, started.elapsed()));
        }
        Err(source) => return Err(RunError::Start { program, source }),
    };
    let mut pipe = pipe;
    let leader = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
    set_hard_limits(leader, &run.limits);
    let family = Arc::new(Mutex::new(Family::of(leader, &mark)));
    let end_on_drop = EndOnDrop(family.clone());

    let watching = watch(family.clone(), run.limits.clone(), run.disk.clone());
    let deadline = tokio::time::sleep(run.limits.wall);
    tokio::pin!(watching, deadline);
    let mut buffer = vec![0; 64 * 1024];
    let mut open = true;
    let mut outcome = loop {
        tokio::select! {
            biased;
            () = run.cancel.cancelled() => break Outcome::Cancelled,
            () = &mut deadline => break Outcome::TimedOut,
            breach = &mut watching => break breach,
            status = child.wait() => break status.map_or(Outcome::Signal(0), outcome_of),
            read = pipe.read(&mut buffer), if open => match read {
                Ok(0) | Err(_) => open = false,
                Ok(count) => if !sink.take(&buffer[..count]).map_err(log_error)? { break Outcome::OutputLimit },
            },
        }
    };

    // The group goes first: only then does the pipe end, however many grandchildren hold it.
    // A failed join means that the ending panicked, and dropping `end_on_drop` tries once more.
    tokio::task::spawn_blocking(move || drop(end_on_drop)).await.ok();
    tokio::time::timeout(Duration::from_secs(5), child.wait()).await.ok();
    let last_words = tokio::time::timeout(Duration::from_secs(2), async {
        while open {
            match pipe.read(&mut buffer).await {
                Ok(0) | Err(_) => open = false,
                Ok(count) => {
                    if !sink.take(&buffer[..count])? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    });
    if last_words.await.unwrap_or(Ok(false)).map_err(log_error)? && matches!(outcome, Outcome::Exit(_)) {
        outcome = Outcome::OutputLimit;
    }
    Ok(sink.ended(outcome, &run.log, started.elapsed()))
}

fn start(run: &Run, mark: &str) -> std::io::Result<(tokio::process::Child, Receiver)> {
    let (reader, writer) = std::io::pipe()?;
    let mut command = Command::new(&run.argv[0]);
    command
        .args(&run.argv[1..])
        .current_dir(&run.directory)
        .env_clear()
        .envs(run.environment.iter().map(|(name, value)| (name, value)))
        .env(super::family::MARK, mark)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true);
    let child = command.spawn()?;
    // Dropping the command closes our copies of the writing end, so that the pipe can end.
    drop(command);
    Ok((child, Receiver::from_owned_fd(reader.into())?))
}

/// A value that no other run carries, so that a process which left its group is still recognised.
fn fresh_mark() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}-{number}-{:016x}", std::process::id(), rand::random::<u64>())
}

/// Sets the limits that the kernel counts per process and hands down to children.
///
/// Address space is left alone, for runtimes such as node reserve far more than they use; the
/// watcher measures real memory. Processes are counted per user by the kernel (and not at all for
/// root), so what the user has already is added. The run is also put behind everything else, so that
/// the watcher and live traffic get their turn while it floods the machine.
fn set_hard_limits(leader: i32, limits: &Limits) {
    let Some(pid) = Pid::from_raw(leader) else { return };
    if let Err(error) = setpriority_process(Some(pid), NICENESS) {
        tracing::debug!(%error, "the run could not be put behind other work");
    }
    // The watcher, which adds all processes up, comes first; at the harder limit the kernel kills.
    let cpu = limits.cpu.as_secs();
    let tasks = super::family::tasks_of_this_user().saturating_add(limits.processes);
    let ceilings = [
        (Resource::Nproc, tasks, tasks),
        (Resource::Cpu, cpu + 2, cpu + 3),
        (Resource::Fsize, limits.file, limits.file),
        (Resource::Core, 0, 0),
    ];
    for (resource, soft, hard) in ceilings {
        let limit = Rlimit { current: Some(soft), maximum: Some(hard) };
        if let Err(error) = prlimit(Some(pid), resource, limit) {
            tracing::debug!(%error, ?resource, "a hard limit could not be set, the watcher alone holds it");
        }
    }
}

fn outcome_of(status: ExitStatus) -> Outcome {
    match (status.code(), status.signal()) {
        (Some(code), _) => Outcome::Exit(code),
        (None, Some(signal)) if signal == Signal::XCPU.as_raw() => Outcome::CpuLimit,
        (None, Some(signal)) if signal == Signal::XFSZ.as_raw() => Outcome::DiskLimit,
        (None, signal) => Outcome::Signal(signal.unwrap_or_default()),
    }
}

/// Where `program` is on this `PATH`, if it is there and may be executed.
#[must_use]
pub fn find_program(program: &str, path: &std::ffi::OsStr) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|file| is_executable(file));
    }
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
