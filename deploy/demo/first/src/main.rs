//! A small shop: says what an item costs, over HTTP/1.1 on 127.0.0.1 at the port in `PORT`.
//!
//! One thread serves one connection and keeps it open as long as the client wants.
//! Everything that a client sends is bounded: the head, the body, the time it may be silent.

mod price;

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many connections are served at once.
const CONNECTIONS: usize = 256;
/// How many bytes the head of a request may have, and how many its body.
const HEAD: u64 = 16 * 1024;
const BODY: u64 = 64 * 1024;
/// How long a client may be silent.
const SILENCE: Duration = Duration::from_secs(60);

static OPEN: AtomicUsize = AtomicUsize::new(0);

/// What is known of a request once it is read.
struct Request {
    target: String,
    only_head: bool,
    keep_open: bool,
}

fn main() -> Result<(), Error> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse::<u16>().ok());
    let Some(port) = port else {
        return Err(Error::new(ErrorKind::InvalidInput, "`PORT` must be a port number"));
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("shop listens on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => receive(stream),
            // Too many open files, say: the clients that are here leave, and then there is room again.
            Err(error) => {
                eprintln!("no connection: {error}");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
    Ok(())
}

fn receive(stream: TcpStream) {
    if OPEN.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        eprintln!("too many connections");
        return;
    }
    let started = std::thread::Builder::new().spawn(move || {
        if let Err(error) = serve(&stream) {
            // A client that goes away or falls silent is nothing to tell of.
            if matches!(error.kind(), ErrorKind::InvalidData) {
                eprintln!("refused: {error}");
            }
        }
        OPEN.fetch_sub(1, Ordering::Relaxed);
    });
    if let Err(error) = started {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        eprintln!("no thread: {error}");
    }
}

/// Answers one request after another until either side has enough.
fn serve(stream: &TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let mut reader = BufReader::new(stream);
    loop {
        match read_request(&mut reader) {
            Ok(None) => return Ok(()),
            Ok(Some(request)) => {
                let (status, body) = answer(&request.target);
                write_answer(stream, status, &body, &request)?;
                if !request.keep_open {
                    return Ok(());
                }
            }
            Err(error) => {
                if error.kind() == ErrorKind::InvalidData {
                    let request = Request { target: String::new(), only_head: false, keep_open: false };
                    let body = format!("{{\"error\":\"{error}\"}}\n");
                    write_answer(stream, 400, &body, &request)?;
                }
                return Err(error);
            }
        }
    }
}

/// Reads one request and passes over its body; `None` when the client is done.
fn read_request(reader: &mut impl BufRead) -> Result<Option<Request>, Error> {
    let mut head = reader.take(HEAD);
    let mut line = String::new();
    // An empty line or two before a request are forgiven, as RFC 9112 asks.
    while line.trim().is_empty() {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Ok(None);
        }
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
        return Err(bad("a request line has a method, a target and a version"));
    };
    if !version.starts_with("HTTP/1.") {
        return Err(bad("only HTTP/1.0 and HTTP/1.1 are spoken"));
    }
    let mut request =
        Request { target: target.to_owned(), only_head: method == "HEAD", keep_open: version != "HTTP/1.0" };
    let mut length = 0;
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            return Err(bad("the head has no end, or is too long"));
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "connection" => match value.to_ascii_lowercase().as_str() {
                "close" => request.keep_open = false,
                "keep-alive" => request.keep_open = true,
                _ => {}
            },
            "content-length" => length = value.parse().map_err(|_| bad("the length is no number"))?,
            "transfer-encoding" => return Err(bad("a body needs a length")),
            _ => {}
        }
    }
    if length > BODY {
        return Err(bad("the body is too long"));
    }
    if std::io::copy(&mut reader.take(length), &mut std::io::sink())? < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(request))
}

fn bad(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

/// The status and the JSON for a target.
fn answer(target: &str) -> (u16, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match path {
        "/health" => (200, "{\"healthy\":true}\n".to_owned()),
        "/price" => {
            let item = query.split('&').find_map(|pair| pair.strip_prefix("item=")).unwrap_or_default();
            price::answer(item)
        }
        _ => (404, "{\"error\":\"there are /health and /price?item=tea\"}\n".to_owned()),
    }
}

fn write_answer(mut stream: &TcpStream, status: u16, body: &str, request: &Request) -> Result<(), Error> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        503 => "Service Unavailable",
        _ => "Other",
    };
    if status >= 500 {
        eprintln!("{status} {}", request.target);
    }
    let connection = if request.keep_open { "keep-alive" } else { "close" };
    let mut text = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n",
        body.len()
    );
    if !request.only_head {
        text.push_str(body);
    }
    // One write, so that an answer is one packet.
    stream.write_all(text.as_bytes())
}
