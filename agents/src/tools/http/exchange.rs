//! One request over one connection to a checked address.

use super::client::{Request, Response, Target};
use super::error::Error;
use super::tls::Tls;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Largest head of an answer, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Most headers of an answer.
const MAX_HEADERS: usize = 128;
/// Time for one address, where a host has several; the whole request has its own limit.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn exchange(
    tls: &Tls,
    target: &Target,
    addresses: &[SocketAddr],
    request: &Request,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let stream = connect(target, addresses).await?;
    if target.https {
        let stream = tls.handshake(&target.host, stream).await?;
        speak(TokioIo::new(stream), target, request, headers).await
    } else {
        speak(TokioIo::new(stream), target, request, headers).await
    }
}

/// Connects to one of the checked addresses and to nothing else: the name is not resolved again.
async fn connect(target: &Target, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "nothing answers there"),
        }
    }
    Err(Error::Connect { host: target.host.clone(), source: last })
}

async fn speak<S>(
    stream: TokioIo<S>,
    target: &Target,
    request: &Request,
    headers: HeaderMap,
) -> Result<Response, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .handshake(stream)
        .await
        .map_err(|error| protocol(target, &error))?;
    // The set ends the connection's task with this call, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);

    let mut outgoing = hyper::Request::new(Full::new(request.body.clone()));
    *outgoing.method_mut() = request.method.clone();
    *outgoing.uri_mut() =
        target.path.parse::<Uri>().map_err(|_| Error::Invalid("the URL's path cannot be read".to_owned()))?;
    *outgoing.headers_mut() = headers;
    let host = HeaderValue::from_str(&target.authority)
        .map_err(|_| Error::Invalid("the URL's host cannot be read".to_owned()))?;
    outgoing.headers_mut().insert(header::HOST, host);
    let agent = HeaderValue::from_static(concat!("devops-orchestra/", env!("CARGO_PKG_VERSION")));
    outgoing.headers_mut().entry(header::USER_AGENT).or_insert(agent);

    let answer = sender.send_request(outgoing).await.map_err(|error| protocol(target, &error))?;
    let (head, body) = answer.into_parts();
    let body = collect(body, target, request.max_body).await?;
    Ok(Response { status: head.status, headers: head.headers, body })
}

/// Reads the body and stops at the first byte beyond the limit.
async fn collect(mut body: hyper::body::Incoming, target: &Target, limit: usize) -> Result<Bytes, Error> {
    let too_large = || Error::TooLarge { host: target.host.clone(), what: "body", limit };
    let announced = hyper::body::Body::size_hint(&body).lower();
    if announced > limit as u64 {
        return Err(too_large());
    }
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| protocol(target, &error))?;
        if let Ok(data) = frame.into_data() {
            if all.len() + data.len() > limit {
                return Err(too_large());
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(all.freeze())
}

fn protocol(target: &Target, error: &hyper::Error) -> Error {
    let host = target.host.clone();
    if error.is_parse_too_large() {
        return Error::TooLarge { host, what: "head", limit: MAX_HEAD };
    }
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        why = format!("{why}: {cause}");
        source = cause.source();
    }
    Error::Protocol { host, why }
}
