//! Bodies that pass while they are made, and connections that become something else.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::kit::{
    Backend, Front, TestBody, next_chunk, read_until, request, routes, send, soon, talk, until,
};

/// A backend that answers with whatever comes in, as it comes in.
async fn echo() -> Backend {
    Backend::start(|request| async move {
        let (sender, body) = TestBody::chunks();
        tokio::spawn(async move {
            let mut incoming = request.into_body();
            while let Some(Ok(frame)) = incoming.frame().await {
                sender.send(frame.into_data().ok()).ok();
            }
        });
        Response::new(body)
    })
    .await
}

#[tokio::test]
async fn a_conversation_within_one_request_goes_back_and_forth() {
    let backend = echo().await;
    let front = Front::of(backend.address);
    let mut sender = front.connect().await;
    let (upload, body) = TestBody::chunks();
    let mut response = soon(sender.send_request(request("POST", "/", &[], body))).await.unwrap();
    for word in ["first", "second", "third"] {
        // The next word is said only after the one before came back: nothing waits for the end.
        upload.send(Some(Bytes::from(word))).unwrap();
        assert_eq!(next_chunk(response.body_mut()).await, word);
    }
    drop(upload);
    assert!(soon(response.body_mut().frame()).await.is_none());
    until(|| front.routes.in_flight("v1") == 0).await;
    assert_eq!(send(&mut sender, request("POST", "/", &[], TestBody::whole("more"))).await.body, "more");
}

#[tokio::test]
async fn large_bodies_arrive_whole_in_both_directions() {
    let backend = echo().await;
    let front = Front::of(backend.address);
    let text: String = (0..300_000).map(|number| format!("{number:07}\n")).collect();
    let mut sender = front.connect().await;
    let reply = send(&mut sender, request("PUT", "/", &[], TestBody::whole(text.clone()))).await;
    assert!(reply.body == text, "{} of {} bytes", reply.body.len(), text.len());
}

#[tokio::test]
async fn events_arrive_one_by_one() {
    let (events, mut queue) = mpsc::unbounded_channel::<mpsc::UnboundedSender<Option<Bytes>>>();
    let backend = Backend::start(move |_| {
        let events = events.clone();
        async move {
            let (sender, body) = TestBody::chunks();
            events.send(sender).unwrap();
            Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
        }
    })
    .await;
    let front = Front::of(backend.address);
    let mut sender = front.connect().await;
    let mut response =
        soon(sender.send_request(request("GET", "/events", &[], TestBody::whole("")))).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let source = soon(queue.recv()).await.unwrap();
    for number in 0..3 {
        let event = format!("data: {number}\n\n");
        source.send(Some(Bytes::from(event.clone()))).unwrap();
        assert_eq!(next_chunk(response.body_mut()).await, event);
    }
    assert_eq!(front.routes.in_flight("v1"), 1);
    drop((response, sender));
    soon(source.closed()).await;
    until(|| front.routes.in_flight("v1") == 0).await;
}

/// A backend that switches to a protocol that echoes.
async fn echo_after_upgrade() -> Backend {
    Backend::start(|mut request| async move {
        let protocol = request.headers()["upgrade"].clone();
        tokio::spawn(async move {
            let mut stream = TokioIo::new(hyper::upgrade::on(&mut request).await.unwrap());
            stream.write_all(b"hello ").await.unwrap();
            let (mut read, mut write) = tokio::io::split(stream);
            tokio::io::copy(&mut read, &mut write).await.ok();
            write.shutdown().await.ok();
        });
        Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header("connection", "upgrade")
            .header("upgrade", protocol)
            .body(TestBody::whole(""))
            .unwrap()
    })
    .await
}

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

async fn upgraded(front: &Front) -> TcpStream {
    let mut stream = front.raw().await;
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    let heard = read_until(&mut stream, "hello ").await;
    assert!(heard.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{heard}");
    assert!(heard.contains("upgrade: websocket\r\n") && heard.contains("connection: upgrade\r\n"), "{heard}");
    stream
}

#[tokio::test]
async fn an_upgraded_connection_survives_a_change_of_routes() {
    let (old, new) = (echo_after_upgrade().await, Backend::saying("new").await);
    let front = Front::of(old.address);
    let mut stream = upgraded(&front).await;
    stream.write_all(b"one.").await.unwrap();
    read_until(&mut stream, "one.").await;

    front.routes.set(routes(&[("v2", 1, &[new.address])]));
    assert_eq!(super::kit::get(&front, &[]).await.body, "new");
    assert_eq!(front.routes.in_flight("v1"), 1);
    stream.write_all(b"two.").await.unwrap();
    read_until(&mut stream, "two.").await;

    stream.shutdown().await.unwrap();
    assert_eq!(soon(stream.read(&mut [0; 8])).await.unwrap(), 0, "the end is passed on and comes back");
    until(|| front.routes.in_flight("v1") == 0).await;
    until(|| front.metrics.proxy().connections == 0).await;
}

#[tokio::test]
async fn a_cut_ends_upgraded_connections_and_bodies() {
    let (old, streaming) = (echo_after_upgrade().await, echo().await);
    let front = Front::of(old.address);
    let mut stream = upgraded(&front).await;
    front.routes.set(routes(&[("v1", 1, &[streaming.address])]));
    let mut sender = front.connect().await;
    let (upload, body) = TestBody::chunks();
    let mut response = soon(sender.send_request(request("POST", "/", &[], body))).await.unwrap();
    upload.send(Some(Bytes::from("word"))).unwrap();
    assert_eq!(next_chunk(response.body_mut()).await, "word");
    assert_eq!(front.routes.in_flight("v1"), 2);

    front.routes.cut("v1");
    assert!(
        soon(response.body_mut().frame()).await.unwrap().is_err(),
        "the body breaks off and doesn't just end"
    );
    soon(stream.read(&mut [0; 8])).await.ok();
    until(|| front.routes.in_flight("v1") == 0).await;
    let mut sender = front.connect().await;
    let reply = send(&mut sender, request("POST", "/", &[], TestBody::whole("later"))).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "later"), "a cut concerns the past only");
    assert_eq!(front.metrics.totals("v1").unwrap().errors, 0);
}

#[tokio::test]
async fn a_switch_that_nobody_asked_for_is_no_answer() {
    let backend = super::kit::raw_backend(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let front = Front::of(backend.0);
    assert_eq!(super::kit::get(&front, &[]).await.status, 502);
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_continue() {
    let backend = echo().await;
    let front = Front::of(backend.address);
    let mut stream = front.raw().await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    let heard = talk(&mut stream, "word").await;
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n") && heard.contains("word"), "{heard}");
}

#[tokio::test]
async fn a_backend_that_ends_its_body_by_closing_is_understood() {
    let backend = super::kit::raw_backend(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nall of it").await.unwrap();
    })
    .await;
    let front = Front::of(backend.0);
    for _ in 0..3 {
        let reply = super::kit::get(&front, &[]).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "all of it"));
    }
    assert_eq!(front.metrics.totals("v1").unwrap().errors, 0);
}
