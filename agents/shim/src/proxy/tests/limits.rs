//! What clients may not do, and how many of them there may be.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::kit::{
    Backend, Front, TestBody, connect, get, raw_backend, read_until, request, routes, send, soon, talk, until,
};
use crate::proxy::Settings;

async fn limited(settings: Settings) -> (Backend, Front) {
    let backend = Backend::saying("ok").await;
    let front = Front::start(settings, routes(&[("v1", 1, &[backend.address])]));
    (backend, front)
}

/// A backend that takes requests and never answers.
async fn silent() -> std::net::SocketAddr {
    raw_backend(|mut stream| async move { drop(read_until(&mut stream, "never").await) }).await.0
}

#[tokio::test]
async fn heads_are_bounded_in_bytes_and_lines() {
    let settings = Settings { max_header_bytes: 10_000, max_header_count: 20, ..Settings::default() };
    let (backend, front) = limited(settings).await;
    let ask = |extra: String| format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{extra}\r\n");
    for (extra, status) in [
        (format!("x-long: {}\r\n", "y".repeat(9000)), 200),
        (format!("x-long: {}\r\n", "y".repeat(10_000)), 431),
        (format!("x-long: {}\r\n", "y".repeat(1_000_000)), 431),
        ("x-many: 1\r\n".repeat(18), 200),
        ("x-many: 1\r\n".repeat(19), 431),
        ("x-many: 1\r\n".repeat(500), 431),
    ] {
        // The proxy stops reading at its bound, so the rest of a long head may not be taken any more.
        let mut stream = front.raw().await;
        let (mut read, mut write) = stream.split();
        let text = ask(extra);
        let (heard, _) = tokio::join!(
            async {
                let mut heard = Vec::new();
                soon(tokio::io::AsyncReadExt::read_to_end(&mut read, &mut heard)).await.ok();
                String::from_utf8_lossy(&heard).into_owned()
            },
            write.write_all(text.as_bytes())
        );
        let seen = heard.get(9..12).unwrap_or("");
        assert_eq!(seen, status.to_string(), "{} bytes, heard {heard:?}", text.len());
    }
    assert_eq!(backend.requests(), 2);
}

#[tokio::test]
async fn requests_that_could_be_read_in_two_ways_are_refused() {
    let (backend, front) = limited(Settings::default()).await;
    for (lines, status) in [
        ("Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n", "400"),
        ("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n", "400"),
        ("Host: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n", "400"),
        ("Host: a\r\nTransfer-Encoding: gzip\r\n", "400"),
        ("Host: a\r\nTransfer-Encoding: chunked, identity\r\n", "400"),
        ("Host : a\r\n", "400"),
        ("Host: a\r\n Host: b\r\n", "400"),
        ("Host: a\r\nHost: b\r\n", "400"),
        ("", "400"),
    ] {
        let heard = talk(&mut front.raw().await, &format!("POST / HTTP/1.1\r\n{lines}\r\n0\r\n\r\n")).await;
        assert_eq!(heard.get(9..12), Some(status), "{lines:?}: {heard}");
        assert_eq!(heard.matches("HTTP/1.1 ").count(), 1, "the connection ends: {heard}");
    }
    let heard = talk(&mut front.raw().await, "CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n").await;
    assert!(heard.starts_with("HTTP/1.1 405 "), "{heard}");
    assert_eq!(backend.requests(), 0);
    assert_eq!(front.metrics.proxy().refused, 5);
}

#[tokio::test]
async fn the_second_request_of_a_connection_is_checked_as_well() {
    let (backend, front) = limited(Settings::default()).await;
    let mut stream = front.raw().await;
    for good in ["Content-Length: 4\r\n\r\nbody", "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"]
    {
        stream.write_all(format!("POST / HTTP/1.1\r\nHost: a\r\n{good}").as_bytes()).await.unwrap();
        read_until(&mut stream, "\r\n\r\nok").await;
    }
    let bad =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let heard = talk(&mut stream, bad).await;
    assert!(heard.starts_with("HTTP/1.1 400 "), "{heard}");
    assert_eq!(backend.requests(), 2);
}

