//! The weighted reverse proxy in front of a service's versions: HTTP/1.1, no decisions beyond routing.
//!
//! A request is given to a version by weight, header or cookie, and to one of that version's backends in turn.
//! Bodies stream in both directions without being collected; upgrades (WebSocket) become a plain two-way copy.
//! Everything that a client or a backend sends is bounded in size, count and time by [`Settings`].
//! The one task of a client's connection also drives the backend connection that it uses, so a request
//! crosses no task and no queue on its way.
//!
//! # Layout
//!
//! | file | does |
//! | --- | --- |
//! | `listen.rs` | [`Proxy`]: bind, accept, turn away, graceful end |
//! | `settings.rs` | [`Settings`]: every bound |
//! | `routes.rs` | [`Routes`], [`RoutesHandle`]: what may be set, and the table that answers who is next |
//! | `balance.rs` | smooth weighted round robin (pure) |
//! | `sticky.rs` | which version a request asks for by header or cookie (pure) |
//! | `flight.rs` | one request in flight: counted, cut at the drain's end |
//! | `metrics.rs` | [`MetricsHandle`]: per version and second, and totals |
//! | `forward.rs` | the way of one request |
//! | `headers.rs` | what a proxy must check, strip and add (pure) |
//! | `body.rs` | request and response bodies on their way through |
//! | `tunnel.rs` | a connection after its upgrade |
//! | `client.rs` | a client's connection: activity, idle time, the raw head |
//! | `upstream.rs`, `stream.rs`, `pool.rs` | a connection to a backend, its socket, and those kept for reuse |
//! | `answer.rs` | the few answers that the proxy gives itself |

mod answer;
mod balance;
mod body;
mod client;
mod flight;
mod forward;
mod headers;
mod listen;
mod metrics;
mod pool;
mod routes;
mod settings;
mod sticky;
mod stream;
mod tunnel;
mod upstream;

pub use listen::Proxy;
pub use metrics::{MetricsHandle, ProxyTotals, VersionTotals};
pub use routes::{Routes, RoutesHandle, VERSION_HEADER, VersionRoute};
pub use settings::Settings;

#[cfg(test)]
mod tests;
