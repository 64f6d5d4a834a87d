//! A load on a service, and what it saw.

use orchestra_bot::load::{self, Seen};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Over how many connections a load asks.
const CONNECTIONS: u32 = 6;

/// A load that goes on until it is stopped or dropped.
pub struct Traffic {
    seen: Arc<Seen>,
    thread: Option<std::thread::JoinHandle<()>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Traffic {
    /// Asks a port `rate` times a second, from its first answer on.
    pub fn on(port: u16, rate: u32) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let seen = Arc::new(Seen::default());
        let counted = seen.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            runtime.block_on(async move {
                let token = tokio_util::sync::CancellationToken::new();
                let asking = tokio::spawn(load::run(
                    address,
                    vec!["/".to_owned()],
                    rate,
                    CONNECTIONS,
                    counted,
                    token.clone(),
                ));
                // Whether it was told or its owner is gone: both end it.
                stopped.await.ok();
                token.cancel();
                asking.await.ok();
            });
        });
        Self { seen, thread: Some(thread), stop: Some(stop) }
    }

    /// Requests so far: answered below 500, answered with 500 and above, without any answer.
    pub fn seen(&self) -> (u64, u64, u64) {
        let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
        (count(&self.seen.answered), count(&self.seen.failed), count(&self.seen.unanswered))
    }

    /// Ends it; returns what [`Traffic::seen`] says then.
    pub fn stop(mut self) -> (u64, u64, u64) {
        self.end();
        self.seen()
    }

    fn end(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.end();
    }
}

/// One request to a port on this machine: status and body, or nothing when nobody answered.
pub fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let status = text.split_whitespace().nth(1)?.parse().ok()?;
    let (_, body) = text.split_once("\r\n\r\n")?;
    Some((status, body.to_owned()))
}
