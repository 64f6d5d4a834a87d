//! A disk that is full, and a disk that fails to flush.

use super::house::{House, PATIENCE};
use super::oracle::check;
use super::worker::{Order, Word};
use orchestra_tests::{skipped, until};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A file system of its own in memory, taken away at the end.
struct TinyDisk(PathBuf);

impl TinyDisk {
    /// Mounts one of so many mebibytes; says why it can't.
    fn mount(at: &Path, mebibytes: u32) -> Result<Self, String> {
        std::fs::create_dir_all(at).map_err(|error| error.to_string())?;
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Self(at.to_owned())),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[test]
fn a_full_disk_refuses_what_is_new_and_loses_nothing() {
    let mut house = House::new();
    let store = house.folder().join("store");
    let disk = match TinyDisk::mount(&store, 16) {
        Ok(disk) => disk,
        Err(why) => return skipped("a full disk", "tmpfs", &why),
    };
    assert!(house.start(None).is_some());
    house.top_up();
    house.feed(Instant::now() + Duration::from_millis(200));
    // Somebody else fills the disk.
    let ballast = store.join("ballast");
    let mut filled = std::fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut filled, &[0; 4096]).is_ok() {}
    let deadline = Instant::now() + PATIENCE;
    while house.refusals.len() < 50 {
        house.feed(Instant::now() + Duration::from_millis(20));
        assert!(Instant::now() < deadline, "the disk is full and everything is accepted");
    }
    for why in &house.refusals {
        assert!(why.contains("is full; free some space"), "a clear message: {why}");
    }
    std::fs::remove_file(&ballast).unwrap();
    drop(filled);
    let (refused, accepted) = (house.refusals.len(), house.accepted.clone());
    until("events accepted again", PATIENCE, || {
        house.feed(Instant::now() + Duration::from_millis(20));
        house.accepted.iter().all(|(key, last)| *last > accepted[key]).then_some(())
    });
    while !house.settled() {}
    house.drain();
    house.stop();
    println!("disk full, {refused} events refused: {}", check(&house, 0));
    drop(house);
    drop(disk);
}

#[test]
fn a_failed_flush_stops_the_store_and_the_runtime_until_the_folder_is_opened_again() {
    let mut house = House::new();
    assert!(house.start(None).is_some());
    house.top_up();
    house.feed(Instant::now() + Duration::from_millis(100));
    house.have(&Order::Arm("store.commit.io".to_owned(), "1*return".to_owned()));
    house.feed(Instant::now() + Duration::from_secs(5));
    let status = house.ended();
    assert_eq!(status.code(), Some(3), "the runtime says that it can't go on:\n{}", house.said_on_stderr());
    let ended = house.last_words.iter().filter_map(|word| match word {
        Word::Ended(why) => Some(why.clone()),
        _ => None,
    });
    let ended: Vec<String> = ended.collect();
    assert_eq!(ended.len(), 2, "the runtime and the store said why: {ended:?}");
    for why in &ended {
        assert!(why.contains("must be opened again"), "a clear message: {why}");
    }
    assert!(house.start(None).is_some());
    house.top_up();
    house.drain();
    house.stop();
    println!("a failed flush: {}", check(&house, 0));
}
