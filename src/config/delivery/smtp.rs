//! `[delivery.smtp]`: a mail server.

use crate::{
    config::{
        form::{Span, Text, Whole, Word},
        network,
        reader::Section,
    },
    domain::contact::EmailAddress,
};
use std::{path::PathBuf, time::Duration};

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the first byte (RFC 8314 section 3.3), usually port 465.
    Implicit,
    /// STARTTLS, and nothing in clear before it (RFC 3207), usually port 587.
    StartTls,
    /// In clear, as the server is on this machine.
    DisableOnLoopback,
    /// In clear over a network that the operator says is private.
    DisableOnTrustedNetwork,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// A host name or IP address; what its certificate must name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: SmtpTls,
    /// Authorities that are trusted instead of the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The account, and the secret file with its password. `None` where the server asks for none.
    pub account: Option<(String, PathBuf)>,
    /// The sender's address, in ASCII.
    pub from: EmailAddress,
    /// The sender's name; empty for none.
    pub from_name: String,
    /// Unused connections that are kept.
    pub pool_size: u32,
    /// How long one message may take, from the connection to the server's last answer.
    pub timeout: Duration,
}

const TLS: Word<SmtpTls> = Word(&[
    ("implicit", SmtpTls::Implicit),
    ("starttls", SmtpTls::StartTls),
    ("disable-on-loopback", SmtpTls::DisableOnLoopback),
    ("disable-on-trusted-network", SmtpTls::DisableOnTrustedNetwork),
]);

pub(super) fn read(section: &mut Section<'_>) -> Option<Smtp> {
    let host = section.need("host", &network::host());
    let tls = section.get("tls", &TLS).or(SmtpTls::Implicit).filter(|tls| {
        network::clear_only_on_loopback(section, *tls == SmtpTls::DisableOnLoopback, host.as_deref()).is_some()
    });
    let usual = if tls == Some(SmtpTls::Implicit) { 465 } else { 587 };
    let port = section.get("port", &Whole(1..=65_535)).or(usual);
    let ca_file = network::path(section, "ca_file", "the path of the authorities in PEM").optional();
    let account = read_account(section, tls);
    let (from, from_name) = sender(section);
    let pool_size = section.get("pool_size", &Whole(1..=100)).or(16);
    let timeout =
        section.get("timeout", &Span(Duration::from_secs(1)..=Duration::from_mins(1))).or(Duration::from_secs(10));
    Some(Smtp {
        host: host?,
        port: u16::try_from(port?).ok()?,
        tls: tls?,
        ca_file: ca_file?,
        account: account?,
        from: from?,
        from_name: from_name?,
        pool_size: pool_size?,
        timeout: timeout?,
    })
}

/// The sender's address, and the name, which may be left out.
pub(super) fn sender(section: &mut Section<'_>) -> (Option<EmailAddress>, Option<String>) {
    let sender = Text {
        parse: |text: &str| EmailAddress::parse(text).ok().filter(|address| address.as_str().is_ascii()),
        expected: "an email address in ASCII such as \"sign-in@example.com\"",
    };
    let from = section.need("from", &sender);
    let from_name = section.get("from_name", &network::words::<64>("at most 64 characters")).or(String::new());
    (from, from_name)
}

#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
fn read_account(section: &mut Section<'_>, tls: Option<SmtpTls>) -> Option<Option<(String, PathBuf)>> {
    let user = section.get("user", &network::words::<256>("the name of the account")).optional();
    let password_file = network::path(section, "password_file", "the path of a file with the password").optional();
    match (user?, password_file?) {
        (Some(_), Some(_)) if tls == Some(SmtpTls::DisableOnTrustedNetwork) => {
            section.wrong(
                "user",
                "would sign in with a password in clear",
                "use TLS, or remove user and password_file",
            );
            None
        }
        (Some(user), Some(file)) => Some(Some((user, file))),
        (None, None) => Some(None),
        (Some(_), None) => {
            section.wrong("user", "has no password", "name the password's file in password_file");
            None
        }
        (None, Some(_)) => {
            section.wrong("password_file", "belongs to no user", "name the account in user, or remove it");
            None
        }
    }
}
