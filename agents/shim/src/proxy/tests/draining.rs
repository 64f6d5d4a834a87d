//! Versions that leave, and the proxy's own end.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use http::Response;
use tokio::sync::Notify;

use super::kit::{Backend, Front, TestBody, get, request, routes, send, soon, until};
use crate::proxy::{Proxy, Settings};

/// A backend that answers once it may.
async fn waiting() -> (Backend, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let backend = Backend::start(move |_| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            Response::new(TestBody::whole("at last"))
        }
    })
    .await;
    (backend, opened)
}

#[tokio::test]
async fn requests_of_a_version_that_left_go_on_and_are_counted_until_they_end() {
    let ((old, gate), new) = (waiting().await, Backend::saying("new").await);
    for leaving in [vec![("v2", 1)], vec![("v1", 0), ("v2", 1)]] {
        let front = Front::of(old.address);
        let mut sender = front.connect().await;
        let mut slow =
            tokio::spawn(
                async move { send(&mut sender, request("GET", "/", &[], TestBody::whole(""))).await },
            );
        until(|| front.routes.in_flight("v1") == 1).await;
        let addresses = [("v1", old.address), ("v2", new.address)];
        let next: Vec<_> = leaving
            .iter()
            .map(|(version, weight)| {
                let address = addresses.iter().find(|(name, _)| name == version).unwrap();
                (*version, *weight, std::slice::from_ref(&address.1))
            })
            .collect();
        front.routes.set(routes(&next));
        assert_eq!(get(&front, &[]).await.body, "new");
        assert_eq!((front.routes.in_flight("v1"), front.routes.in_flight("v2")), (1, 0));
        gate.notify_one();
        assert_eq!(soon(&mut slow).await.unwrap().body, "at last");
        until(|| front.routes.in_flight("v1") == 0).await;
    }
}

#[tokio::test]
async fn the_drains_end_answers_what_still_waits() {
    let (old, _gate) = waiting().await;
    let front = Front::of(old.address);
    let mut sender = front.connect().await;
    let slow =
        tokio::spawn(async move { send(&mut sender, request("GET", "/", &[], TestBody::whole(""))).await });
    until(|| old.requests() == 1).await;
    front.metrics.cut("v1");
    let reply = soon(slow).await.unwrap();
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    let totals = front.metrics.totals("v1").unwrap();
    assert_eq!((totals.requests, totals.errors, totals.unanswered, totals.in_flight), (0, 0, 1, 0));
}

#[tokio::test]
async fn a_version_without_trace_is_forgotten_and_one_with_seconds_is_not() {
    let backend = Backend::saying("ok").await;
    let front = Front::start(
        Settings::default(),
        routes(&[("v1", 1, &[backend.address]), ("v2", 0, &[backend.address])]),
    );
    get(&front, &[]).await;
    front.routes.set(routes(&[("v3", 1, &[backend.address])]));
    assert_eq!(front.metrics.versions(), ["v1", "v3"]);
    assert_eq!(front.metrics.snapshot("v1", 0).total().requests, 1);
    assert_eq!(front.metrics.snapshot("v1", i64::MAX).seconds, []);
    assert_eq!(front.metrics.snapshot("never", 0).seconds, []);
    assert_eq!(front.metrics.totals("v2"), None);
    assert_eq!(front.routes.in_flight("never"), 0);
}

#[tokio::test]
async fn a_graceful_end_waits_for_what_is_in_flight() {
    let (backend, gate) = waiting().await;
    let Front { address, routes, stop, served, .. } = Front::of(backend.address);
    let idle = super::kit::connect(address).await;
    let mut sender = super::kit::connect(address).await;
    let slow =
        tokio::spawn(async move { send(&mut sender, request("GET", "/", &[], TestBody::whole(""))).await });
    until(|| routes.in_flight("v1") == 1).await;
    stop.send(()).unwrap();
    until(|| idle.is_closed()).await;
    let refused = soon(async {
        loop {
            match tokio::net::TcpStream::connect(address).await {
                Err(error) => return error.kind(),
                Ok(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    assert_eq!(refused, ErrorKind::ConnectionRefused);
    assert!(!served.is_finished());
    gate.notify_one();
    let reply = soon(slow).await.unwrap();
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    soon(served).await.unwrap();
}

#[tokio::test]
async fn a_graceful_end_is_over_after_its_grace() {
    let (backend, _gate) = waiting().await;
    let settings = Settings { shutdown_grace: Duration::from_millis(50), ..Settings::default() };
    let front = Front::start(settings, routes(&[("v1", 1, &[backend.address])]));
    let mut sender = front.connect().await;
    let slow =
        tokio::spawn(async move { send(&mut sender, request("GET", "/", &[], TestBody::whole(""))).await });
    until(|| front.routes.in_flight("v1") == 1).await;
    front.stop.send(()).unwrap();
    assert_eq!(soon(slow).await.unwrap().status, 503);
    soon(front.served).await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_says_so() {
    let first = Proxy::bind("127.0.0.1:0".parse().unwrap(), Settings::default()).unwrap();
    let address = first.local_addr();
    let error = Proxy::bind(address, Settings::default()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(error.to_string(), format!("`{address}` is taken: another process listens there"));
    drop(first);
    assert!(Proxy::bind(address, Settings::default()).is_ok());
}

#[test]
fn routes_and_settings_are_written_as_one_would_expect() {
    let written = r#"{"versions":[{"version":"v1","weight":9,"backends":["127.0.0.1:81"]}],"sticky":"orchestra-version"}"#;
    let read: crate::proxy::Routes = serde_json::from_str(written).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
    assert_eq!(serde_json::from_str::<crate::proxy::Routes>("{}").unwrap(), crate::proxy::Routes::default());
    let settings: Settings =
        serde_json::from_str(r#"{"max_in_flight": 7, "of_a_newer_version": 1}"#).unwrap();
    assert_eq!(settings, Settings { max_in_flight: 7, ..Settings::default() });
}