#[tokio::test]
async fn a_client_that_drips_its_head_is_cut() {
    let settings = Settings { header_timeout: Duration::from_millis(50), ..Settings::default() };
    let (backend, front) = limited(settings).await;
    let mut stream = front.raw().await;
    let (mut read, mut write) = stream.split();
    let dripping = async {
        write.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").await.unwrap();
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        loop {
            tick.tick().await;
            if write.write_all(b"x: y\r\n").await.is_err() {
                return;
            }
        }
    };
    let cut = async {
        let mut heard = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut read, &mut heard).await.ok();
    };
    soon(async {
        tokio::select! { () = dripping => {}, () = cut => {} }
    })
    .await;
    until(|| front.metrics.proxy().connections == 0).await;
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn a_client_that_stops_in_its_body_is_no_error_of_the_version() {
    let settings = Settings { response_timeout: Duration::from_millis(50), ..Settings::default() };
    let (_backend, front) = limited(settings).await;
    let heard =
        talk(&mut front.raw().await, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf").await;
    assert!(heard.starts_with("HTTP/1.1 408 "), "{heard}");
    let totals = front.metrics.totals("v1").unwrap();
    assert_eq!((totals.requests, totals.errors, totals.unanswered), (0, 0, 1));
}

#[tokio::test]
async fn a_silent_stream_is_cut_when_its_time_is_over() {
    let (backend, _) = raw_backend(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthen nothing").await.unwrap();
        read_until(&mut stream, "never").await;
    })
    .await;
    let settings = Settings { idle_timeout: Duration::from_millis(50), ..Settings::default() };
    let front = Front::start(settings, routes(&[("v1", 1, &[backend])]));
    let heard = talk(&mut front.raw().await, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(heard.ends_with("then nothing"), "{heard}");
    until(|| front.routes.in_flight("v1") == 0).await;
}

#[tokio::test]
async fn requests_beyond_the_bound_are_shed_and_those_within_go_on() {
    let settings = Settings { max_in_flight: 2, ..Settings::default() };
    let live = Backend::saying("ok").await;
    let front = Front::start(settings, routes(&[("v1", 1, &[silent().await])]));
    let mut waiting = [front.connect().await, front.connect().await];
    let held: Vec<_> = waiting
        .iter_mut()
        .map(|sender| tokio::spawn(sender.send_request(request("GET", "/", &[], TestBody::whole("")))))
        .collect();
    until(|| front.routes.in_flight("v1") == 2).await;
    let reply = get(&front, &[]).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert_eq!(front.metrics.proxy().shed_requests, 1);
    assert_eq!(front.metrics.totals("v1").unwrap().errors, 0);

    front.routes.set(routes(&[("v2", 1, &[live.address])]));
    front.routes.cut("v1");
    for one in held {
        assert_eq!(soon(one).await.unwrap().unwrap().status(), 503);
    }
    assert_eq!(get(&front, &[]).await.status, 200);
}

#[tokio::test]
async fn connections_beyond_the_bound_are_told_so() {
    let settings = Settings { max_connections: 2, ..Settings::default() };
    let (_backend, front) = limited(settings).await;
    let mut kept = [front.connect().await, front.connect().await];
    until(|| front.metrics.proxy().connections == 2).await;
    let heard = talk(&mut front.raw().await, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(heard.starts_with("HTTP/1.1 503 ") && heard.contains("retry-after: 1\r\n"), "{heard}");
    assert!(heard.ends_with("too many connections are open"), "{heard}");
    assert_eq!(front.metrics.proxy().shed_connections, 1);
    for sender in &mut kept {
        assert_eq!(send(sender, request("GET", "/", &[], TestBody::whole(""))).await.status, 200);
    }
    drop(kept);
    until(|| front.metrics.proxy().connections == 0).await;
    let mut sender = connect(front.address).await;
    assert_eq!(send(&mut sender, request("GET", "/", &[], TestBody::whole(""))).await.status, 200);
}
