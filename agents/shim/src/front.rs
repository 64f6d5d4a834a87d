//! The service's own address: the proxy that listens there, and its replacement when the address changes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::ports;
use crate::proxy::{MetricsHandle, Proxy, RoutesHandle, Settings};

/// How long connections may outlive a change of the address. When a version ends, its own drain is what counts.
const GRACE: Duration = Duration::from_secs(600);

/// A proxy that listens and serves.
pub(crate) struct Front {
    wanted: SocketAddr,
    actual: SocketAddr,
    pub(crate) routes: RoutesHandle,
    pub(crate) metrics: MetricsHandle,
    shutdown: Option<oneshot::Sender<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Front {
    /// Listens on the address.
    ///
    /// # Errors
    /// Says for a person why the address can't be taken, and by whom it is.
    pub(crate) fn open(wanted: SocketAddr) -> Result<Self, String> {
        let settings = Settings { shutdown_grace: GRACE, ..Settings::default() };
        let proxy = Proxy::bind(wanted, settings).map_err(|error| describe(wanted, &error))?;
        let actual = proxy.local_addr();
        let (routes, metrics) = (proxy.routes(), proxy.metrics());
        let (shutdown, ended) = oneshot::channel::<()>();
        let task = tokio::spawn(proxy.serve(async move {
            // A sender that is gone means the end too.
            ended.await.ok();
        }));
        Ok(Self { wanted, actual, routes, metrics, shutdown: Some(shutdown), task: Some(task) })
    }

    /// The address that was asked for.
    pub(crate) fn wanted(&self) -> SocketAddr {
        self.wanted
    }

    /// The address that was got.
    pub(crate) fn actual(&self) -> SocketAddr {
        self.actual
    }

    /// Accepts no more connections; those that are open end with their request. Returns what to wait for.
    pub(crate) fn close(&mut self) -> Option<tokio::task::JoinHandle<()>> {
        if let Some(shutdown) = self.shutdown.take()
            && shutdown.send(()).is_err()
        {
            tracing::debug!("the proxy had ended before");
        }
        self.task.take()
    }
}

fn describe(wanted: SocketAddr, error: &io::Error) -> String {
    let port = wanted.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let holder = ports::holder(port).unwrap_or_else(|| "another program".to_owned());
            format!("port {port} is taken by {holder}")
        }
        io::ErrorKind::PermissionDenied => format!("port {port} may not be taken by an ordinary user"),
        io::ErrorKind::AddrNotAvailable => format!("this machine doesn't have the address {}", wanted.ip()),
        _ => format!("{wanted} can't be listened on: {error}"),
    }
}
