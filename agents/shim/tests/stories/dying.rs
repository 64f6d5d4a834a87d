//! Services that aren't well, each in its own way, and what a person is told about it.

use orchestra_shim::{EventKind, VersionSpec, VersionState};

use crate::kit::{Shim, desired, get, version};

#[tokio::test]
async fn one_that_is_never_healthy_says_what_it_answers() {
    let shim = Shim::new().await;
    let spec = VersionSpec { ready_seconds: 1, ..version("v1", &["ill", "serve"]) };
    shim.apply(&desired(1, vec![spec], &[("v1", 100)])).await;
    let failing = shim.until_state("v1", VersionState::Failing).await;
    let reason = failing.reason.unwrap();
    assert!(reason.starts_with("was never well within 1 s: health check /health answered 500; "), "{reason}");
    let looping = shim.until_state("v1", VersionState::CrashLoop).await;
    assert_eq!(looping.ready, 0);
    assert_eq!(get(&shim.client.status().await.unwrap(), "/").await.0, 503);
}

#[tokio::test]
async fn one_that_never_opens_its_port_says_so() {
    let shim = Shim::new().await;
    let spec = VersionSpec { ready_seconds: 1, ..version("v1", &["sleep"]) };
    shim.apply(&desired(1, vec![spec], &[("v1", 100)])).await;
    let reason = shim.until_state("v1", VersionState::Failing).await.reason.unwrap();
    assert!(reason.starts_with("never opened its port ") && reason.contains(" within 1 s; "), "{reason}");
}

#[tokio::test]
async fn one_that_listens_elsewhere_is_told_about_port() {
    let shim = Shim::new().await;
    let spec = VersionSpec { ready_seconds: 1, ..version("v1", &["bind=0"]) };
    shim.apply(&desired(1, vec![spec], &[("v1", 100)])).await;
    let reason = shim.until_state("v1", VersionState::Failing).await.reason.unwrap();
    assert!(
        reason.contains("it listens on ") && reason.contains("should read its port from `PORT`"),
        "{reason}"
    );
}

#[tokio::test]
async fn one_that_dies_at_once_is_a_crash_loop_with_its_last_words() {
    let shim = Shim::new().await;
    shim.apply(&desired(1, vec![version("v1", &["say=no database", "exit=7"])], &[("v1", 100)])).await;
    let looping = shim.until_state("v1", VersionState::CrashLoop).await;
    assert_eq!(looping.last_exit.as_deref(), Some("exit status 7"));
    assert!(looping.restarts >= 2);
    assert!(looping.reason.unwrap().contains("; its last line: no database"));
    let events = shim.client.status().await.unwrap().events;
    let count = |kind| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!(count(EventKind::CrashLoop), 1, "told once");
    assert!(count(EventKind::Died) >= 3 && count(EventKind::Restarting) >= 2);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let shim = Shim::new().await;
    let spec = VersionSpec { command: vec!["no-such-program".into()], ..version("v1", &[]) };
    shim.apply(&desired(1, vec![spec], &[("v1", 100)])).await;
    let looping = shim.until_state("v1", VersionState::CrashLoop).await;
    assert_eq!(looping.last_exit.as_deref(), Some("exit status 127"));
    let reason = looping.reason.unwrap();
    assert!(reason.contains("`no-such-program` can't be started: No such file or directory"), "{reason}");
    let nowhere = VersionSpec { directory: "/no/such/folder".into(), ..version("v2", &["serve"]) };
    shim.apply(&desired(2, vec![nowhere], &[("v2", 100)])).await;
    let reason = shim.until_state("v2", VersionState::CrashLoop).await.reason.unwrap();
    assert!(reason.starts_with("it can't be started in `/no/such/folder`: "), "{reason}");
}

#[tokio::test]
async fn one_that_dies_after_a_good_answer_is_restarted_until_it_is_a_crash_loop() {
    let shim = Shim::new().await;
    shim.apply(&desired(1, vec![version("v1", &["serve"])], &[("v1", 100)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    for death in 1..=5 {
        let up = shim.until("up again", |status| status.versions["v1"].ready == 1).await;
        assert_eq!(up.versions["v1"].restarts, death - 1);
        assert_eq!(get(&up, "/die").await, (200, "v1".to_owned()));
        shim.until("dead", |status| {
            status.versions["v1"].restarts + status.versions["v1"].ready == death
                || status.versions["v1"].ready == 0
        })
        .await;
    }
    let looping = shim.until_state("v1", VersionState::CrashLoop).await;
    assert_eq!(looping.last_exit.as_deref(), Some("exit status 3"));
    let up = shim.until("up again", |status| status.versions["v1"].ready == 1).await;
    assert_eq!(up.versions["v1"].state, VersionState::CrashLoop, "it stays visible");
    assert_eq!(get(&up, "/").await, (200, "v1".to_owned()), "and serves as long as it lives");
}

#[tokio::test]
async fn one_that_falls_ill_gets_no_traffic_while_another_can_take_it() {
    let shim = Shim::new().await;
    let both = || vec![version("v1", &["serve"]), version("v2", &["serve"])];
    shim.apply(&desired(1, both(), &[("v1", 50), ("v2", 50)])).await;
    shim.until_state("v1", VersionState::Ready).await;
    shim.until_state("v2", VersionState::Ready).await;
    let status = shim.apply(&desired(2, both(), &[("v2", 100)])).await;
    get(&status, "/ill").await;
    let ill = shim.until_state("v2", VersionState::Failing).await;
    assert_eq!(ill.reason.as_deref(), Some("health check /health answered 500"));
    assert_eq!(get(&status, "/").await, (200, "v2".to_owned()), "alone with all the weight, it goes on");
    shim.apply(&desired(3, both(), &[("v1", 50), ("v2", 50)])).await;
    for _ in 0..10 {
        assert_eq!(get(&status, "/").await, (200, "v1".to_owned()));
    }
    shim.apply(&desired(4, both(), &[("v2", 100)])).await;
    get(&status, "/well").await;
    let well = shim.until_state("v2", VersionState::Ready).await;
    assert_eq!((well.reason, well.restarts), (None, 0));
}

#[tokio::test]
async fn an_address_that_is_taken_is_said_with_its_holder_and_got_once_it_is_free() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let shim = Shim::new().await;
    let mut wanted = desired(1, vec![version("v1", &["serve"])], &[("v1", 100)]);
    wanted.listen = address;
    let status = shim.apply(&wanted).await;
    assert_eq!(status.listen, None);
    let reason = status.listen_error.unwrap();
    assert!(reason.starts_with(&format!("port {} is taken by `", address.port())), "{reason}");
    assert!(reason.ends_with(&format!("(pid {})", std::process::id())), "{reason}");
    shim.until_state("v1", VersionState::Ready).await;
    drop(taken);
    let free = shim.until("listening", |status| status.listen == Some(address)).await;
    assert_eq!(free.listen_error, None);
    assert_eq!(get(&free, "/").await, (200, "v1".to_owned()));
    assert_eq!(free.events.iter().filter(|event| event.kind == EventKind::ListenFailed).count(), 1);
}
