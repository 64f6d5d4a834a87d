//! A client's connection: when it last carried a byte, and the raw head of the request that is being read.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::header::HeaderValue;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::routes::{Shared, lock};

/// What is known of a connection. Counted as open until the last of socket, request and tunnel lets go of it.
pub(super) struct Client {
    /// The peer's address as `X-Forwarded-For` names it.
    pub(super) address: HeaderValue,
    /// The address that the peer connected to: the host of a request that names none.
    pub(super) local: HeaderValue,
    shared: Arc<Shared>,
    opened: Instant,
    last_byte: AtomicU64,
    last_byte_read: AtomicU64,
    reading_head: AtomicBool,
    head: Mutex<Vec<u8>>,
    life: watch::Receiver<bool>,
}

impl Client {
    /// Counts a connection as open. `life` closes when the proxy ends.
    pub(super) fn new(
        shared: Arc<Shared>,
        peer: SocketAddr,
        local: SocketAddr,
        life: watch::Receiver<bool>,
    ) -> Self {
        shared.counters.connections.fetch_add(1, Ordering::AcqRel);
        let header =
            |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("unknown"));
        Self {
            address: header(peer.ip().to_canonical().to_string()),
            local: header(local.to_string()),
            shared,
            opened: Instant::now(),
            last_byte: AtomicU64::new(0),
            last_byte_read: AtomicU64::new(0),
            reading_head: AtomicBool::new(true),
            head: Mutex::default(),
            life,
        }
    }

    /// Completes once no byte has passed for `limit` in either direction.
    pub(super) async fn idle(&self, limit: Duration) {
        wait_until_quiet(limit, || self.since(&self.last_byte)).await;
    }

    /// Completes once `limit` has passed since both `started` and the last byte that the client sent.
    pub(super) async fn stalled(&self, started: Instant, limit: Duration) {
        wait_until_quiet(limit, || started.elapsed().min(self.since(&self.last_byte_read))).await;
    }

    /// Says that a request's head has been read, and returns whether it had a `Content-Length` line, if
    /// `asked`. The parsed headers don't tell: the parser drops that line where there is a `Transfer-Encoding`.
    pub(super) fn end_head(&self, asked: bool, has_body: bool) -> bool {
        let mut head = lock(&self.head);
        let found = asked && has_content_length(&head);
        head.clear();
        self.reading_head.store(!has_body, Ordering::Relaxed);
        found
    }

    /// Says that a request's body has ended, so that what comes next is a head.
    pub(super) fn end_body(&self) {
        self.reading_head.store(true, Ordering::Relaxed);
    }

    /// Completes when the proxy ends and nothing may go on.
    pub(super) async fn proxy_ended(&self) {
        let mut life = self.life.clone();
        while life.changed().await.is_ok() {}
    }

    fn since(&self, moment: &AtomicU64) -> Duration {
        self.opened.elapsed().saturating_sub(Duration::from_millis(moment.load(Ordering::Relaxed)))
    }

    fn note(&self, moment: &AtomicU64) {
        let millis = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        moment.store(millis, Ordering::Relaxed);
    }

    fn note_read(&self, bytes: &[u8]) {
        self.note(&self.last_byte);
        self.note(&self.last_byte_read);
        if self.reading_head.load(Ordering::Relaxed) {
            let mut head = lock(&self.head);
            let room = self.shared.settings.max_header_bytes.saturating_sub(head.len());
            head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.counters.connections.fetch_sub(1, Ordering::AcqRel);
        self.shared.connection_ended.notify_waiters();
    }
}

async fn wait_until_quiet(limit: Duration, quiet_for: impl Fn() -> Duration) {
    loop {
        let quiet = quiet_for();
        if quiet >= limit {
            return;
        }
        // Moments are kept in milliseconds; one more makes sure that the wait doesn't end just short.
        tokio::time::sleep(limit - quiet + Duration::from_millis(1)).await;
    }
}

/// Whether one of the head's lines, up to the blank one, is a `Content-Length`.
fn has_content_length(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"content-length";
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let head = lines.skip(1).take_while(|line| !line.is_empty());
    head.filter_map(|line| line.get(..NAME.len())).any(|start| start.eq_ignore_ascii_case(NAME))
}

/// A client's socket, observed.
pub(super) struct ClientStream {
    stream: TcpStream,
    client: Arc<Client>,
}

impl ClientStream {
    pub(super) fn new(stream: TcpStream, client: Arc<Client>) -> Self {
        Self { stream, client }
    }

    fn written(&self, result: io::Result<usize>) -> Poll<io::Result<usize>> {
        self.client.note(&self.client.last_byte);
        Poll::Ready(result)
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        if buf.filled().len() > before {
            self.client.note_read(&buf.filled()[before..]);
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        self.written(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::has_content_length;

    #[test]
    fn a_length_is_found_in_the_head_only() {
        for (bytes, expected) in [
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", true),
            ("POST / HTTP/1.1\r\ncontent-LENGTH:3\r\n\r\n", true),
            ("POST / HTTP/1.1\nContent-Length: 3\n\n", true),
            ("POST / HTTP/1.1\r\nHost: a\r\n\r\nContent-Length: 3\r\n", false),
            ("POST / HTTP/1.1\r\nX-Content-Length: 3\r\n\r\n", false),
            ("Content-Length: 3 HTTP/1.1\r\n\r\n", false),
            ("", false),
        ] {
            assert_eq!(has_content_length(bytes.as_bytes()), expected, "{bytes:?}");
        }
    }
}
