//! Who gets a request, and how it looks when it arrives.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::Response;

use super::kit::{Backend, Front, TestBody, get, nobody, request, routes, send, talk};
use crate::proxy::{Routes, Settings, VERSION_HEADER};

fn whole(text: &'static str) -> TestBody {
    TestBody::whole(text)
}

#[tokio::test]
async fn a_thousand_requests_are_shared_exactly_by_weight() {
    let (one, two, three) =
        (Backend::saying("one").await, Backend::saying("two").await, Backend::saying("three").await);
    let shares = routes(&[
        ("v1", 90, &[one.address]),
        ("v2", 10, &[two.address]),
        ("v3", 0, &[three.address]),
        ("v4", 50, &[]),
    ]);
    let front = Arc::new(Front::start(Settings::default(), shares));
    let clients: Vec<_> = (0..10)
        .map(|_| {
            let front = Arc::clone(&front);
            tokio::spawn(async move {
                let mut sender = front.connect().await;
                for _ in 0..100 {
                    assert_eq!(send(&mut sender, request("GET", "/", &[], whole(""))).await.status, 200);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!((one.requests(), two.requests(), three.requests()), (900, 100, 0));
    let totals = |version| front.metrics.totals(version).unwrap();
    assert_eq!((totals("v1").requests, totals("v2").requests, totals("v2").errors), (900, 100, 0));
    assert_eq!(front.metrics.snapshot("v2", 0).total().latency.count(), 100);
}

#[tokio::test]
async fn backends_of_a_version_take_turns_and_connections_are_kept() {
    let (one, two) = (Backend::saying("one").await, Backend::saying("two").await);
    let front = Front::start(Settings::default(), routes(&[("v1", 1, &[one.address, two.address])]));
    let mut sender = front.connect().await;
    for turn in 0..20 {
        let reply = send(&mut sender, request("GET", "/", &[], whole(""))).await;
        assert_eq!(reply.body, if turn % 2 == 0 { "one" } else { "two" });
        let reply = send(&mut sender, request("HEAD", "/", &[], whole(""))).await;
        assert_eq!((reply.body.as_str(), reply.header("content-length")), ("", Some("3")));
        // Three requests a round, so that each kind meets both backends.
        let text = ["", "text"][turn / 2 % 2];
        send(&mut sender, request("POST", "/", &[], whole(text))).await;
    }
    assert_eq!((one.requests(), two.requests()), (30, 30));
    let opened = [&one, &two].map(|backend| backend.connections.load(Ordering::SeqCst));
    assert_eq!(opened, [1, 1], "one connection each, used again and again");
}

#[tokio::test]
async fn a_header_names_the_version() {
    let (one, two, three) =
        (Backend::saying("one").await, Backend::saying("two").await, Backend::saying("three").await);
    let shares = routes(&[("v1", 1, &[one.address]), ("v2", 1, &[two.address]), ("v3", 0, &[three.address])]);
    let front = Front::start(Settings::default(), shares.clone());
    for _ in 0..5 {
        assert_eq!(get(&front, &[(VERSION_HEADER, "v2")]).await.body, "two");
    }
    assert_ne!(get(&front, &[(VERSION_HEADER, "v3")]).await.body, "three", "without weight it isn't reached");
    assert_eq!(get(&front, &[(VERSION_HEADER, "v9")]).await.status, 200, "an unknown version is no wish");

    let open = Settings { header_reaches_weightless: true, ..Settings::default() };
    let front = Front::start(open, shares);
    assert_eq!(get(&front, &[(VERSION_HEADER, "v3")]).await.body, "three");
}

#[tokio::test]
async fn a_cookie_keeps_a_client_on_its_version_while_that_has_weight() {
    let (one, two) = (Backend::saying("one").await, Backend::saying("two").await);
    let sticky = |first, second| Routes {
        sticky: Some("orchestra-version".to_owned()),
        ..routes(&[("v1", first, &[one.address]), ("v2", second, &[two.address])])
    };
    let front = Front::start(Settings::default(), sticky(1, 1));
    let replies = [get(&front, &[]).await, get(&front, &[]).await];
    assert_eq!(
        replies.iter().map(|reply| reply.header("set-cookie").unwrap()).collect::<Vec<_>>(),
        [
            "orchestra-version=v1; Path=/; HttpOnly; SameSite=Lax",
            "orchestra-version=v2; Path=/; HttpOnly; SameSite=Lax"
        ]
    );
    let cookie = [("cookie", "theme=dark; orchestra-version=v2")];
    for _ in 0..5 {
        let reply = get(&front, &cookie).await;
        assert_eq!((reply.body.as_str(), reply.header("set-cookie")), ("two", None));
    }
    assert_eq!(
        get(&front, &[("orchestra-version", "v1"), cookie[0]]).await.body,
        "one",
        "header before cookie"
    );

    front.routes.set(sticky(1, 0));
    let reply = get(&front, &cookie).await;
    assert_eq!(reply.body, "one");
    assert!(reply.header("set-cookie").unwrap().starts_with("orchestra-version=v1;"));

    front.routes.set(Routes { sticky: None, ..sticky(1, 1) });
    let bodies = [get(&front, &cookie).await.body, get(&front, &cookie).await.body];
    assert_eq!(bodies, ["one", "two"], "without sticking the cookie says nothing");
}

#[tokio::test]
async fn without_routes_there_is_a_503() {
    let front = Front::start(Settings::default(), Routes::default());
    let reply = get(&front, &[]).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    front.routes.set(routes(&[("v1", 0, &[nobody().await]), ("v2", 5, &[])]));
    assert_eq!(get(&front, &[]).await.status, 503);
    assert_eq!(front.metrics.proxy().unrouted, 2);
}

/// A backend that answers with the head that it got, one header a line.
async fn mirror() -> Backend {
    Backend::start(|request| async move {
        let mut text = format!("{} {} {:?}\n", request.method(), request.uri(), request.version());
        for (name, value) in request.headers() {
            text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
        }
        let mut response = Response::new(TestBody::whole(text));
        for (name, value) in
            [("connection", "x-inner"), ("x-inner", "1"), ("keep-alive", "timeout=1"), ("x-outer", "2")]
        {
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    })
    .await
}

#[tokio::test]
async fn a_backend_sees_who_asked_and_nothing_of_the_clients_connection() {
    let backend = mirror().await;
    let front = Front::of(backend.address);
    let lines = [
        ("x-forwarded-for", "203.0.113.7"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("te", "gzip"),
        ("accept", "a/b"),
    ];
    let reply = get(&front, &lines).await;
    let seen: HashMap<&str, &str> = reply.body.lines().filter_map(|line| line.split_once(": ")).collect();
    assert!(reply.body.starts_with("GET / HTTP/1.1\n"), "{}", reply.body);
    let expected = [
        ("host", "service.test"),
        ("accept", "a/b"),
        ("x-forwarded-for", "203.0.113.7, 127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "service.test"),
        ("via", "1.1 orchestra"),
    ];
    assert_eq!(seen, HashMap::from(expected));
    assert_eq!(reply.header("x-outer"), Some("2"));
    for name in ["x-inner", "keep-alive", "connection"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn old_clients_and_absolute_targets_are_served() {
    let backend = mirror().await;
    let front = Front::of(backend.address);
    let heard = talk(&mut front.raw().await, "GET /old HTTP/1.0\r\n\r\n").await;
    assert!(heard.starts_with("HTTP/1.0 200 OK\r\n"), "{heard}");
    assert!(heard.contains("\r\n\r\nGET /old HTTP/1.1\n"), "{heard}");
    assert!(heard.contains(&format!("\nhost: {}\n", front.address)), "{heard}");
    let absolute = "GET http://shop.test/a?b HTTP/1.1\r\nHost: ignored\r\nConnection: close\r\n\r\n";
    let heard = talk(&mut front.raw().await, absolute).await;
    assert!(
        heard.contains("\r\n\r\nGET /a?b HTTP/1.1\n") && heard.contains("\nhost: shop.test\n"),
        "{heard}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_routes_are_switched_back_and_forth() {
    let backends = Arc::new([Backend::saying("one").await, Backend::saying("two").await]);
    let front = Arc::new(Front::of(backends[0].address));
    let (done, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(HashMap::new())));
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (front, done, answers) = (Arc::clone(&front), Arc::clone(&done), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut sender = front.connect().await;
                while !done.load(Ordering::SeqCst) {
                    let method = if client % 2 == 0 { "GET" } else { "POST" };
                    let reply = send(&mut sender, request(method, "/", &[], TestBody::whole("x"))).await;
                    *answers.lock().unwrap().entry((reply.status, reply.body)).or_insert(0) += 1;
                }
            })
        })
        .collect();
    let mut sender = front.connect().await;
    for switch in 0..200 {
        let (version, backend) = [("v1", &backends[0]), ("v2", &backends[1])][switch % 2];
        front.routes.set(routes(&[(version, 1, &[backend.address])]));
        let reply = send(&mut sender, request("GET", "/", &[], whole(""))).await;
        assert_eq!(reply.body, ["one", "two"][switch % 2], "the switch is there at once");
        let other = ["v2", "v1"][switch % 2];
        super::kit::until(|| front.routes.in_flight(other) == 0).await;
    }
    done.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let answers = answers.lock().unwrap();
    let kinds: Vec<_> = answers.keys().map(|(status, body)| (*status, body.as_str())).collect();
    assert!(kinds.iter().all(|kind| [(200, "one"), (200, "two")].contains(kind)), "{answers:?}");
    assert!(answers.values().sum::<i32>() > 200, "{answers:?}");
}
