//! What `orchestra shim ..` does; people never type it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use crate::exec::refuse;
use crate::logs::RotatingFile;
use crate::{confine, exec, files, service};

/// The size at which the shim's own log is put aside, in bytes.
const OWN_LOG_LIMIT: u64 = 256 * 1024;

/// Dispatches `service DIR`, `exec ..` and `confine ..`; the arguments are those after `shim`.
///
/// Call it before threads or a runtime are started: it starts its own, or becomes another program.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let word = arguments.first().and_then(|word| word.to_str()).unwrap_or_default();
    match (word, arguments.get(1..).unwrap_or_default()) {
        ("service", [folder]) => serve(folder.into()),
        ("exec", rest) => exec::exec_main(rest),
        ("confine", rest) => confine::confine_main(rest),
        _ => refuse("usage: orchestra shim service DIR | exec .. | confine .."),
    }
}

fn serve(folder: PathBuf) -> ExitCode {
    // A session of its own, so that no terminal's end or interrupt reaches it. It fails for a group's leader only,
    // which a person started by hand.
    if let Err(error) = rustix::process::setsid() {
        tracing::debug!(%error, "no session of its own");
    }
    match serve_inner(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{error:#}")),
    }
}

fn serve_inner(folder: PathBuf) -> anyhow::Result<()> {
    files::private_folder(&folder)?;
    let log = RotatingFile::open(folder.join("shim.log"), OWN_LOG_LIMIT)?;
    tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(log)).init();
    // One thread: it is small, and the death signal of a child is tied to the thread that started it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(service::run(folder))
}
