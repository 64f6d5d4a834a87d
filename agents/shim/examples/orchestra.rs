//! The smallest binary that can start shims and be one, and a small service for them to run.
//!
//! `orchestra shim ..` is what the real binary does with these words.
//! `orchestra behave WORD..` is a service whose behaviour is given by the words, for trying a shim out:
//! `serve` answers every request with `VERSION`, `/slow` after a second, `/ill` makes `/health` fail from then on,
//! `/die` ends it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static ILL: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().as_ref().and_then(|word| word.to_str()) {
        Some("shim") => orchestra_shim::main(arguments.collect()),
        Some("behave") => behave(&arguments.filter_map(|word| word.into_string().ok()).collect::<Vec<_>>()),
        _ => ExitCode::from(2),
    }
}

fn behave(words: &[String]) -> ExitCode {
    let say = |text: &str| drop(writeln!(std::io::stdout(), "{text}"));
    let port: u16 = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or_default();
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("ill", _) => ILL.store(true, Ordering::Relaxed),
            ("say", text) => say(text),
            ("say-secret", name) => say(&std::env::var(name).unwrap_or_default()),
            ("shout", lines) => {
                (0..lines.parse().unwrap_or(0)).for_each(|number: u32| say(&format!("{number:0>100}")))
            }
            ("exit", code) => return ExitCode::from(code.parse::<u8>().unwrap_or(1)),
            ("child", _) => {
                // A grandchild that has left its parent's hands: nothing of a service may stay behind.
                let child = std::process::Command::new("sleep").arg("600").spawn();
                say(&format!("child {}", child.map(|child| child.id()).unwrap_or_default()));
            }
            ("sleep", _) => loop {
                std::thread::sleep(Duration::from_secs(3600));
            },
            ("bind", other) => return serve(other.parse().unwrap_or_default()),
            ("serve", _) => return serve(port),
            _ => return ExitCode::from(2),
        }
    }
    ExitCode::SUCCESS
}

fn serve(port: u16) -> ExitCode {
    let listener = match TcpListener::bind(("127.0.0.1", port)) {
        Ok(listener) => listener,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "{error}"));
            return ExitCode::FAILURE;
        }
    };
    drop(writeln!(std::io::stdout(), "listening"));
    for stream in listener.incoming().flatten() {
        std::thread::spawn(|| answer(stream));
    }
    ExitCode::SUCCESS
}

fn answer(stream: TcpStream) {
    let Ok(mut writing) = stream.try_clone() else { return };
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(first)) = lines.next() {
        // Requests here have no bodies.
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let path = first.split(' ').nth(1).unwrap_or_default();
        let mut status = "200 OK";
        match path {
            "/slow" => std::thread::sleep(Duration::from_secs(1)),
            "/ill" => ILL.store(true, Ordering::Relaxed),
            "/well" => ILL.store(false, Ordering::Relaxed),
            "/health" if ILL.load(Ordering::Relaxed) => status = "500 Internal Server Error",
            _ => {}
        }
        let body = std::env::var("VERSION").unwrap_or_default();
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if writing.write_all(text.as_bytes()).is_err() {
            return;
        }
        if path == "/die" {
            std::process::exit(3);
        }
    }
}
