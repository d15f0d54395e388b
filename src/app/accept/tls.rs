//! The listeners' certificate.

use crate::domain::secret::{ExposeSecret, Secret};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
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

/// Takes TLS 1.2 and 1.3 connections and offers HTTP/2 and HTTP/1.1.
pub(in crate::app) fn acceptor(identity: &TlsIdentity) -> Result<TlsAcceptor, BadTlsIdentity> {
    let chain = CertificateDer::pem_slice_iter(&identity.certificate_chain)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or(BadTlsIdentity::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(identity.private_key.expose_secret()).map_err(|_| BadTlsIdentity::Key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(BadTlsIdentity::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(BadTlsIdentity::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
