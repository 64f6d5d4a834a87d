//! Requests, answers, redirects and limits.

use super::error::Error;
use super::exchange::exchange;
use super::guard::{Guard, Resolver, SystemResolver};
use super::tls::Tls;
use crate::tools::secret::Secret;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use std::sync::Arc;
use std::time::Duration;

/// Most redirects that are followed.
pub const MAX_REDIRECTS: usize = 5;
/// Longest URL, in bytes.
const MAX_URL: usize = 8 * 1024;
/// Longest time of one request; longer ones are cut to it.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);

/// A header's value: shown in logs, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderText {
    /// May be shown.
    Plain(String),
    /// Never shown, and never sent on to another host by a redirect.
    Secret(Secret),
}

/// What to do when the answer points elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Redirects {
    /// The redirect is the answer.
    #[default]
    None,
    /// Follow up to [`MAX_REDIRECTS`], each checked like a first request, never from https to http.
    Checked,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// An absolute `http` or `https` URL without user and password.
    pub url: String,
    /// Names and values. `host`, `content-length` and the headers of a connection are set by the client.
    pub headers: Vec<(String, HeaderText)>,
    /// The body, whole.
    pub body: Bytes,
    /// Time for everything from resolving to the last byte; at most ten minutes.
    pub timeout: Duration,
    /// Largest body of the answer, in bytes.
    pub max_body: usize,
    /// Whether redirects are followed.
    pub redirects: Redirects,
}

impl Request {
    /// A request without headers and body: 30 s, 1 MiB, no redirects.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: Duration::from_secs(30),
            max_body: 1024 * 1024,
            redirects: Redirects::None,
        }
    }

    /// Adds a header that may be shown.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), HeaderText::Plain(value.into())));
        self
    }

    /// Adds a header that is never shown.
    #[must_use]
    pub fn secret_header(mut self, name: &str, value: Secret) -> Self {
        self.headers.push((name.to_owned(), HeaderText::Secret(value)));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole and within the request's limit, as it was sent: nothing is decompressed.
    pub body: Bytes,
}

/// The guarded client. Clones share their settings; no connection is kept. Nothing is retried.
#[derive(Clone)]
pub struct Client {
    guard: Arc<Guard>,
    resolver: Arc<dyn Resolver>,
    tls: Tls,
}

/// Where one hop goes.
pub(super) struct Target {
    pub(super) https: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// `host` header: host, and port unless it is the scheme's own.
    pub(super) authority: String,
    pub(super) path: String,
}

impl Client {
    /// A client with the system's resolver and the roots of `webpki-roots`.
    #[must_use]
    pub fn new(guard: Guard) -> Self {
        Self::with_resolver(guard, Arc::new(SystemResolver))
    }

    /// A client with another resolver.
    #[must_use]
    pub fn with_resolver(guard: Guard, resolver: Arc<dyn Resolver>) -> Self {
        Self { guard: Arc::new(guard), resolver, tls: Tls::public_roots() }
    }

    /// Trusts a further root certificate (DER), such as a company's own.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] when it is no certificate, or this build has no https.
    pub fn trust(&mut self, certificate: Vec<u8>) -> Result<(), Error> {
        self.tls.trust(certificate)
    }

