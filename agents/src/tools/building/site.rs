//! A source laid out in a workspace, and confined commands in it: what builds and tests share.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::process::{Ended, Limits, Run, RunError, run};
use super::toolchain::Toolchain;
use super::walls::{Network, Walls, Wrapper};
use super::workspace::Workspace;
use crate::tools::archive::{ArchiveError, Bounds, relative, unpack};

/// What to lay out, and how its commands run.
#[derive(Clone)]
pub struct SiteRequest {
    /// The archive of the source.
    pub source: PathBuf,
    /// The folder of the source to work in, from `build.context`; its top without it.
    pub context: Option<String>,
    /// The folder for all work on this repository; its cache stays there between runs.
    pub folder: PathBuf,
    /// A cache that grew over this many bytes is thrown away afterwards.
    pub cache_bytes: u64,
    /// What the source may hold.
    pub bounds: Bounds,
    /// The ceilings of each single command.
    pub limits: Limits,
    /// The log to which all commands and their output are appended.
    pub log: PathBuf,
    /// Ends a running command.
    pub cancel: CancellationToken,
    /// Receives commands and lines of output for progress.
    pub on_line: Option<mpsc::Sender<String>>,
    /// Puts the confinement around a command.
    pub wrapper: Wrapper,
    /// The machine's tools.
    pub toolchain: Toolchain,
}

/// Why a source could not be laid out, or a command not run.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The source's archive can't be laid out.
    #[error("the source can't be unpacked: {0}")]
    Source(#[source] ArchiveError),
    /// `build.context` leaves the repository or is not there.
    #[error("`build.context` is `{0}`, which is not a folder of the repository")]
    Context(String),
    /// A program that the machine hasn't got.
    #[error("`{program}` is not installed on this machine, so `{tool}` can't be used")]
    MissingProgram {
        /// The tool that was asked for.
        tool: String,
        /// The program that it needs.
        program: String,
    },
    /// A command could not be run at all.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file of ours could not be read or written.
    #[error("`{}` can't be read or written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A source laid out for work; dropping it removes it, and its cache stays.
pub struct Site {
    pub(super) request: SiteRequest,
    pub(super) workspace: Workspace,
    directory: PathBuf,
}

impl Site {
    /// Unpacks the source into the workspace of its repository.
    ///
    /// # Errors
    /// [`SiteError`] when it can't be unpacked, or the context isn't there.
    pub async fn open(request: SiteRequest) -> Result<Self, SiteError> {
        let laid_out = tokio::task::spawn_blocking(move || {
            let io = |source| SiteError::Io { path: request.folder.clone(), source };
            let workspace = Workspace::open(&request.folder, request.cache_bytes).map_err(io)?;
            unpack(&request.source, &workspace.tree(), request.bounds).map_err(SiteError::Source)?;
            let directory = context(&workspace.tree(), request.context.as_deref())?;
            Ok(Self { request, workspace, directory })
        });
        laid_out.await.unwrap_or_else(|error| {
            Err(SiteError::Io { path: PathBuf::new(), source: std::io::Error::other(error) })
        })
    }

    /// The folder in which commands run, for instance to find their reports.
    ///
    /// What commands wrote is not trusted: a file there may be a link to anywhere.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Says which program is missing, if one is.
    ///
    /// # Errors
    /// [`SiteError::MissingProgram`] with the first one.
    pub fn require(&self, tool: &str, programs: &[&str]) -> Result<(), SiteError> {
        match programs.iter().find(|program| self.request.toolchain.find(program).is_none()) {
            None => Ok(()),
            Some(program) => {
                Err(SiteError::MissingProgram { tool: tool.to_owned(), program: (*program).to_owned() })
            }
        }
    }

    /// Runs one command inside the walls.
    ///
    /// # Errors
    /// [`SiteError`] when it can't be run; how it ended is in [`Ended`].
    pub async fn run(&self, command: &[String], network: Network) -> Result<Ended, SiteError> {
        let request = &self.request;
        self.say(&format!("$ {}", shown(command)))?;
        let mut writable = self.workspace.writable();
        writable.push(self.workspace.tree());
        let walls = Walls {
            workspace: self.directory.clone(),
            writable: writable.clone(),
            network,
            limits: request.limits.clone(),
        };
        let bare: Vec<OsString> = command.iter().map(OsString::from).collect();
        // The confinement's own folder for temporary files lies beside the tree.
        writable.push(self.workspace.tree().with_extension("tmp"));
        let ended = run(Run {
            argv: (request.wrapper)(&walls, &bare),
            directory: self.directory.clone(),
            environment: request.toolchain.environment(&self.workspace, network),
            limits: request.limits.clone(),
            disk: writable,
            log: request.log.clone(),
            cancel: request.cancel.clone(),
            on_line: request.on_line.clone(),
        })
        .await?;
        if !ended.outcome.is_success() {
            self.say(&format!("`{}` {}", shown(command), ended.outcome))?;
        }
        Ok(ended)
    }

    /// Writes a line of ours into the log and to the progress.
    fn say(&self, line: &str) -> Result<(), SiteError> {
        let path = &self.request.log;
        let opened = std::fs::File::options().create(true).append(true).open(path);
        let written = opened.and_then(|mut log| writeln!(log, "{line}"));
        written.map_err(|source| SiteError::Io { path: path.clone(), source })?;
        if let Some(on_line) = &self.request.on_line {
            // A slow reader misses progress and nothing else.
            on_line.try_send(line.to_owned()).ok();
        }
        Ok(())
    }
}

/// A command as a person would type it: the text of a shell command stands for itself.
pub(super) fn shown(command: &[String]) -> String {
    let text = match command {
        [shell, option, text] if shell == "/bin/sh" && option == "-c" => text.clone(),
        words => words.join(" "),
    };
    let line: String = text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
    line
}

fn context(tree: &Path, context: Option<&str>) -> Result<PathBuf, SiteError> {
    let Some(context) = context.filter(|text| !matches!(*text, "" | "." | "./")) else {
        return Ok(tree.to_path_buf());
    };
    let refused = || SiteError::Context(context.chars().take(200).collect());
    let directory = tree.join(relative(Path::new(context)).map_err(|_| refused())?);
    // The tree was unpacked a moment ago, and none of its links leaves it.
    if directory.is_dir() { Ok(directory) } else { Err(refused()) }
}
