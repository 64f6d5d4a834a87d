//! What is allowed besides public addresses, and the check of one host.

use super::address::special;
use super::error::Error;
use async_trait::async_trait;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use thiserror::Error as ThisError;

/// Most addresses of one host that are looked at.
const MAX_ADDRESSES: usize = 32;

/// Turns a host into addresses. The system's resolver reads odd spellings (`0x7f.1`, `2130706433`) as well;
/// what comes out is checked, never the text.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Every address of `host`, with `port`.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.take(MAX_ADDRESSES + 1).collect())
    }
}

/// Which special addresses a client may speak to. The default allows none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// Exceptions, as an operator wrote them.
    pub allow_private: Vec<Allowed>,
}

/// One exception: `10.1.0.0/16`, `192.168.1.5`, `metrics.internal:9090`, `[::1]:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Every address of a network, on every port.
    Network {
        /// An address of the network.
        address: IpAddr,
        /// How many leading bits count.
        bits: u8,
    },
    /// One host as the URL writes it, on one port, whatever address it has.
    HostPort(String, u16),
}

/// A text that is no exception.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error(
    "`{0}` is neither a network such as `10.0.0.0/8` nor a host with its port such as `metrics.internal:9090`"
)]
pub struct NotAllowed(pub String);

impl FromStr for Allowed {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        let refuse = || NotAllowed(text.to_owned());
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network { address, bits: if address.is_ipv4() { 32 } else { 128 } });
        }
        if let Some((address, bits)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| refuse())?;
            let bits: u8 = bits.parse().map_err(|_| refuse())?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            return if bits <= most { Ok(Self::Network { address, bits }) } else { Err(refuse()) };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(refuse)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().map_err(|_| refuse())?;
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            Err(refuse())
        } else {
            Ok(Self::HostPort(host.to_lowercase(), port))
        }
    }
}

impl Allowed {
    fn covers(&self, host: &str, address: SocketAddr) -> bool {
        match self {
            Self::HostPort(allowed, port) => *port == address.port() && allowed == host,
            Self::Network { address: network, bits } => match (network, address.ip()) {
                (IpAddr::V4(network), IpAddr::V4(ip)) => {
                    same_front(u32::from(*network).into(), u32::from(ip).into(), *bits, 32)
                }
                (IpAddr::V6(network), IpAddr::V6(ip)) => same_front((*network).into(), ip.into(), *bits, 128),
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
            },
        }
    }
}

fn same_front(a: u128, b: u128, bits: u8, width: u8) -> bool {
    (a ^ b).checked_shr(u32::from(width - bits.min(width))).unwrap_or(0) == 0
}

impl Guard {
    /// Resolves `host` once and checks every address; the answer is what the connection may go to.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] as soon as one address is special and not allowed: a host with a public and a private
    /// address is an attempt. [`Error::Connect`] when there is no address.
    pub(super) async fn check(
        &self,
        resolver: &dyn Resolver,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Error> {
        let connect = |source| Error::Connect { host: host.to_owned(), source };
        let mut addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => resolver.resolve(host, port).await.map_err(connect)?,
        };
        if addresses.is_empty() {
            return Err(connect(io::Error::new(io::ErrorKind::NotFound, "the host has no address")));
        }
        if addresses.len() > MAX_ADDRESSES {
            return Err(connect(io::Error::other(format!("the host has over {MAX_ADDRESSES} addresses"))));
        }
        for address in &mut addresses {
            // A resolver is not asked to choose the port.
            address.set_port(port);
            if let Some(why) = special(address.ip())
                && !self.allow_private.iter().any(|allowed| allowed.covers(host, *address))
            {
                return Err(Error::Refused { host: host.to_owned(), address: address.ip(), why });
            }
        }
        Ok(addresses)
    }
}
