//! The one HTTP client of all tools: guarded, bounded, one request per connection.
//!
//! A host is resolved once, every address that it has is checked, and the connection goes to a checked address,
//! so that a name that resolves differently a moment later gains nothing (OWASP, server-side request forgery).
//! Redirects are not followed unless asked for, and then each hop is checked like a first request.
//!
//! # Layout
//!
//! - [`address`]: which addresses are not for everybody
//! - [`guard`]: what is allowed all the same, and the check of one host
//! - [`client`]: requests, answers, redirects, limits
//! - [`error`]: what can go wrong, as callers branch on it
//! - `exchange`: one request over one checked connection
//! - `tls`: https, behind the feature of that name

pub mod address;
pub mod client;
pub mod error;
mod exchange;
pub mod guard;
mod tls;

pub use client::{Client, HeaderText, Redirects, Request, Response};
pub use error::Error;
pub use guard::{Allowed, Guard, Resolver, SystemResolver};

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
