//! Whether a process answers: its port opens and, when a path is given, that path answers well.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long one check may take.
pub(crate) const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// Why a check failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unwell {
    /// Nothing listens there.
    #[error("its port {0} isn't open")]
    Closed(u16),
    /// The path answered something other than 2xx or 3xx.
    #[error("health check {path} answered {status}")]
    Status {
        /// The path that was asked.
        path: String,
        /// The HTTP status.
        status: u16,
    },
    /// The path answered with something that isn't HTTP, or not at all.
    #[error("health check {path} {what}")]
    NoAnswer {
        /// The path that was asked.
        path: String,
        /// What came instead.
        what: String,
    },
}

/// Checks once. Bounded by [`CHECK_LIMIT`].
///
/// # Errors
/// Says what was wrong.
pub(crate) async fn check(address: SocketAddr, path: Option<&str>) -> Result<(), Unwell> {
    let connecting = tokio::time::timeout(CHECK_LIMIT, TcpStream::connect(address)).await;
    let Ok(Ok(mut stream)) = connecting else { return Err(Unwell::Closed(address.port())) };
    let Some(path) = path else { return Ok(()) };
    let no_answer = |what: &str| Unwell::NoAnswer { path: path.to_owned(), what: what.to_owned() };
    let status = match tokio::time::timeout(CHECK_LIMIT, ask(&mut stream, address, path)).await {
        Err(_) => return Err(no_answer(&format!("gave no answer within {} s", CHECK_LIMIT.as_secs()))),
        Ok(Err(error)) => return Err(no_answer(&format!("broke off: {error}"))),
        Ok(Ok(head)) => status_of(&head).ok_or_else(|| no_answer("answered something that isn't HTTP"))?,
    };
    if (200..400).contains(&status) { Ok(()) } else { Err(Unwell::Status { path: path.to_owned(), status }) }
}

/// Sends the request and reads the first bytes of the answer; the status line is all that matters.
async fn ask(stream: &mut TcpStream, address: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: orchestra-health\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::with_capacity(64);
    let mut buffer = [0; 1024];
    while head.len() < 16 {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        head.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    // The rest is read so that the service can end its answer in peace, but never for long or without end.
    let rest = async {
        for _ in 0..64 {
            if !matches!(stream.read(&mut buffer).await, Ok(count) if count > 0) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_millis(100), rest).await.ok();
    Ok(head)
}

fn status_of(head: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(head.get(..12)?).ok()?;
    text.strip_prefix("HTTP/1.")?.get(2..)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answers(answer: &'static str, path: Option<&str>) -> Result<(), Unwell> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let path_free = path.is_none();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0 || path_free);
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let result = check(address, path).await;
        server.abort();
        result
    }

    #[tokio::test]
    async fn only_two_and_three_hundreds_are_well() {
        for (answer, well) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.0 204 No Content\r\n\r\n", true),
            ("HTTP/1.1 302 Found\r\n\r\n", true),
            ("HTTP/1.1 500 Oops\r\n\r\n", false),
            ("HTTP/1.1 404 Not Found\r\n\r\n", false),
            ("HTTP/1.1 ", false),
            ("SSH-2.0-OpenSSH_9.2\r\n", false),
            ("", false),
        ] {
            assert_eq!(answers(answer, Some("/health")).await.is_ok(), well, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn without_a_path_an_open_port_is_enough() {
        assert_eq!(answers("", None).await, Ok(()));
    }

    #[tokio::test]
    async fn the_reason_names_the_path_and_the_answer() {
        let error = answers("HTTP/1.1 500 Oops\r\n\r\n", Some("/health")).await.unwrap_err();
        assert_eq!(error.to_string(), "health check /health answered 500");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let closed = check(address, Some("/health")).await.unwrap_err();
        assert_eq!(closed.to_string(), format!("its port {} isn't open", address.port()));
    }
}
