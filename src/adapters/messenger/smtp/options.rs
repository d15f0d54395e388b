//! How to reach the relay, checked before anything is sent.

use super::connection::{Dial, Encryption};
use crate::{
    adapters::messenger::Sender,
    domain::secret::{ExposeSecret as _, SecretString},
};
use lettre::transport::smtp::{
    authentication::Credentials,
    client::{Certificate, CertificateStore, TlsParameters},
    extension::ClientId,
};
use std::{net::IpAddr, time::Duration};

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte, as on port 465 (RFC 8314 prefers it).
    Tls,
    /// STARTTLS, as on port 587; without it nothing is sent.
    StartTls,
    /// None: to a relay on the loopback alone.
    PlainOnLoopback,
    /// None, to any relay, without a login: codes cross the network in clear.
    PlainAnywhere,
}

/// A user name and a password for the relay.
pub struct Login {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// How to reach the relay.
pub struct SmtpOptions {
    /// Its name, which its certificate must bear, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub security: Security,
    /// Certificates in PEM of the authorities that the relay's certificate must come from, instead of the system's.
    pub authorities: Option<Vec<u8>>,
    /// The login, where the relay asks for one.
    pub login: Option<Login>,
    /// Whom messages come from.
    pub sender: Sender,
    /// How long one hand-over may take, from the connection to the relay's last answer.
    pub time_limit: Duration,
    /// How long a connection is kept unused: shorter than relays keep theirs, which is minutes.
    pub idle_timeout: Duration,
    /// How many unused connections are kept.
    pub max_idle: usize,
}

/// Why the options do not hold.
#[derive(Debug, thiserror::Error)]
pub enum SmtpOptionFault {
    /// Plain text to a relay elsewhere.
    #[error("messages to a relay that is not on the loopback need TLS: choose `tls` or `starttls`")]
    NotLoopback,
    /// A password in clear.
    #[error("a login needs TLS: choose `tls` or `starttls`, or leave the login out")]
    LoginInClear,
    /// The authorities cannot be read.
    #[error("the file of authorities has no certificate in PEM")]
    NoCertificate,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up with these certificates, or the system has none")]
    Tls(#[source] lettre::transport::smtp::Error),
}

impl SmtpOptions {
    /// Implicit TLS to `host` on port 465, with the system's authorities and no login.
    #[must_use]
    pub fn new(host: String, sender: Sender) -> Self {
        Self {
            host,
            port: 465,
            security: Security::Tls,
            authorities: None,
            login: None,
            sender,
            time_limit: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            max_idle: 8,
        }
    }

    /// What a connection is made with.
    pub(super) fn dial(self) -> Result<Dial, SmtpOptionFault> {
        let encryption = match self.security {
            Security::Tls => Encryption::Implicit(self.tls()?),
            Security::StartTls => Encryption::StartTls(self.tls()?),
            Security::PlainOnLoopback if !is_loopback(&self.host) => return Err(SmtpOptionFault::NotLoopback),
            Security::PlainAnywhere if self.login.is_some() => return Err(SmtpOptionFault::LoginInClear),
            Security::PlainOnLoopback | Security::PlainAnywhere => Encryption::None,
        };
        let credentials =
            self.login.map(|login| Credentials::new(login.username, login.password.expose_secret().to_owned()));
        Ok(Dial {
            host: self.host,
            port: self.port,
            encryption,
            // A host's own name is seldom a full one, and some relays want that (RFC 5321 section 4.1.1.1).
            hello_name: ClientId::Domain(self.sender.address().domain().to_owned()),
            credentials,
        })
    }

    fn tls(&self) -> Result<TlsParameters, SmtpOptionFault> {
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.authorities {
            // lettre takes a text without a certificate for an empty list, which no relay could satisfy.
            if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
                return Err(SmtpOptionFault::NoCertificate);
            }
            let authorities = Certificate::from_pem(pem).map_err(SmtpOptionFault::Tls)?;
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(authorities);
        }
        builder.build().map_err(SmtpOptionFault::Tls)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contact::EmailAddress;

    fn fault(change: impl FnOnce(&mut SmtpOptions)) -> Option<SmtpOptionFault> {
        let mut options = SmtpOptions::new(
            "relay.example.com".to_owned(),
            Sender::new(&EmailAddress::parse("a@example.com").unwrap(), "").unwrap(),
        );
        change(&mut options);
        options.dial().err()
    }

    fn login() -> Login {
        Login { username: "u".to_owned(), password: "p".into() }
    }

    #[test]
    fn plain_text_stays_on_the_loopback_unless_it_is_asked_for_without_a_login() {
        assert!(matches!(
            fault(|options| options.security = Security::PlainOnLoopback),
            Some(SmtpOptionFault::NotLoopback)
        ));
        for host in ["localhost", "127.0.0.2", "::1"] {
            assert!(
                fault(|options| {
                    options.security = Security::PlainOnLoopback;
                    options.login = Some(login());
                    options.host = host.to_owned();
                })
                .is_none()
            );
        }
        assert!(fault(|options| options.security = Security::PlainAnywhere).is_none());
        assert!(matches!(
            fault(|options| {
                options.security = Security::PlainAnywhere;
                options.login = Some(login());
            }),
            Some(SmtpOptionFault::LoginInClear)
        ));
    }

    #[test]
    fn authorities_are_checked() {
        for pem in ["", "no certificate"] {
            let fault = fault(|options| options.authorities = Some(pem.into()));
            assert!(matches!(fault, Some(SmtpOptionFault::NoCertificate)), "{pem}");
        }
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
        assert!(matches!(fault(|options| options.authorities = Some(broken)), Some(SmtpOptionFault::Tls(_))));
    }
}
