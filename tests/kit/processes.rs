//! Processes that belong to a folder: found in `/proc` by their working folder or their command line.

use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;

/// The processes whose working folder lies below a folder, or whose command line names it, with that command line.
pub fn of(folder: &Path) -> Vec<(i32, String)> {
    let named = folder.display().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mine = i32::try_from(std::process::id()).unwrap();
    pids.filter(|pid| *pid != mine)
        .filter_map(|pid| {
            let line = command_line(pid)?;
            let works_there =
                std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|place| place.starts_with(folder));
            // A zombie has no command line and does nothing any more.
            (!line.is_empty() && (works_there || line.contains(&named))).then_some((pid, line))
        })
        .collect()
}

/// The command line of a process, with spaces between its words; nothing when there is no such process.
pub fn command_line(pid: i32) -> Option<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&bytes).replace('\0', " ").trim().to_owned())
}

/// Kills a process with SIGKILL; one that is gone is no mistake.
pub fn kill9(pid: i32) {
    signal(pid, Signal::KILL);
}

/// Sends a signal to a process; one that is gone is no mistake.
pub fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        kill_process(pid, signal).ok();
    }
}

/// The processes of this machine whose command line has these words in it.
pub fn with(words: &str) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| command_line(*pid).is_some_and(|line| line.contains(words))).collect()
}
