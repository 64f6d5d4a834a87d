//! How strongly a build can be confined on this machine, and the command line that does it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use landlock::{
    ABI, Access as _, AccessFs, CompatLevel, Compatible as _, LandlockStatus, Ruleset, RulesetAttr as _,
};

use crate::confine::ABI_WANTED;
use crate::readable;

/// How long the trial of bubblewrap may take.
const TRIAL: Duration = Duration::from_secs(5);

/// Where the shim's binary is inside bubblewrap.
const BINARY_INSIDE: &str = "/run/orchestra";

/// The size of the private `/tmp` inside bubblewrap, in bytes.
const TEMPORARY_BYTES: u64 = 1 << 30;

/// What confines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Namespaces by bubblewrap: files, processes and network of its own.
    Bubblewrap,
    /// Landlock with the given ABI: files by allow list; TCP from 4 on; signals from 6 on.
    Landlock(u32),
    /// Nothing but limits.
    None,
}

/// What this machine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// The strongest kind that works.
    pub kind: Kind,
    /// Why nothing stronger is used, for a person.
    pub weaker_because: Option<String>,
    /// What may be read beside the system: the toolchains that `PATH` names.
    pub readable: Vec<PathBuf>,
    /// The `orchestra` binary, which sets the limits from within.
    pub orchestra: PathBuf,
    /// Whether the kernel holds the limit on processes; it doesn't for root.
    pub processes_are_limited: bool,
}

/// What one command may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where it works: read, write, and the place it starts in.
    pub workspace: PathBuf,
    /// What else it may write, such as a cache of dependencies.
    pub writable: Vec<PathBuf>,
    /// Whether it may use the network.
    pub network: bool,
    /// What it may use up.
    pub limits: Limits,
}

/// What the kernel holds each process to. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Processor time of one process, in seconds.
    pub cpu_seconds: Option<u64>,
    /// Memory that one process writes to (`RLIMIT_DATA`), in bytes. The sum over all is for a watcher.
    pub memory_bytes: Option<u64>,
    /// Size of one file, in bytes. The sum over all is for a watcher.
    pub file_bytes: Option<u64>,
    /// Processes and threads. Inside bubblewrap those of the build; else all of the same user.
    pub processes: Option<u64>,
    /// Files that one process has open.
    pub open_files: Option<u64>,
}

impl Default for Limits {
    /// An hour, 4 GiB of memory, files of 2 GiB, 1024 processes, 4096 open files.
    fn default() -> Self {
        Self {
            cpu_seconds: Some(3600),
            memory_bytes: Some(4 << 30),
            file_bytes: Some(2 << 30),
            processes: Some(1024),
            open_files: Some(4096),
        }
    }
}

impl Limits {
    fn options(&self) -> Vec<OsString> {
        let all = [
            ("--cpu-seconds", self.cpu_seconds),
            ("--memory-bytes", self.memory_bytes),
            ("--file-bytes", self.file_bytes),
            ("--processes", self.processes),
            ("--open-files", self.open_files),
        ];
        let given = all.into_iter().filter_map(|(option, value)| Some((option, value?)));
        given.flat_map(|(option, value)| [option.into(), value.to_string().into()]).collect()
    }
}

impl Plan {
    /// The folder for temporary files where `/tmp` can't be private; it goes with the workspace.
    pub fn temporary(&self) -> PathBuf {
        let mut path = self.workspace.as_os_str().to_owned();
        path.push(".tmp");
        path.into()
    }
}

impl Confinement {
    /// Finds out by trying; takes about 60 ms where bubblewrap is. The result doesn't change while a machine runs.
    pub fn detect() -> Self {
        let (kind, weaker_because) = match (bubblewrap_works(), landlock_abi()) {
            (Ok(()), _) => (Kind::Bubblewrap, None),
            (Err(reason), Some(abi)) => (Kind::Landlock(abi), Some(reason)),
            (Err(reason), None) => (Kind::None, Some(format!("{reason}; this kernel has no Landlock"))),
        };
        Self::of(kind, weaker_because)
    }

