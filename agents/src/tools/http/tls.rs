//! Encrypted connections: rustls with ring and the public roots of `webpki-roots`; off without the feature `https`.

use super::error::Error;
use tokio::net::TcpStream;

#[cfg(feature = "https")]
pub(super) use on::Tls;

#[cfg(not(feature = "https"))]
pub(super) use off::Tls;

fn failed(host: &str, why: impl ToString) -> Error {
    Error::Tls { host: host.to_owned(), why: why.to_string() }
}

#[cfg(feature = "https")]
mod on {
    use super::{Error, TcpStream, failed};
    use std::sync::Arc;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

    /// The roots that are trusted.
    #[derive(Clone)]
    pub(crate) struct Tls {
        roots: Arc<RootCertStore>,
    }

    impl Tls {
        pub(crate) fn public_roots() -> Self {
            Self { roots: Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }) }
        }

        pub(crate) fn trust(&mut self, certificate: Vec<u8>) -> Result<(), Error> {
            Arc::make_mut(&mut self.roots)
                .add(CertificateDer::from(certificate))
                .map_err(|error| failed("root certificate", error))
        }

        pub(crate) async fn handshake(
            &self,
            host: &str,
            stream: TcpStream,
        ) -> Result<TlsStream<TcpStream>, Error> {
            let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| failed(host, error))?
                .with_root_certificates(Arc::clone(&self.roots))
                .with_no_client_auth();
            let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(host, error))?;
            TlsConnector::from(Arc::new(config))
                .connect(name, stream)
                .await
                .map_err(|error| failed(host, error))
        }
    }
}

#[cfg(not(feature = "https"))]
mod off {
    use super::{Error, TcpStream, failed};

    /// This build speaks no https.
    #[derive(Clone)]
    pub(crate) struct Tls;

    impl Tls {
        pub(crate) fn public_roots() -> Self {
            Self
        }

        pub(crate) fn trust(&mut self, _certificate: Vec<u8>) -> Result<(), Error> {
            Err(failed("root certificate", "this build has no https"))
        }

        pub(crate) async fn handshake(&self, host: &str, _stream: TcpStream) -> Result<TcpStream, Error> {
            Err(failed(host, "this build has no https; build with the feature `https`"))
        }
    }
}
