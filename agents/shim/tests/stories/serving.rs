//! A service that is well: it goes ready, changes its weights, drains, stops.

use orchestra_shim::{ShimError, VersionState};

use crate::kit::{Shim, desired, eventually, get, marked, version};

#[tokio::test]
async fn a_service_goes_ready_and_its_numbers_can_be_seen() {
    let shim = Shim::new().await;
    shim.apply(&desired(1, vec![version("v1", &["child", "serve"])], &[("v1", 100)])).await;
    let ready = shim.until_state("v1", VersionState::Ready).await;
    assert_eq!((ready.ready, ready.replicas, ready.restarts), (1, 1, 0));
    assert!(ready.ready_since_ms >= Some(ready.started_at_ms));
    let status = shim.client.status().await.unwrap();
    assert_eq!(get(&status, "/").await, (200, "v1".to_owned()));
    let seen = shim.until("cpu seen", |status| status.versions["v1"].cpu_percent.is_some()).await;
    assert_eq!(seen.versions["v1"].pids.len(), 2, "the service and its child");
    assert!(seen.versions["v1"].memory_bytes > Some(100_000));
    let metrics = shim.client.metrics(0).await.unwrap();
    assert_eq!(metrics.versions["v1"].total().requests, 1, "health checks aren't traffic");
    let lines = shim.client.logs("v1", 1).await.unwrap();
    assert_eq!(lines, ["listening"]);
    assert!(
        matches!(shim.client.logs("v9", 1).await, Err(ShimError::Refused(it)) if it.code == "unknown_version")
    );
}