    /// Confines in the given way, whatever else works here.
    pub fn of(kind: Kind, weaker_because: Option<String>) -> Self {
        Self {
            kind,
            weaker_because,
            readable: readable::toolchains(),
            orchestra: std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into()),
            processes_are_limited: !rustix::process::getuid().is_root(),
        }
    }

    /// One sentence for `status`.
    pub fn describe(&self) -> String {
        let what = match self.kind {
            Kind::Bubblewrap => "bubblewrap: own files, processes and network".to_owned(),
            Kind::Landlock(abi) if abi >= 4 => {
                format!("Landlock (ABI {abi}): files by allow list, no TCP; UDP isn't held")
            }
            Kind::Landlock(abi) => {
                format!("Landlock (ABI {abi}): files by allow list; the network isn't held")
            }
            Kind::None => "nothing but limits: files and network aren't held".to_owned(),
        };
        let processes =
            if self.processes_are_limited { "" } else { "; the number of processes needs a watcher" };
        let why = self.weaker_because.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{what}{processes}{why}")
    }

    /// The command line that runs `argv` as planned: the program and its arguments.
    ///
    /// The caller clears the environment, sets the workspace as current directory, and ends the process group.
    pub fn wrap(&self, plan: &Plan, argv: &[OsString]) -> Vec<OsString> {
        let mut line = match self.kind {
            Kind::Bubblewrap => self.bubblewrap(plan),
            Kind::Landlock(_) => self.landlock(plan),
            Kind::None => {
                let mut line = self.confine(&self.orchestra, plan);
                line.push("--group".into());
                line
            }
        };
        line.push("--".into());
        line.extend_from_slice(argv);
        line
    }

    fn confine(&self, binary: &Path, plan: &Plan) -> Vec<OsString> {
        let mut line: Vec<OsString> = vec![binary.into(), "shim".into(), "confine".into()];
        line.extend(plan.limits.options());
        line
    }

    fn landlock(&self, plan: &Plan) -> Vec<OsString> {
        let mut line = self.confine(&self.orchestra, plan);
        line.extend(["--group".into(), "--landlock".into()]);
        if !plan.network {
            line.push("--no-network".into());
        }
        line.extend(["--temporary".into(), plan.temporary().into_os_string()]);
        for path in readable::system().into_iter().chain(self.readable.clone()) {
            line.extend(["--read-only".into(), path.into_os_string()]);
        }
        for path in readable::DEVICES {
            line.extend(["--read-write".into(), path.into()]);
        }
        for path in std::iter::once(&plan.workspace).chain(&plan.writable) {
            line.extend(["--read-write".into(), path.into()]);
        }
        line
    }

    fn bubblewrap(&self, plan: &Plan) -> Vec<OsString> {
        let mut line: Vec<OsString> = Vec::new();
        let mut add = |words: &[&std::ffi::OsStr]| line.extend(words.iter().map(OsString::from));
        let word = std::ffi::OsStr::new;
        add(&["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"].map(word));
        if plan.network {
            add(&[word("--share-net")]);
        }
        for path in readable::system().iter().filter(|path| !path.starts_with("/proc")) {
            match std::fs::read_link(path) {
                // `/bin` is a link into `/usr` on most systems, and has to stay one.
                Ok(target) if path.parent() == Some(Path::new("/")) => {
                    add(&[word("--symlink"), target.as_os_str(), path.as_os_str()]);
                }
                _ => add(&[word("--ro-bind-try"), path.as_os_str(), path.as_os_str()]),
            }
        }
        add(&["--proc", "/proc", "--dev", "/dev"].map(word));
        add(&[word("--size"), word(&TEMPORARY_BYTES.to_string()), word("--tmpfs"), word("/tmp")]);
        add(&["--setenv", "TMPDIR", "/tmp"].map(word));
        for path in &self.readable {
            add(&[word("--ro-bind-try"), path.as_os_str(), path.as_os_str()]);
        }
        add(&[word("--ro-bind"), self.orchestra.as_os_str(), word(BINARY_INSIDE)]);
        for path in std::iter::once(&plan.workspace).chain(&plan.writable) {
            add(&[word("--bind"), path.as_os_str(), path.as_os_str()]);
        }
        // The root is memory; what isn't mounted on purpose can't be filled.
        add(&["--remount-ro", "/"].map(word));
        add(&[word("--chdir"), plan.workspace.as_os_str(), word("--")]);
        line.extend(self.confine(Path::new(BINARY_INSIDE), plan));
        line
    }
}

/// Tries what a build needs of bubblewrap: that it is installed says little, as containers often forbid namespaces.
fn bubblewrap_works() -> Result<(), String> {
    let mut trial = Command::new("bwrap");
    trial.args([
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--ro-bind",
        "/",
        "/",
    ]);
    trial.args(["--proc", "/proc", "--dev", "/dev", "--size", "4096", "--tmpfs", "/tmp", "--", "true"]);
    let trial = trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = trial.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "bubblewrap isn't installed".to_owned(),
        _ => format!("bubblewrap can't be started: {error}"),
    })?;
    let deadline = Instant::now() + TRIAL;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => return Err("bubblewrap may not make namespaces here".to_owned()),
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(error) => return Err(format!("bubblewrap can't be tried: {error}")),
        }
    }
    child.kill().and_then(|()| child.wait()).ok();
    Err("bubblewrap hangs here".to_owned())
}

/// The Landlock ABI in force, as far as this build knows them. Asked in a thread of its own, which it restricts.
fn landlock_abi() -> Option<u32> {
    let ask = || {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
        let status = ruleset
            .handle_access(AccessFs::from_all(ABI_WANTED))
            .ok()?
            .create()
            .ok()?
            .restrict_self()
            .ok()?;
        match status.landlock {
            LandlockStatus::Available { effective_abi, .. } if effective_abi != ABI::Unsupported => {
                u32::try_from(effective_abi as i32).ok()
            }
            _ => None,
        }
    };
    std::thread::spawn(ask).join().ok()?
}

#[cfg(test)]
#[path = "confinement_tests.rs"]
mod tests;
