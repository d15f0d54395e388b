//! How to reach a Redis.

use crate::domain::secret::{ExposeSecret as _, SecretString};
use deadpool_redis::redis::{
    Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _, RedisConnectionInfo, RedisError,
    TlsCertificates,
    cluster::{ClusterClient, TlsMode},
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use std::time::Duration;

/// Where a Redis is and how long it may take: version 7 or later, one node, `maxmemory-policy noeviction`.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The ACL user; `None` is the default user.
    pub user: Option<String>,
    /// The password; `None` where the server asks for none.
    pub password: Option<SecretString>,
    /// TLS with a checked certificate; `None` is in clear.
    pub tls: Option<RedisTls>,
    /// How long one decision may take before it is a fault, 1 millisecond or more.
    pub call_timeout: Duration,
    /// How long a refusal is repeated without asking Redis again, and never for longer than the refusal holds. Zero
    /// asks each time.
    pub trust_refusals: Duration,
}

/// How the certificate of a Redis is checked. It must name the host.
#[derive(Clone, Debug, Default)]
pub struct RedisTls {
    /// Authorities that are trusted instead of the system's, in PEM.
    pub authorities: Option<Vec<u8>>,
}

impl RedisOptions {
    /// A Redis in clear and without a password, 50 milliseconds for a decision, refusals trusted for 5 seconds.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            user: None,
            password: None,
            tls: None,
            call_timeout: Duration::from_millis(50),
            trust_refusals: Duration::from_secs(5),
        }
    }

    /// A client of the Cluster of these nodes.
    pub(super) fn cluster_client(
        &self,
        nodes: &[(String, u16)],
        connect_timeout: Duration,
    ) -> Result<ClusterClient, RedisError> {
        let infos = nodes.iter().map(|(host, port)| {
            let options = Self { host: host.clone(), port: *port, ..self.clone() };
            options.connection_info()
        });
        // Retries are few: whoever asks waits for the time of one decision and no longer.
        let mut client = ClusterClient::builder(infos.collect::<Result<Vec<_>, _>>()?)
            .connection_timeout(connect_timeout)
            .response_timeout(self.call_timeout)
            .retries(2)
            .min_retry_wait(5)
            .max_retry_wait(20);
        if let Some(user) = &self.user {
            client = client.username(user);
        }
        if let Some(password) = &self.password {
            client = client.password(password.expose_secret());
        }
        if let Some(RedisTls { authorities }) = &self.tls {
            client =
                client.tls(TlsMode::Secure).certs(TlsCertificates { client_tls: None, root_cert: authorities.clone() });
        }
        client.build()
    }

    pub(super) fn connection_info(&self) -> Result<ConnectionInfo, RedisError> {
        let (host, port) = (self.host.clone(), self.port);
        let address = match self.tls {
            None => ConnectionAddr::Tcp(host, port),
            Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
        };
        let mut login = RedisConnectionInfo::default();
        if let Some(user) = &self.user {
            login = login.set_username(user);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password.expose_secret());
        }
        let info = address.into_connection_info()?.set_redis_settings(login);
        match &self.tls {
            None => Ok(info),
            Some(RedisTls { authorities }) => {
                // Redis' client takes a file without a certificate for "trust nobody"; say it before the first call.
                if authorities.as_ref().is_some_and(|pem| !holds_certificates(pem)) {
                    return Err((ErrorKind::InvalidClientConfig, "the authorities hold no certificate in PEM").into());
                }
                let certificates = TlsCertificates { client_tls: None, root_cert: authorities.clone() };
                Ok(Client::build_with_tls(info, certificates)?.get_connection_info().clone())
            }
        }
    }
}

fn holds_certificates(pem: &[u8]) -> bool {
    let mut certificates = CertificateDer::pem_slice_iter(pem).peekable();
    certificates.peek().is_some() && certificates.all(|certificate| certificate.is_ok())
}
