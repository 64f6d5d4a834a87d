//! `orchestra shim exec --parent PID -- PROGRAM ARGUMENTS..`: ties a process to the shim's life, then becomes the program.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// The status of a program that can't be started, as shells use it.
const CANNOT_START: u8 = 127;

/// Becomes the program; returns only when that isn't possible, with the reason on standard error.
pub fn exec_main(arguments: &[OsString]) -> ExitCode {
    let [flag, parent, dashes, program, rest @ ..] = arguments else {
        return refuse("usage: orchestra shim exec --parent PID -- PROGRAM ARGUMENTS..");
    };
    if flag != "--parent" || dashes != "--" {
        return refuse("usage: orchestra shim exec --parent PID -- PROGRAM ARGUMENTS..");
    }
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return refuse(&format!("the process can't be tied to its shim: {error}"));
    }
    // The shim may have died before the signal was asked for: then nobody would ever send it.
    let expected = parent.to_str().and_then(|text| text.parse::<i32>().ok());
    if getppid().map(|pid| pid.as_raw_nonzero().get()) != expected {
        return refuse("the shim is gone");
    }
    become_program(program, rest)
}

/// Replaces this process by the program, or says why it can't.
pub(crate) fn become_program(program: &OsString, arguments: &[OsString]) -> ExitCode {
    let error = Command::new(program).args(arguments).exec();
    refuse(&format!("`{}` can't be started: {error}", program.display()))
}

/// Says on standard error why the program isn't started.
pub(crate) fn refuse(reason: &str) -> ExitCode {
    // The reader of standard error may be gone; there is nobody else to tell.
    writeln!(std::io::stderr(), "orchestra: {reason}").ok();
    ExitCode::from(CANNOT_START)
}
