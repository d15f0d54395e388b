//! The listeners' certificate.

use crate::domain::secret::{ExposeSecret, Secret};
use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// A certificate and its key.
#[derive(Debug)]
pub struct TlsIdentity {
    /// PEM: the certificate, then its intermediates.
    pub certificate_chain: Vec<u8>,
    /// PEM: the private key (PKCS #8, PKCS #1 or SEC1).
    pub private_key: Secret<Vec<u8>>,
}

/// The certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadTlsIdentity {
    /// The chain holds no certificate in PEM.
    #[error("the certificate file holds no certificate in PEM")]
    Certificate,
    /// The key file holds no private key in PEM.
    #[error("the key file holds no private key in PEM")]
    Key,
    /// They do not belong together, or their algorithm is not taken.
    #[error("the certificate and the key do not fit together")]
    Pair(#[source] rustls::Error),
}

/// The certificate in force, which may be replaced while the listeners serve. Clones are the same.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<Current>);

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl Certificate {
    /// Puts a certificate in force.
    ///
    /// # Errors
    /// Where it cannot be used.
    pub fn new(identity: &TlsIdentity) -> Result<Self, BadTlsIdentity> {
        Ok(Self(Arc::new(Current(ArcSwap::from_pointee(certified(identity)?)))))
    }

    /// Puts another in force, for the connections that begin from now on.
    ///
    /// # Errors
    /// Where it cannot be used; the earlier one then stays in force.
    pub fn replace(&self, identity: &TlsIdentity) -> Result<(), BadTlsIdentity> {
        self.0.0.store(Arc::new(certified(identity)?));
        Ok(())
    }

    /// Takes TLS 1.2 and 1.3 connections and offers HTTP/2 and HTTP/1.1.
    pub(in crate::app) fn acceptor(&self) -> Result<TlsAcceptor, BadTlsIdentity> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(BadTlsIdentity::Pair)?
            .with_no_client_auth()
            .with_cert_resolver(self.0.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn certified(identity: &TlsIdentity) -> Result<CertifiedKey, BadTlsIdentity> {
    let chain = CertificateDer::pem_slice_iter(&identity.certificate_chain)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or(BadTlsIdentity::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(identity.private_key.expose_secret()).map_err(|_| BadTlsIdentity::Key)?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(BadTlsIdentity::Pair)
}
