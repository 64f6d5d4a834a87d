//! What can go wrong with an outgoing request. No error names more of a URL than its host: the rest may hold secrets.

use std::net::IpAddr;
use std::time::Duration;
use thiserror::Error as ThisError;

/// Why a request has no answer.
#[derive(Debug, ThisError)]
pub enum Error {
    /// The address is not for requests that come from outside.
    #[error("the request to `{host}` is refused: its address {address} is {why}")]
    Refused {
        /// The host as the URL writes it.
        host: String,
        /// The first address that was refused.
        address: IpAddr,
        /// Which range it lies in.
        why: &'static str,
    },
    /// The request or a redirect asks for what this client does not do.
    #[error("the request is not valid: {0}")]
    Invalid(String),
    /// The host has no address, or nothing there answers.
    #[error("could not connect to `{host}`: {source}")]
    Connect {
        /// The host as the URL writes it.
        host: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The encrypted connection failed: an unknown certificate, another protocol.
    #[error("the encrypted connection to `{host}` failed: {why}")]
    Tls {
        /// The host as the URL writes it.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// The other side does not speak HTTP, or broke off.
    #[error("the exchange with `{host}` failed: {why}")]
    Protocol {
        /// The host as the URL writes it.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// The answer is larger than the request allows.
    #[error("the {what} of the answer from `{host}` is over {limit} bytes")]
    TooLarge {
        /// The host as the URL writes it.
        host: String,
        /// Head or body.
        what: &'static str,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The time for the whole request is over, resolving and redirects included.
    #[error("the request to `{host}` was not done within {limit:?}")]
    TimedOut {
        /// The host as the URL writes it.
        host: String,
        /// The limit.
        limit: Duration,
    },
}
