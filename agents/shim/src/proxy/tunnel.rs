//! A connection after its upgrade: bytes are copied both ways until both ends have closed.

use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;

use super::client::Client;
use super::flight::{Cut, Flight};
use super::upstream::Upstream;

/// Bytes that are read at once in each direction.
const BUFFER: usize = 16 * 1024;

/// What an upgraded connection needs. It counts as in flight until it ends, and outlives any change of routes.
pub(super) struct Tunnel {
    pub(super) upstream: Upstream,
    pub(super) client_side: OnUpgrade,
    pub(super) backend_side: OnUpgrade,
    pub(super) client: Arc<Client>,
    pub(super) cut: Cut,
    pub(super) flight: Flight,
}

impl Tunnel {
    /// Copies in a task of its own until both ends have closed, nothing has passed for `idle_timeout`, the
    /// version is cut, or the proxy ends.
    pub(super) fn spawn(self, idle_timeout: Duration) {
        tokio::spawn(async move {
            let Self { upstream, client_side, backend_side, client, mut cut, flight } = self;
            let copied = async {
                upstream.finish().await;
                let (client_end, backend_end) = tokio::try_join!(client_side, backend_side)?;
                let (mut client_end, mut backend_end) = (TokioIo::new(client_end), TokioIo::new(backend_end));
                copy_bidirectional_with_sizes(&mut client_end, &mut backend_end, BUFFER, BUFFER).await?;
                Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
            };
            let end = tokio::select! {
                copied = copied => copied.map_or_else(|error| error.to_string(), |()| "closed".to_owned()),
                () = client.idle(idle_timeout) => "idle for too long".to_owned(),
                () = cut.as_mut() => "its version was stopped".to_owned(),
                () = client.proxy_ended() => "the proxy ends".to_owned(),
            };
            tracing::debug!(version = flight.version(), end, "an upgraded connection ended");
        });
    }
}