    /// Performs one request.
    ///
    /// # Errors
    ///
    /// Each kind of [`Error`]; a status of 400 or more is an answer and no error.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let limit = request.timeout.min(MAX_TIMEOUT);
        let host = Target::parse(&request.url)?.host;
        match tokio::time::timeout(limit, self.follow(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::TimedOut { host, limit }),
        }
    }

    async fn follow(&self, mut request: Request) -> Result<Response, Error> {
        let mut hops = 0;
        loop {
            let target = Target::parse(&request.url)?;
            let headers = headers(&request.headers)?;
            let addresses = self.guard.check(self.resolver.as_ref(), &target.host, target.port).await?;
            let response = exchange(&self.tls, &target, &addresses, &request, headers).await?;
            let next = match (request.redirects, location(&response)) {
                (Redirects::None, _) | (_, None) => return Ok(response),
                (Redirects::Checked, Some(next)) => target.join(&next)?,
            };
            hops += 1;
            if hops > MAX_REDIRECTS {
                return Err(Error::Invalid(format!("over {MAX_REDIRECTS} redirects")));
            }
            let there = Target::parse(&next)?;
            if target.https && !there.https {
                return Err(Error::Invalid("a redirect leads from https to http".to_owned()));
            }
            if (&there.host, there.port, there.https) != (&target.host, target.port, target.https) {
                request.headers.retain(|(name, value)| may_travel(name, value));
            }
            // As browsers do (RFC 9110, 15.4): 307 and 308 repeat the request, the others fetch.
            let repeats =
                matches!(response.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
            if !repeats && request.method != Method::HEAD {
                request.method = Method::GET;
                request.body = Bytes::new();
                request.headers.retain(|(name, _)| !name.to_lowercase().starts_with("content-"));
            }
            request.url = next;
        }
    }
}

/// Where a redirect points; nothing for any other answer.
fn location(response: &Response) -> Option<String> {
    if !matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    Some(response.headers.get(http::header::LOCATION)?.to_str().ok()?.to_owned())
}

fn may_travel(name: &str, value: &HeaderText) -> bool {
    matches!(value, HeaderText::Plain(_))
        && !["authorization", "cookie", "proxy-authorization"].contains(&name.to_lowercase().as_str())
}

/// The headers as hyper wants them; those that frame a message are not the caller's to set.
fn headers(given: &[(String, HeaderText)]) -> Result<HeaderMap, Error> {
    const OWN: [&str; 8] =
        ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"];
    let mut map = HeaderMap::new();
    for (name, value) in given {
        let bad = |what: &str| Error::Invalid(format!("the header `{name}` {what}"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("has no valid name"))?;
        if OWN.contains(&header.as_str()) {
            return Err(bad("is set by the client alone"));
        }
        let (text, secret) = match value {
            HeaderText::Plain(text) => (text.as_str(), false),
            HeaderText::Secret(secret) => (secret.expose(), true),
        };
        let mut value =
            HeaderValue::from_str(text).map_err(|_| bad("has a value that no header can hold"))?;
        value.set_sensitive(secret);
        map.append(header, value);
    }
    Ok(map)
}

impl Target {
    fn parse(url: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::Invalid(why.to_owned());
        if url.len() > MAX_URL {
            return Err(bad("the URL is over 8 KiB long"));
        }
        let uri: Uri = url.parse().map_err(|_| bad("the URL cannot be read"))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad("the URL is neither http nor https")),
        };
        let authority = uri.authority().ok_or_else(|| bad("the URL has no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("the URL holds a user or password; use a header"));
        }
        let written = uri.host().unwrap_or_default();
        let host = written.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_lowercase();
        if host.is_empty() {
            return Err(bad("the URL has no host"));
        }
        let own = if https { 443 } else { 80 };
        // The URL type forgets a port that is out of range; a forgotten port must not become the scheme's own.
        let port = match authority.as_str().strip_prefix(written).unwrap_or_default().strip_prefix(':') {
            None => own,
            Some(port) => {
                port.parse().ok().filter(|port| *port > 0).ok_or_else(|| bad("the URL's port is none"))?
            }
        };
        let name = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let authority = if port == own { name } else { format!("{name}:{port}") };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { https, host, port, authority, path })
    }

    /// A redirect's URL: absolute, without scheme, or a path on this host.
    fn join(&self, location: &str) -> Result<String, Error> {
        let location = location.split('#').next().unwrap_or_default();
        let scheme = if self.https { "https" } else { "http" };
        let joined = if location.contains("://") {
            location.to_owned()
        } else if let Some(rest) = location.strip_prefix("//") {
            format!("{scheme}://{rest}")
        } else if location.starts_with('/') {
            format!("{scheme}://{}{location}", self.authority)
        } else {
            let path = self.path.split('?').next().unwrap_or("/");
            let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
            format!("{scheme}://{}{folder}{location}", self.authority)
        };
        Target::parse(&joined).map(|_| joined)
    }
}
