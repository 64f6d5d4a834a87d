//! Stories through the front door: real clients, the real proxy, small real backends, all on loopback.

mod draining;
mod failures;
mod kit;
mod limits;
mod routing;
mod streaming;
