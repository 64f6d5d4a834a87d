//! Backends that can't be reached, break off, or never answer.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::kit::{
    Backend, Front, TestBody, get, nobody, raw_backend, read_until, request, routes, send, soon, until,
};
use crate::proxy::Settings;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_refused_connection_leads_to_the_next_backend() {
    let (dead, live) = (nobody().await, Backend::saying("live").await);
    let front = Front::start(Settings::default(), routes(&[("v1", 1, &[dead, live.address, dead])]));
    let mut sender = front.connect().await;
    for _ in 0..6 {
        let reply = send(&mut sender, request("POST", "/", &[], TestBody::whole("once"))).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "live"));
    }
    assert_eq!(live.requests(), 6);
    assert_eq!(front.metrics.totals("v1").unwrap().errors, 0);
}

#[tokio::test]
async fn when_no_backend_can_be_reached_it_is_a_502_of_that_version() {
    let (dead, live) = (nobody().await, Backend::saying("live").await);
    let front =
        Front::start(Settings::default(), routes(&[("v1", 1, &[live.address]), ("v2", 1, &[dead, dead])]));
    let replies = [get(&front, &[]).await, get(&front, &[]).await];
    assert_eq!(replies.map(|reply| reply.status), [200, 502]);
    let totals = |version| front.metrics.totals(version).unwrap();
    assert_eq!((totals("v1").errors, totals("v2").errors, totals("v2").requests), (0, 1, 1));
    assert_eq!(front.metrics.snapshot("v2", 0).total().errors, 1);
}

#[tokio::test]
async fn what_a_backend_may_have_seen_is_never_sent_again() {
    for method in ["POST", "GET"] {
        // It reads the request and dies: first on a new connection, then on one that was kept.
        let (dying, accepted) = raw_backend(|mut stream| async move {
            read_until(&mut stream, "/fatal").await;
        })
        .await;
        let live = Backend::saying("live").await;
        let front = Front::start(Settings::default(), routes(&[("v1", 1, &[dying, live.address])]));
        let mut sender = front.connect().await;
        let reply = send(&mut sender, request(method, "/fatal", &[], TestBody::whole(""))).await;
        assert_eq!((reply.status, accepted.load(Ordering::SeqCst), live.requests()), (502, 1, 0), "{method}");

        let (dying, accepted) = raw_backend(|mut stream| async move {
            let heard = read_until(&mut stream, "\r\n\r\n").await;
            if !heard.contains("/fatal") {
                stream.write_all(OK).await.unwrap();
                read_until(&mut stream, "/fatal").await;
            }
        })
        .await;
        let front = Front::of(dying);
        let mut sender = front.connect().await;
        let good = send(&mut sender, request(method, "/", &[], TestBody::whole(""))).await;
        let fatal = send(&mut sender, request(method, "/fatal", &[], TestBody::whole(""))).await;
        assert_eq!((good.status, fatal.status, accepted.load(Ordering::SeqCst)), (200, 502, 1), "{method}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_backend_closed_costs_no_request() {
    let (closed, mut closes) = mpsc::unbounded_channel();
    let (backend, accepted) = raw_backend(move |mut stream| {
        let closed = closed.clone();
        async move {
            // It promises to keep the connection, answers once, and closes.
            read_until(&mut stream, "once").await;
            stream.write_all(OK).await.unwrap();
            drop(stream);
            closed.send(()).unwrap();
        }
    })
    .await;
    let front = Front::of(backend);
    let mut sender = front.connect().await;
    for turn in 1..=20 {
        let reply = send(&mut sender, request("POST", "/", &[], TestBody::whole("once"))).await;
        assert_eq!((reply.status, accepted.load(Ordering::SeqCst)), (200, turn));
        soon(closes.recv()).await.unwrap();
    }
}

#[tokio::test]
async fn a_backend_that_speaks_no_http_is_a_502() {
    for nonsense in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", ""] {
        let (backend, _) = raw_backend(move |mut stream| async move {
            read_until(&mut stream, "\r\n\r\n").await;
            stream.write_all(nonsense.as_bytes()).await.unwrap();
        })
        .await;
        assert_eq!(get(&Front::of(backend), &[]).await.status, 502, "{nonsense:?}");
    }
    let (endless, _) = raw_backend(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(b"x-more: and more and more and more and more\r\n").await.is_ok() {}
    })
    .await;
    assert_eq!(get(&Front::of(endless), &[]).await.status, 502);
}

#[tokio::test]
async fn a_backend_that_never_answers_is_a_504() {
    let (silent, _) = raw_backend(|mut stream| async move {
        while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
    })
    .await;
    let settings = Settings { response_timeout: Duration::from_millis(50), ..Settings::default() };
    let front = Front::start(settings, routes(&[("v1", 1, &[silent])]));
    let mut sender = front.connect().await;
    for body in ["", "a body"] {
        let reply = send(&mut sender, request("POST", "/", &[], TestBody::whole(body))).await;
        assert_eq!(reply.status, 504);
    }
    let totals = front.metrics.totals("v1").unwrap();
    assert_eq!((totals.requests, totals.errors, totals.in_flight), (2, 2, 0));
}

#[tokio::test]
async fn errors_of_a_backend_pass_and_are_counted() {
    let (failing, refusing) = (Backend::failing(500).await, Backend::failing(404).await);
    let front = Front::start(
        Settings::default(),
        routes(&[("v1", 1, &[failing.address]), ("v2", 1, &[refusing.address])]),
    );
    let replies = [get(&front, &[]).await, get(&front, &[]).await];
    assert_eq!(replies.map(|reply| reply.status), [500, 404]);
    let totals = |version| front.metrics.totals(version).unwrap();
    assert_eq!((totals("v1").errors, totals("v2").errors), (1, 0));
}

#[tokio::test]
async fn a_body_that_breaks_off_breaks_off_for_the_client_and_counts() {
    let (backend, _) = raw_backend(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this").await.unwrap();
    })
    .await;
    let front = Front::of(backend);
    let mut sender = front.connect().await;
    let sent = sender.send_request(request("GET", "/", &[], TestBody::whole("")));
    let response = soon(sent).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(soon(response.into_body().collect()).await.is_err());
    until(|| front.routes.in_flight("v1") == 0).await;
    let window = front.metrics.snapshot("v1", 0).total();
    assert_eq!((window.requests, window.errors, front.metrics.totals("v1").unwrap().errors), (1, 1, 1));
}

#[tokio::test]
async fn a_client_that_goes_away_is_no_error_and_frees_the_backend() {
    let (gone, mut is_gone) = mpsc::unbounded_channel();
    let (backend, _) = raw_backend(move |mut stream| {
        let gone = gone.clone();
        async move {
            read_until(&mut stream, "\r\n\r\n").await;
            assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
            gone.send(()).unwrap();
        }
    })
    .await;
    let front = Front::of(backend);
    let mut stream = front.raw().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    until(|| front.routes.in_flight("v1") == 1).await;
    drop(stream);
    soon(is_gone.recv()).await.unwrap();
    until(|| front.routes.in_flight("v1") == 0).await;
    let totals = front.metrics.totals("v1").unwrap();
    assert_eq!((totals.requests, totals.errors, totals.unanswered), (0, 0, 1));
}
