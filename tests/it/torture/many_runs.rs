//! Ten thousand open runs, and the process killed on top of them.

use super::crew::fed;
use super::house::House;
use orchestra_bus::Store;
use orchestra_tests::full;

/// How many runs are open.
const RUNS: u64 = 10_000;
/// How many events are accepted at once while the house is filled.
const BATCH: usize = 500;
/// What a process may read until it is ready, in bytes: the store's file is checked whole up to 32 MiB of it, and
/// read once more at most.
const READ: u64 = 96 * 1024 * 1024;

#[test]
fn ten_thousand_open_runs_do_not_keep_a_new_process_from_being_ready() {
    let mut house = House::new();
    house.with_store(async |store: &dyn Store| {
        let events: Vec<_> = (1..=RUNS).map(|run| fed(run, 1)).collect();
        for batch in events.chunks(BATCH) {
            store.accept(batch.to_vec(), Vec::new()).await.unwrap();
        }
        assert_eq!(store.counts().await.unwrap().open_runs, RUNS);
    });
    house.accepted = (1..=RUNS).map(|run| (run, 1)).collect();
    let fresh = house.start(None).expect("ready");
    let read_fresh = read_by(house.pid());
    house.kill();
    let again = house.start(None).expect("ready");
    let read_again = read_by(house.pid());
    println!(
        "{RUNS} runs open and waiting: ready after {fresh:?} ({read_fresh} bytes read), killed and ready again after {again:?} ({read_again} bytes read)"
    );
    assert!(read_fresh < READ && read_again < READ, "a start reads the file at most twice");
    if !full("ten thousand runs handled to their end") {
        return;
    }
    house.drain();
    house.kill();
    let idle = house.start(None).expect("ready");
    println!("{RUNS} runs open and all handled: killed and ready again after {idle:?}");
    assert_eq!(house.count().open_runs, RUNS);
    house.stop();
    println!("{RUNS} runs: {}", super::oracle::check(&house, 0));
}

/// Bytes that a process read with system calls so far.
fn read_by(pid: u32) -> u64 {
    let account = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let read = account.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.and_then(|number| number.parse().ok()).unwrap_or(0)
}
