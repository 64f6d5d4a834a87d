//! Real children without confinement: the bounds hold by themselves.

use super::*;

fn shell(folder: &Path, script: &str, limits: Limits) -> Run {
    Run {
        argv: ["/bin/sh", "-c", script].map(OsString::from).to_vec(),
        directory: folder.to_path_buf(),
        environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        limits,
        disk: vec![folder.to_path_buf()],
        log: folder.join("log"),
        cancel: CancellationToken::new(),
        on_line: None,
    }
}

fn generous() -> Limits {
    Limits { wall: Duration::from_secs(120), ..Limits::default() }
}

async fn ended(script: &str, limits: Limits) -> (Ended, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(shell(folder.path(), script, limits)).await.unwrap();
    (ended, folder)
}

/// Whether any living process has this text in its command line.
fn anyone_runs(text: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(text)
    })
}

#[tokio::test]
async fn a_command_that_ends_says_its_code_and_output() {
    let (ended, _folder) = ended("echo out; echo error >&2; exit 3", generous()).await;
    assert_eq!(ended.outcome, Outcome::Exit(3));
    assert_eq!(ended.output_tail, "out\nerror\n");
    assert_eq!(std::fs::read_to_string(&ended.log).unwrap(), "out\nerror\n");
}

#[tokio::test]
async fn a_command_sees_no_variable_that_was_not_given() {
    let (ended, _folder) = ended("env", generous()).await;
    let names: Vec<&str> = ended.output_tail.lines().filter_map(|line| line.split('=').next()).collect();
    let known = ["PATH", "PWD", "ORCHESTRA_RUN", "_", "SHLVL", "OLDPWD"];
    assert!(names.contains(&"PATH") && names.iter().all(|name| known.contains(name)), "{names:?}");
}

#[tokio::test]
async fn a_missing_program_and_a_missing_folder_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut missing = shell(folder.path(), "", generous());
    missing.argv = vec!["no-such-program-here".into()];
    let ended = run(missing).await.unwrap();
    assert_eq!(ended.outcome, Outcome::NotFound("no-such-program-here".to_owned()));
    let mut nowhere = shell(folder.path(), "", generous());
    nowhere.directory = folder.path().join("nowhere");
    assert!(matches!(run(nowhere).await, Err(RunError::NoDirectory(_))));
}

#[tokio::test]
async fn a_hanging_command_is_ended_with_grandchildren_that_ignore_signals_and_leave_the_group() {
    let script = "trap '' TERM HUP INT
        (trap '' TERM HUP INT; sleep 987651) &
        setsid sh -c 'sleep 987651' &
        setsid setsid sh -c 'sleep 987651 & exit' &
        sleep 987651";
    let limits = Limits { wall: Duration::from_millis(700), ..generous() };
    let (ended, _folder) = ended(script, limits).await;
    assert_eq!(ended.outcome, Outcome::TimedOut);
    assert!(!anyone_runs("987651"));
}

#[tokio::test]
async fn what_a_command_leaves_behind_when_it_ends_well_is_ended_too() {
    let (ended, _folder) = ended("sleep 987652 & setsid sleep 987652 & echo done", generous()).await;
    assert_eq!(ended.outcome, Outcome::Exit(0));
    assert_eq!(ended.output_tail, "done\n");
    assert!(!anyone_runs("987652"));
}

#[tokio::test]
async fn a_cancelled_command_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut lines) = mpsc::channel(8);
    let run_it =
        Run { on_line: Some(sender), ..shell(folder.path(), "echo begun; sleep 987653", generous()) };
    let cancel = run_it.cancel.clone();
    let running = tokio::spawn(run(run_it));
    assert_eq!(lines.recv().await.as_deref(), Some("begun"));
    cancel.cancel();
    assert_eq!(running.await.unwrap().unwrap().outcome, Outcome::Cancelled);
    assert!(!anyone_runs("987653"));
}

#[tokio::test]
async fn a_dropped_run_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut lines) = mpsc::channel(8);
    let run_it =
        Run { on_line: Some(sender), ..shell(folder.path(), "echo begun; sleep 987654", generous()) };
    let running = tokio::spawn(run(run_it));
    assert_eq!(lines.recv().await.as_deref(), Some("begun"));
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(!anyone_runs("987654"));
}

#[tokio::test]
async fn a_fork_bomb_is_bounded() {
    let limits = Limits { processes: 60, ..generous() };
    let script = "grow() { sleep 987655 & grow & grow; }; grow 2>/dev/null";
    let (ended, _folder) = ended(script, limits).await;
    assert_eq!(ended.outcome, Outcome::ProcessLimit);
    assert!(!anyone_runs("987655"));
}

#[tokio::test]
async fn a_flood_of_output_is_bounded_and_the_log_with_it() {
    let limits = Limits { output: 1 << 20, ..generous() };
    let (ended, _folder) = ended("yes 'a line of text'", limits).await;
    assert_eq!(ended.outcome, Outcome::OutputLimit);
    assert_eq!(std::fs::metadata(&ended.log).unwrap().len(), 1 << 20);
    assert!(ended.output_tail.len() <= 8 * 1024);
}

#[tokio::test]
async fn a_flood_of_the_disk_is_bounded_in_one_file_and_in_many() {
    let limits = Limits { file: 4 << 20, ..generous() };
    let (one, _folder) = ended("exec dd if=/dev/zero of=big bs=65536 count=100000", limits).await;
    assert_eq!(one.outcome, Outcome::DiskLimit);
    let limits = Limits { disk: 4 << 20, ..generous() };
    let script = "i=0; while :; do i=$((i+1)); head -c 100000 /dev/zero > file-$i; done";
    let (many, _folder) = ended(script, limits).await;
    assert_eq!(many.outcome, Outcome::DiskLimit);
}

#[tokio::test]
async fn memory_and_processor_time_are_bounded_over_all_processes() {
    let hungry = "{ head -c 40000000 /dev/zero; sleep 987656; } | tail";
    let limits = Limits { memory: 60 << 20, ..generous() };
    let (memory, _folder) = ended(&format!("({hungry}) & {hungry}"), limits).await;
    assert_eq!(memory.outcome, Outcome::MemoryLimit);
    let limits = Limits { cpu: Duration::from_secs(1), ..generous() };
    let (processor, _folder) = ended("while :; do :; done", limits).await;
    assert_eq!(processor.outcome, Outcome::CpuLimit);
}
