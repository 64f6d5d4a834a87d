//! A full disk: said, and over once there is room again.

use orchestra_bot::desk::{Answer, Ask};
use orchestra_events::pipeline::Outcome;
use orchestra_tests::world::PATIENCE;
use orchestra_tests::{Manner, World, processes, skipped, until};
use std::path::PathBuf;
use std::process::Command;

/// A small file system in memory, taken away at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Needs the right to mount.
    fn mounted(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("small-disk-").tempdir().expect("a folder").keep();
        let size = format!("size={mebibytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder).output();
        if done.is_ok_and(|done| done.status.success()) {
            return Some(Self(folder));
        }
        std::fs::remove_dir(&folder).ok();
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(&self.0).output().ok();
        std::fs::remove_dir(&self.0).ok();
    }
}

/// Writes until nothing more fits.
fn fill(path: &std::path::Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).expect("a file");
    let block = [7_u8; 4096];
    while file.write_all(&block).is_ok() {}
}

#[test]
fn a_full_disk_is_said_and_everything_works_again_when_there_is_room() {
    let Some(disk) = SmallDisk::mounted(64) else {
        return skipped("a full disk", "mount", "this user may not mount a file system");
    };
    let data = disk.0.join("data");
    let mut world = World::asleep_on(&data);
    world.wakes();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    world.goes_live(&shop);

    let ballast = disk.0.join("ballast");
    fill(&ballast);
    let location = shop.folder.display().to_string();
    shop.commits("two");
    let mut told = Vec::new();
    for _ in 0..200 {
        match world.ask(&Ask::Push { location: location.clone(), branch: None }) {
            // The log had room left for it; the next ones fill that.
            Answer::Started(_) => {}
            other => {
                told.push(format!("{other:?}"));
                break;
            }
        }
    }
    let why = told.concat().to_lowercase();
    let threads: Vec<String> = world.status().runs.iter().map(|row| world.thread(row.id)).collect();
    let said = why + &threads.concat().to_lowercase();
    assert!(said.contains("full") || said.contains("no space"), "the full disk is not said: {said}");

    std::fs::remove_file(&ballast).expect("the ballast goes");
    let version = shop.commits("three");
    let run = until("a push is taken again", PATIENCE, || {
        match world.ask(&Ask::Push { location: location.clone(), branch: None }) {
            Answer::Started(run) => Some(run),
            _ => None,
        }
    });
    world.waits("the newest version is decided on", run, PATIENCE, || {
        let view = world.run(run);
        if view.row.state.deployment.hold.is_some() {
            world.says_in(run, "promote");
        }
        view.row.ended.then_some(())
    });
    assert_eq!(world.live("shop"), Some(version), "{}", world.thread(run));
}

#[test]
fn a_disk_that_fills_in_the_middle_of_a_run_delays_it_and_loses_nothing() {
    let Some(disk) = SmallDisk::mounted(64) else {
        return skipped("a disk that fills", "mount", "this user may not mount a file system");
    };
    let mut world = World::asleep_on(&disk.0.join("data"));
    world.wakes();
    let shop = world.repository("shop");
    let mark = format!("sleep 2.0{}", shop.port);
    let shop = shop.with("tool: pip", &format!("tool: custom\n  command: {mark}"));
    shop.serves(Manner::Good, "one");
    let run = world.push(&shop);
    until("the build runs", PATIENCE, || (!processes::with(&mark).is_empty()).then_some(()));
    let ballast = disk.0.join("ballast");
    fill(&ballast);
    until("the build is over", PATIENCE, || processes::with(&mark).is_empty().then_some(()));
    until("the log says it", PATIENCE, || world.log().contains("is full").then_some(()));
    assert_eq!(i32::try_from(world.status().pid), Ok(world.pid()), "the server does not answer");
    std::fs::remove_file(&ballast).expect("the ballast goes");

    let view = world.ended(run);
    let outcome = view.row.state.status.outcome;
    // The artefact may have found no room: that is said, and the next push has it.
    if outcome != Some(Outcome::Live) {
        let thread = world.thread(run);
        assert!(thread.contains("is full") || thread.contains("No space"), "{thread}");
        shop.commits("again");
        world.goes_live(&shop);
    }
    assert!(world.live("shop").is_some());
}
