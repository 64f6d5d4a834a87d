//! What a shim outlives, and what it doesn't: its starter, its own death, a reboot.

use std::process::{Command, Stdio};

use orchestra_shim::{EventKind, ShimError, VersionState, ensure};
use rustix::process::Signal;

use crate::kit::{Shim, desired, eventually, get, kill, kill_shim, marked, orchestra, version};

/// Not a story: the starter that the next one kills. It runs in a process of its own.
#[tokio::test]
#[ignore = "started by `a_killed_starter_leaves_the_service_serving`"]
async fn starter() {
    let folder = std::path::PathBuf::from(std::env::var_os("STARTER_FOLDER").unwrap());
    let client = ensure(&folder, &orchestra()).await.unwrap();
    client.apply(&desired(1, vec![version("v1", &["serve"])], &[("v1", 100)])).await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_starter_leaves_the_service_serving() {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("shop");
    let mut starter = Command::new(std::env::current_exe().unwrap())
        .args(["outliving::starter", "--exact", "--ignored"])
        .env("STARTER_FOLDER", &folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the service runs", || folder.exists() && marked(&folder).len() == 1).await;
    let served = marked(&folder);
    starter.kill().unwrap();
    starter.wait().unwrap();
    let client = ensure(&folder, &orchestra()).await.unwrap();
    let mut status = client.status().await.unwrap();
    while status.versions["v1"].state != VersionState::Ready {
        status = client.status().await.unwrap();
    }
    assert_eq!(get(&status, "/").await, (200, "v1".to_owned()));
    assert_eq!(status.versions["v1"].pids, served, "adopted, not started anew");
    client.stop().await.unwrap();
    assert!(marked(&folder).is_empty(), "no process is left");
}

#[tokio::test]
async fn of_many_starters_all_get_the_same_shim() {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("shop");
    let starters: Vec<_> = (0..8)
        .map(|_| {
            let folder = folder.clone();
            tokio::spawn(async move { ensure(&folder, &orchestra()).await.unwrap().hello().pid })
        })
        .collect();
    let mut pids = std::collections::BTreeSet::new();
    for starter in starters {
        pids.insert(starter.await.unwrap());
    }
    assert_eq!(pids.len(), 1);
    ensure(&folder, &orchestra()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_shim_takes_its_processes_along_and_its_successor_starts_them_anew() {
    let shim = Shim::new().await;
    shim.apply(&desired(4, vec![version("v1", &["child", "serve"])], &[("v1", 100)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    let before = marked(&shim.folder);
    kill_shim(&shim.folder).expect("a shim lived");
    eventually(
        "gone",
        || matches!(orchestra_shim::identity::Identity::read(&shim.folder), Some(it) if !it.alive()),
    )
    .await;
    // Socket and identity are still there, and stale.
    assert!(shim.folder.join("shim.sock").exists() && shim.folder.join("shim.json").exists());
    assert!(matches!(shim.client.status().await, Err(ShimError::Absent { .. })));
    ensure(&shim.folder, &orchestra()).await.unwrap();
    let again = shim.until_state("v1", VersionState::Ready).await;
    assert!(again.pids.iter().all(|pid| !before.contains(pid)), "all new");
    eventually("the old ones ended", || marked(&shim.folder).iter().all(|pid| !before.contains(pid))).await;
    let status = shim.client.status().await.unwrap();
    assert_eq!(status.generation, 4);
    assert_eq!(status.events[0].kind, EventKind::Restored);
}

#[tokio::test]
async fn after_a_reboot_the_last_good_version_comes_back_alone() {
    let shim = Shim::new().await;
    let mut wanted =
        desired(1, vec![version("v1", &["serve"]), version("v2", &["serve"])], &[("v1", 10), ("v2", 90)]);
    wanted.last_good = Some("v1".to_owned());
    shim.apply(&wanted).await;
    kill_shim(&shim.folder).expect("a shim lived");
    eventually("all died", || marked(&shim.folder).is_empty()).await;
    let path = shim.folder.join("desired.json");
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(boot.trim()));
    std::fs::write(&path, text.replace(boot.trim(), "the-boot-before")).unwrap();
    ensure(&shim.folder, &orchestra()).await.unwrap();
    shim.until_state("v1", VersionState::Ready).await;
    let status = shim.client.status().await.unwrap();
    assert_eq!(status.versions.keys().collect::<Vec<_>>(), ["v1"]);
    assert_eq!(status.weights, [("v1".to_owned(), 100)].into());
    assert_eq!(status.events[0].message, "after a reboot, version `v1` came back");
    assert_eq!(get(&status, "/").await, (200, "v1".to_owned()));
}

#[tokio::test]
async fn a_polite_signal_drains_and_what_was_wanted_comes_back() {
    let shim = Shim::new().await;
    shim.apply(&desired(1, vec![version("v1", &["serve"])], &[("v1", 100)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    let status = shim.client.status().await.unwrap();
    let slow = tokio::spawn({
        let status = status.clone();
        async move { get(&status, "/slow").await }
    });
    shim.until("in flight", |status| status.versions["v1"].in_flight == 1).await;
    kill(status.pid, Signal::TERM);
    assert_eq!(slow.await.unwrap(), (200, "v1".to_owned()));
    eventually("all ended", || marked(&shim.folder).is_empty() && !shim.folder.join("shim.sock").exists())
        .await;
    ensure(&shim.folder, &orchestra()).await.unwrap();
    shim.until_state("v1", VersionState::Ready).await;
}

#[tokio::test]
async fn a_folder_with_a_long_name_works_too() {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("a".repeat(90)).join("b".repeat(90));
    let client = ensure(&folder, &orchestra()).await.unwrap();
    assert_eq!(client.status().await.unwrap().pid, client.hello().pid);
    client.stop().await.unwrap();
}

#[tokio::test]
async fn a_binary_that_is_no_shim_is_reported_with_what_it_said() {
    let kept = tempfile::tempdir().unwrap();
    let error = ensure(kept.path(), std::path::Path::new("/bin/false")).await.unwrap_err();
    assert!(matches!(error, ShimError::NotStarted { .. }), "{error}");
    let error = ensure(kept.path(), std::path::Path::new("/no/such/binary")).await.unwrap_err();
    assert!(matches!(error, ShimError::Io { .. }), "{error}");
}

#[tokio::test]
async fn a_shim_is_small_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let shim = Shim::new().await;
    shim.apply(&desired(1, vec![version("v1", &["serve"])], &[("v1", 100)])).await;
    let status = shim.until("memory seen", |status| status.shim_memory_bytes.is_some()).await;
    let mebibytes = status.shim_memory_bytes.unwrap() / (1 << 20);
    assert!(mebibytes < 20, "{mebibytes} MiB");
    for (name, mode) in
        [("", 0o700), ("logs", 0o700), ("shim.sock", 0o600), ("desired.json", 0o600), ("shim.json", 0o600)]
    {
        let found = std::fs::metadata(shim.folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "`{name}` has {found:o}");
    }
}