#[tokio::test]
async fn weights_move_without_a_failed_request_or_a_restart() {
    let shim = Shim::new().await;
    let both = || vec![version("v1", &["serve"]), version("v2", &["serve"])];
    shim.apply(&desired(1, both(), &[("v1", 100)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    shim.until_state("v2", VersionState::Ready).await;
    let before = shim.client.status().await.unwrap();
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    for (step, weights) in
        [[("v1", 100), ("v2", 0)], [("v1", 50), ("v2", 50)], [("v1", 0), ("v2", 100)]].iter().enumerate()
    {
        shim.apply(&desired(2 + step as u64, both(), weights)).await;
        for _ in 0..20 {
            let (code, body) = get(&before, "/").await;
            assert_eq!(code, 200);
            *seen.entry(format!("{step} {body}")).or_default() += 1;
        }
    }
    let expected = [("0 v1", 20), ("1 v1", 10), ("1 v2", 10), ("2 v2", 20)];
    assert_eq!(seen, expected.map(|(key, count)| (key.to_owned(), count)).into());
    let after = shim.client.status().await.unwrap();
    for version in ["v1", "v2"] {
        assert_eq!(after.versions[version].pids, before.versions[version].pids, "nothing was started anew");
    }
}

#[tokio::test]
async fn a_long_request_survives_its_version() {
    let shim = Shim::new().await;
    let ready = |name: &'static str| shim.until_state(name, VersionState::Ready);
    shim.apply(&desired(1, vec![version("v1", &["serve"])], &[("v1", 100)])).await;
    ready("v1").await;
    let status = shim.client.status().await.unwrap();
    let slow = tokio::spawn({
        let status = status.clone();
        async move { get(&status, "/slow").await }
    });
    shim.until("in flight", |status| status.versions["v1"].in_flight == 1).await;
    let both = vec![version("v1", &["serve"]), version("v2", &["serve"])];
    shim.apply(&desired(2, both, &[("v1", 100)])).await;
    ready("v2").await;
    let leaving = shim.apply(&desired(3, vec![version("v2", &["serve"])], &[("v2", 100)])).await;
    assert!(leaving.versions.get("v1").is_none_or(|v1| v1.state == VersionState::Stopping));
    assert_eq!(get(&status, "/").await, (200, "v2".to_owned()), "what is new goes to the new one");
    assert_eq!(slow.await.unwrap(), (200, "v1".to_owned()), "what was begun is finished");
    shim.until("v1 gone", |status| !status.versions.contains_key("v1")).await;
}

#[tokio::test]
async fn a_drain_ends_when_its_time_is_over() {
    let shim = Shim::new().await;
    let hasty = || orchestra_shim::VersionSpec { drain_seconds: 0, ..version("v1", &["serve"]) };
    shim.apply(&desired(1, vec![hasty()], &[("v1", 100)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    let status = shim.client.status().await.unwrap();
    let slow = tokio::spawn(async move { get(&status, "/slow").await });
    shim.until("in flight", |status| status.versions["v1"].in_flight == 1).await;
    shim.apply(&desired(2, vec![], &[])).await;
    assert_eq!(slow.await.unwrap().0, 503);
    eventually("nothing left", || marked(&shim.folder).is_empty()).await;
}

#[tokio::test]
async fn replicas_come_and_go_and_the_others_stay() {
    let shim = Shim::new().await;
    let with = |replicas| orchestra_shim::VersionSpec { replicas, ..version("v1", &["serve"]) };
    shim.apply(&desired(1, vec![with(2)], &[("v1", 100)])).await;
    let two = shim.until_state("v1", VersionState::Ready).await;
    shim.apply(&desired(2, vec![with(3)], &[("v1", 100)])).await;
    let three = shim.until("three", |status| status.versions["v1"].ready == 3).await;
    assert!(two.pids.iter().all(|pid| three.versions["v1"].pids.contains(pid)));
    shim.apply(&desired(3, vec![with(1)], &[("v1", 100)])).await;
    eventually("one left", || marked(&shim.folder).len() == 1).await;
    let one = shim.client.status().await.unwrap();
    assert!(two.pids.contains(&one.versions["v1"].pids[0]));
    assert_eq!(get(&one, "/").await, (200, "v1".to_owned()));
}

#[tokio::test]
async fn an_older_generation_is_refused_and_changes_nothing() {
    let shim = Shim::new().await;
    shim.apply(&desired(5, vec![version("v1", &["serve"])], &[("v1", 100)])).await;
    let refused = shim.client.apply(&desired(4, vec![], &[])).await.unwrap_err();
    assert_eq!(refused.to_string(), "generation 4 is older than 5, which is in force");
    assert!(matches!(refused, ShimError::Refused(it) if it.code == "stale_generation"));
    let impossible = shim.client.apply(&desired(6, vec![], &[("v1", 1)])).await.unwrap_err();
    assert!(matches!(impossible, ShimError::Refused(it) if it.code == "invalid"));
    let status = shim.until_state("v1", VersionState::Ready).await;
    assert_eq!(status.restarts, 0);
    assert_eq!(shim.client.status().await.unwrap().generation, 5);
}

#[tokio::test]
async fn stop_ends_everything_and_nothing_comes_back() {
    let shim = Shim::new().await;
    shim.apply(&desired(1, vec![version("v1", &["child", "serve"])], &[("v1", 100)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    assert_eq!(marked(&shim.folder).len(), 2);
    shim.client.stop().await.unwrap();
    assert!(marked(&shim.folder).is_empty(), "no process is left");
    assert!(matches!(shim.client.status().await, Err(ShimError::Absent { .. })));
    let again = orchestra_shim::ensure(&shim.folder, &crate::kit::orchestra()).await.unwrap();
    let status = again.status().await.unwrap();
    assert!(status.versions.is_empty());
    assert_eq!(status.generation, 1, "who was refused before is refused still");
}

#[tokio::test]
async fn secrets_reach_the_service_and_not_its_log() {
    let shim = Shim::new().await;
    let mut spec = version("v1", &["say-secret=TOKEN", "serve"]);
    spec.secret_env.insert("TOKEN".into(), "hunter22".into());
    shim.apply(&desired(1, vec![spec], &[("v1", 100)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    assert_eq!(shim.client.logs("v1", 10).await.unwrap(), ["***", "listening"]);
}

#[tokio::test]
async fn a_loud_service_fills_three_files_and_no_more() {
    let shim = Shim::new().await;
    // Fifty thousand lines of a hundred characters: five megabytes.
    shim.apply(&desired(1, vec![version("v1", &["shout=50000", "serve"])], &[("v1", 100)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    let files = std::fs::read_dir(shim.folder.join("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len());
    let sizes: Vec<u64> = files.collect();
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().all(|size| *size <= 1024 * 1024), "{sizes:?}");
    let lines = shim.client.logs("v1", 2).await.unwrap();
    assert_eq!(lines, [format!("{:0>100}", 49_999), "listening".to_owned()]);
}
