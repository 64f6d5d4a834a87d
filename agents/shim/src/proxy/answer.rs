//! The few answers that the proxy gives itself: one line of text.

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use super::body::ResponseBody;

/// Why the proxy answers instead of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// 400: the request can't be passed on as it is; its connection ends.
    Malformed(&'static str),
    /// 405: `CONNECT` asks for a forward proxy.
    ConnectRefused,
    /// 408: the client stopped in the middle of its body.
    ClientStalled,
    /// 503: too much is in flight.
    Full,
    /// 503: no version has weight and a backend.
    NoRoute,
    /// 503: the version's drain has ended.
    Cut,
    /// 502: no backend of the version could be reached.
    Unreachable,
    /// 502: the backend broke off before its response's head was complete, or it was no HTTP.
    Broken,
    /// 504: the backend sent no response in time.
    TimedOut,
}

impl Answer {
    fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, why),
            Self::ConnectRefused => (StatusCode::METHOD_NOT_ALLOWED, "this server is no forward proxy"),
            Self::ClientStalled => (StatusCode::REQUEST_TIMEOUT, "the request's body stopped"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, "too many requests are in flight"),
            Self::NoRoute => (StatusCode::SERVICE_UNAVAILABLE, "no version takes requests"),
            Self::Cut => (StatusCode::SERVICE_UNAVAILABLE, "the version that had this request was stopped"),
            Self::Unreachable => (StatusCode::BAD_GATEWAY, "no backend could be reached"),
            Self::Broken => (StatusCode::BAD_GATEWAY, "the backend broke off"),
            Self::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "the backend did not answer in time"),
        }
    }

    /// The response that says so.
    pub(super) fn response(self) -> Response<ResponseBody> {
        let (status, text) = self.parts();
        let mut response = Response::new(ResponseBody::text(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        match self {
            Self::ConnectRefused => {
                headers
                    .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            // What follows on such a connection can't be trusted to be the next request.
            Self::Malformed(_) | Self::ClientStalled => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

/// The bytes for a connection that is turned away before a request is read.
pub(super) const TURNED_AWAY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 29\r\n\r\ntoo many connections are open";
