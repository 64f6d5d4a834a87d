use super::*;
use crate::tools::secret::Secret;
use async_trait::async_trait;
use http::Method;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A real server on a free port: answers each connection with the next of `answers` (the last one for ever),
/// and keeps what it was asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                let mut chunk = [0; 4096];
                while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                    match stream.read(&mut chunk).await {
                        Ok(0) | Err(_) => break,
                        Ok(count) => request.extend_from_slice(&chunk[..count]),
                    }
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
                let answer = answers.get(number).or_else(|| answers.last()).cloned().unwrap_or_default();
                number += 1;
                tokio::spawn(async move {
                    // The client may hang up in the middle: that is what some tests are about.
                    drop(stream.write_all(&answer).await);
                    if answer.is_empty() {
                        // A server that never answers holds its connection open.
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { port, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://service.test:{}{path}", self.port)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn redirect(status: u16, to: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} There\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

/// Answers from a list, one entry per question, so that a name can change its address between two of them.
struct Names {
    answers: Vec<Vec<&'static str>>,
    asked: AtomicUsize,
}

impl Names {
    fn new(answers: &[&[&'static str]]) -> Arc<Self> {
        Arc::new(Self {
            answers: answers.iter().map(|answer| answer.to_vec()).collect(),
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(number).or_else(|| self.answers.last()).unwrap();
        Ok(answer.iter().map(|address| SocketAddr::new(address.parse::<IpAddr>().unwrap(), port)).collect())
    }
}

fn guard(allowed: &[String]) -> Guard {
    Guard { allow_private: allowed.iter().map(|text| text.parse().unwrap()).collect() }
}

/// A client that finds `service.test` here and may speak to it on this port.
fn client(server: &Server) -> Client {
    Client::with_resolver(guard(&[format!("service.test:{}", server.port)]), Names::new(&[&["127.0.0.1"]]))
}

fn get(url: impl Into<String>) -> Request {
    Request { timeout: Duration::from_secs(20), ..Request::new(Method::GET, url) }
}

#[tokio::test]
async fn a_request_gets_its_answer() {
    let server = Server::start(vec![ok("hello")]).await;
    let request = get(server.url("/a?b=c"))
        .header("accept", "text/plain")
        .secret_header("authorization", Secret::new("Bearer s3cret"));
    assert!(!format!("{request:?}").contains("s3cret"), "a request shows no secret");
    let response = client(&server).send(request).await.unwrap();
    assert_eq!((response.status.as_u16(), response.body.as_ref()), (200, b"hello".as_slice()));
    let asked = server.asked().remove(0);
    assert!(asked.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("host: service.test:{}\r\n", server.port)), "{asked}");
    assert!(asked.contains("authorization: Bearer s3cret\r\n"), "{asked}");
}

#[tokio::test]
async fn special_addresses_are_refused_unless_allowed() {
    let server = Server::start(vec![ok("inside")]).await;
    let refused = [
        "http://127.0.0.1",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://169.254.169.254",
        "http://localhost",
        "http://2130706433",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://127.1",
        "http://0",
    ];
    for url in refused {
        let answer = Client::new(Guard::default()).send(get(format!("{url}:{}/", server.port))).await;
        assert!(matches!(answer, Err(Error::Refused { .. } | Error::Connect { .. })), "{url}: {answer:?}");
    }
    assert!(server.asked().is_empty(), "nothing got through");
    for allowed in ["127.0.0.0/8".to_owned(), "127.0.0.1".to_owned(), format!("127.0.0.1:{}", server.port)] {
        let answer =
            Client::new(guard(&[allowed])).send(get(format!("http://127.0.0.1:{}/", server.port))).await;
        assert_eq!(answer.unwrap().body, "inside");
    }
    let other_port = Client::new(guard(&["127.0.0.1:1".to_owned()]))
        .send(get(format!("http://127.0.0.1:{}/", server.port)))
        .await;
    assert!(matches!(other_port, Err(Error::Refused { .. })));
}

#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let server = Server::start(vec![ok("inside")]).await;
    // One private address among public ones is an attempt.
    let mixed = Client::with_resolver(Guard::default(), Names::new(&[&["93.184.216.34", "10.0.0.1"]]));
    assert!(matches!(mixed.send(get(server.url("/"))).await, Err(Error::Refused { .. })));
    // Rebinding: the first answer is allowed, a second would be private. There is no second question.
    let names = Names::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let resolver: Arc<dyn Resolver> = names.clone();
    let client = Client::with_resolver(guard(&["127.0.0.1".to_owned()]), resolver);
    assert_eq!(client.send(get(server.url("/"))).await.unwrap().body, "inside");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1, "resolved once");
    assert!(matches!(client.send(get(server.url("/"))).await, Err(Error::Refused { .. })));
}

#[tokio::test]
async fn redirects_are_answers_unless_asked_for_and_each_hop_is_checked() {
    let server = Server::start(vec![redirect(302, "/next"), redirect(302, "/next"), ok("there")]).await;
    let plain = client(&server).send(get(server.url("/"))).await.unwrap();
    assert_eq!(plain.status.as_u16(), 302);
    let followed = Request { redirects: Redirects::Checked, ..get(server.url("/")) };
    assert_eq!(client(&server).send(followed).await.unwrap().body, "there");
    assert!(server.asked()[2].starts_with("GET /next "));

    let metadata = Server::start(vec![redirect(307, "http://169.254.169.254/latest/meta-data")]).await;
    let request = Request { redirects: Redirects::Checked, ..get(metadata.url("/")) };
    assert!(matches!(client(&metadata).send(request).await, Err(Error::Refused { .. })));

    let round = Server::start(vec![redirect(302, "/")]).await;
    let request = Request { redirects: Redirects::Checked, ..get(round.url("/")) };
    assert!(matches!(client(&round).send(request).await, Err(Error::Invalid(_))));
    assert_eq!(round.asked().len(), 6, "the first request and five redirects");
}

#[tokio::test]
async fn secrets_do_not_follow_a_redirect_to_another_host() {
    let other = Server::start(vec![ok("other")]).await;
    let server = Server::start(vec![redirect(302, &format!("http://other.test:{}/", other.port))]).await;
    let allowed = [format!("service.test:{}", server.port), format!("other.test:{}", other.port)];
    let client = Client::with_resolver(guard(&allowed), Names::new(&[&["127.0.0.1"]]));
    let request = Request { redirects: Redirects::Checked, ..Request::new(Method::POST, server.url("/")) }
        .secret_header("x-token", Secret::new("s3cret-value"))
        .header("cookie", "a=b")
        .header("x-plain", "yes")
        .body("form=data");
    assert_eq!(client.send(request).await.unwrap().body, "other");
    let asked = other.asked().remove(0);
    assert!(asked.starts_with("GET / ") && asked.contains("x-plain: yes"), "{asked}");
    assert!(!asked.contains("s3cret") && !asked.contains("cookie"), "{asked}");
}

#[tokio::test]
async fn what_is_too_large_is_refused_while_it_is_read() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx".to_vec();
    let mut chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..64 {
        chunked.extend_from_slice(format!("400\r\n{}\r\n", "x".repeat(1024)).as_bytes());
    }
    let head = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "x".repeat(200_000)).into_bytes();
    for (name, answer, part) in
        [("announced", announced, "body"), ("chunked", chunked, "body"), ("head", head, "head")]
    {
        let server = Server::start(vec![answer]).await;
        let request = Request { max_body: 10_000, ..get(server.url("/")) };
        let got = client(&server).send(request).await;
        assert!(matches!(&got, Err(Error::TooLarge { what, .. }) if *what == part), "{name}: {got:?}");
    }
}

#[tokio::test]
async fn silence_nonsense_and_absence_are_told_apart() {
    let silent = Server::start(vec![Vec::new()]).await;
    let request = Request { timeout: Duration::from_millis(200), ..get(silent.url("/")) };
    assert!(matches!(client(&silent).send(request).await, Err(Error::TimedOut { .. })));

    let nonsense = Server::start(vec![b"220 mail.test ESMTP ready\r\n\r\n".to_vec()]).await;
    assert!(matches!(client(&nonsense).send(get(nonsense.url("/"))).await, Err(Error::Protocol { .. })));

    let cut = Server::start(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec()]).await;
    assert!(matches!(client(&cut).send(get(cut.url("/"))).await, Err(Error::Protocol { .. })));

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let absent =
        Client::new(guard(&["127.0.0.1".to_owned()])).send(get(format!("http://127.0.0.1:{port}/"))).await;
    assert!(matches!(absent, Err(Error::Connect { .. })), "{absent:?}");
}

#[tokio::test]
async fn https_to_a_plain_server_is_a_tls_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // It speaks before it is asked, and in the clear.
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        }
    });
    let client = Client::new(guard(&["127.0.0.1".to_owned()]));
    let answer = client.send(get(format!("https://127.0.0.1:{port}/"))).await;
    assert!(matches!(answer, Err(Error::Tls { .. })), "{answer:?}");
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_before_anything_is_resolved() {
    let names = Names::new(&[&["127.0.0.1"]]);
    let resolver: Arc<dyn Resolver> = names.clone();
    let client = Client::with_resolver(Guard::default(), resolver);
    let long = format!("http://a.test/{}", "x".repeat(10_000));
    for url in [
        "",
        "a.test",
        "ftp://a.test/",
        "file:///etc/passwd",
        "http://",
        "http://user:pass@a.test/",
        "http://a.test:0/",
        "http://a.test:99999/",
        "http://a b/",
        long.as_str(),
    ] {
        let answer = client.send(get(url)).await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{url}: {answer:?}");
        assert!(!format!("{answer:?}").contains("pass@"), "an error shows no password");
    }
    for (name, value) in [("host", "evil.test"), ("content-length", "3"), ("a b", "c"), ("x", "a\r\nb: c")] {
        let answer = client.send(get("http://a.test/").header(name, value)).await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{name}: {answer:?}");
    }
    assert_eq!(names.asked.load(Ordering::SeqCst), 0);
}

#[test]
fn exceptions_are_read_or_refused() {
    for text in
        ["10.0.0.0/8", "::1", "fd00::/8", "metrics.internal:9090", "[::1]:80", "10.0.0.1:80", "0.0.0.0/0"]
    {
        assert!(text.parse::<Allowed>().is_ok(), "{text}");
    }
    for text in ["", "10.0.0.0/33", "host", "host:", "host:70000", ":80", "a/b:80", "x/8"] {
        assert!(text.parse::<Allowed>().is_err(), "{text}");
    }
}
