//! What a proxy must check, strip and add (RFC 9110, section 7; RFC 9112, sections 3 and 6). Pure.

use bytes::{BufMut, BytesMut};
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{Method, Uri, Version};

use super::answer::Answer;
use super::sticky::text;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Headers that concern one connection and not the message (RFC 9110, section 7.6.1). `Trailer` isn't among
/// them: it announces fields of the message itself.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What the proxy says of a client to a backend.
pub(super) struct Via<'a> {
    pub(super) address: &'a HeaderValue,
    /// The host for a request of HTTP/1.0 that names none.
    pub(super) local: &'a HeaderValue,
    pub(super) trust_forwarded: bool,
}

/// Makes the head that a backend gets from the head that a client sent. Returns the protocol that the client
/// wants to switch to, if it may.
///
/// # Errors
/// The answer for a request that must not be passed on: `CONNECT`, a target or host that isn't one, none or
/// several hosts.
pub(super) fn to_backend(
    parts: &mut Parts,
    has_body: bool,
    via: &Via<'_>,
) -> Result<Option<HeaderValue>, Answer> {
    if parts.method == Method::CONNECT {
        return Err(Answer::ConnectRefused);
    }
    let host = host_of(parts, via.local)?;
    parts.uri = origin_form(&parts.method, &parts.uri)?;
    let headers = &mut parts.headers;
    let upgrade = wanted_upgrade(headers, parts.version);
    let wants_trailers = headers
        .get(TE)
        .and_then(text)
        .is_some_and(|te| te.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("trailers")));
    strip_hop_by_hop(headers);
    // The proxy answers the expectation itself, as soon as the backend's connection takes the body.
    headers.remove(EXPECT);
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.append(CONNECTION, HeaderValue::from_static("te"));
    }
    if let Some(protocol) = &upgrade {
        headers.insert(UPGRADE, protocol.clone());
        headers.append(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    if has_body && !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    append(headers, FORWARDED_FOR, via.address);
    if !(via.trust_forwarded && headers.contains_key(FORWARDED_PROTO)) {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    }
    if !(via.trust_forwarded && headers.contains_key(FORWARDED_HOST)) {
        headers.insert(FORWARDED_HOST, host.clone());
    }
    headers.insert(HOST, host);
    let received = if parts.version == Version::HTTP_10 { "1.0 orchestra" } else { "1.1 orchestra" };
    append(headers, VIA, &HeaderValue::from_static(received));
    parts.version = Version::HTTP_11;
    Ok(upgrade)
}

/// Takes out of a backend's head what concerned its connection only.
pub(super) fn to_client(parts: &mut http::response::Parts) {
    strip_hop_by_hop(&mut parts.headers);
    parts.version = Version::HTTP_11;
}

/// The same for a switch of protocols, which keeps the two headers that say so.
pub(super) fn to_client_switching(parts: &mut http::response::Parts) {
    let protocol = parts.headers.get(UPGRADE).cloned();
    to_client(parts);
    parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Some(protocol) = protocol {
        parts.headers.insert(UPGRADE, protocol);
    }
}

/// The host that the request is for: the target's if it has one (RFC 9112, section 3.2.2), else the header's.
fn host_of(parts: &Parts, local: &HeaderValue) -> Result<HeaderValue, Answer> {
    let mut lines = parts.headers.get_all(HOST).into_iter();
    let line = lines.next();
    if lines.next().is_some() {
        return Err(Answer::Malformed("the request has several host headers"));
    }
    let host = match (parts.uri.authority(), line) {
        (Some(authority), _) => HeaderValue::try_from(authority.as_str()).ok(),
        (None, Some(line)) => Some(line.clone()),
        (None, None) if parts.version == Version::HTTP_10 => Some(local.clone()),
        (None, None) => return Err(Answer::Malformed("the request has no host header")),
    };
    let valid = |host: &HeaderValue| {
        host.is_empty()
            || Authority::try_from(host.as_bytes()).is_ok_and(|authority| !authority.as_str().contains('@'))
    };
    host.filter(valid).ok_or(Answer::Malformed("the request's host is none"))
}

/// The target as an origin server wants it: path and query, or `*` for `OPTIONS`.
fn origin_form(method: &Method, uri: &Uri) -> Result<Uri, Answer> {
    const BAD: Answer = Answer::Malformed("the request's target is neither a path nor an http address");
    if uri.scheme_str().is_some_and(|scheme| scheme != "http" && scheme != "https") {
        return Err(BAD);
    }
    let target = uri.path_and_query().ok_or(BAD)?;
    match target.as_str() {
        "*" if *method == Method::OPTIONS => Ok(uri.clone()),
        // An absolute target without a path: the server as a whole for OPTIONS, else its root.
        "/" if *method == Method::OPTIONS && uri.scheme().is_some() => Ok(target.clone().into()),
        path if path.starts_with('/') => Ok(target.clone().into()),
        path if path.starts_with('?') && uri.scheme().is_some() => {
            PathAndQuery::try_from(format!("/{path}")).map(Uri::from).map_err(|_| BAD)
        }
        _ => Err(BAD),
    }
}

/// The protocol in `Upgrade`, if `Connection` lists it. HTTP/2 isn't passed on: inside such a tunnel requests
/// would reach the backend unrouted and unbounded.
fn wanted_upgrade(headers: &HeaderMap, version: Version) -> Option<HeaderValue> {
    let protocol = headers.get(UPGRADE)?;
    let is_http2 = text(protocol).is_none_or(|name| name.to_ascii_lowercase().contains("h2c"));
    let listed = connection_options(headers).any(|option| option.eq_ignore_ascii_case("upgrade"));
    (listed && !is_http2 && version == Version::HTTP_11).then(|| protocol.clone())
}

fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(CONNECTION).into_iter().filter_map(text);
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = connection_options(headers)
            .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Adds an element to a list header, joining the lines that are there into one.
fn append(headers: &mut HeaderMap, name: HeaderName, value: &HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value.clone());
        return;
    }
    let mut joined = BytesMut::new();
    for line in headers.get_all(&name) {
        joined.put_slice(line.as_bytes());
        joined.put_slice(b", ");
    }
    joined.put_slice(value.as_bytes());
    let joined = HeaderValue::from_maybe_shared(joined.freeze()).unwrap_or_else(|_| value.clone());
    headers.insert(name, joined);
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
