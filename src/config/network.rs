//! Hosts, URLs, and whether a connection is encrypted.

use super::{
    form::{Text, Word},
    reader::{Found, Section},
};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Whether a connection to another server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// TLS; the certificate must be trusted and name the host.
    VerifyFull,
    /// In clear, as the other server is on this machine.
    DisableOnLoopback,
    /// In clear over a network that the operator says is private.
    DisableOnTrustedNetwork,
}

const TLS: Word<Tls> = Word(&[
    ("verify-full", Tls::VerifyFull),
    ("disable-on-loopback", Tls::DisableOnLoopback),
    ("disable-on-trusted-network", Tls::DisableOnTrustedNetwork),
]);

/// Reads `tls` of a connection to `host`; `verify-full` where it is left out.
pub(super) fn tls(section: &mut Section<'_>, host: Option<&str>) -> Option<Tls> {
    let tls = section.get("tls", &TLS).or(Tls::VerifyFull)?;
    clear_only_on_loopback(section, tls == Tls::DisableOnLoopback, host)?;
    Some(tls)
}

/// Notes a problem where `tls` promises a loopback and the host is elsewhere.
pub(super) fn clear_only_on_loopback(section: &mut Section<'_>, promised: bool, host: Option<&str>) -> Option<()> {
    if promised && host.is_some_and(|host| !is_loopback(host)) {
        section.wrong(
            "tls",
            "sends in clear to another machine",
            "use TLS, or write \"disable-on-trusted-network\" where the network itself is encrypted or private",
        );
        return None;
    }
    Some(())
}

/// Whether a host is this machine: `localhost`, an address of the loopback, or the folder of a Unix socket.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.starts_with('/') || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Where a listener is bound.
pub(super) fn listener() -> Text<impl Fn(&str) -> Option<SocketAddr>> {
    Text {
        parse: |text: &str| text.parse::<SocketAddr>().ok(),
        expected: "an IP address and port such as \"127.0.0.1:50051\"",
    }
}

/// A host name, an IP address, or the folder of a Unix socket.
pub(super) fn host() -> Text<impl Fn(&str) -> Option<String>> {
    Text {
        parse: |text: &str| is_host(text).then(|| text.to_owned()),
        expected: "a host name or IP address such as \"db.internal\", without a port",
    }
}

fn is_host(text: &str) -> bool {
    let name = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_');
    text.parse::<IpAddr>().is_ok()
        || ((1..=253).contains(&text.len()) && text.bytes().all(name))
        || (text.starts_with('/') && !text.contains(char::is_control))
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A host name or IP address; IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A host and a port as one text.
pub(super) fn host_port() -> Text<impl Fn(&str) -> Option<HostPort>> {
    Text {
        parse: |text: &str| {
            let (host, port) = text.rsplit_once(':')?;
            let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            let host = bracketed.unwrap_or(host);
            let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
            let unbracketed_v6 = bracketed.is_none() && host.contains(':');
            (is_host(host) && !host.starts_with('/') && !unbracketed_v6)
                .then(|| HostPort { host: host.to_owned(), port })
        },
        expected: "a host and port such as \"cache.internal:6379\"",
    }
}

/// An absolute `http` or `https` URL without user, query, fragment or closing slash.
pub(super) fn url() -> Text<impl Fn(&str) -> Option<String>> {
    Text {
        parse: |text: &str| is_url(text).then(|| text.to_owned()),
        expected: "an absolute URL such as \"https://identity.example.com\", without user, query, fragment or closing slash",
    }
}

/// Whether a text is a URL of the form that `url` takes.
#[must_use]
pub fn is_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    let Some(authority) = uri.authority() else { return false };
    // In small letters alone: by them it is told what is in clear.
    (text.starts_with("https://") || is_clear(text))
        && text.len() <= 255
        && !authority.host().is_empty()
        && !text.contains(['@', '?', '#', '"', '\\'])
        && !text.ends_with('/')
}

/// Whether a URL is in clear, and so for this machine or for development alone.
pub(super) fn is_clear(url: &str) -> bool {
    url.starts_with("http://")
}

/// The host of a URL, in lower case; an IPv6 address without brackets.
pub(super) fn host_of(url: &str) -> String {
    let host = url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
    host.unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned()
}

/// Whether a text is a URL that a secret may travel to: in clear to this machine alone.
pub(super) fn is_safe_url(text: &str) -> bool {
    is_url(text) && (!is_clear(text) || is_loopback(&host_of(text)))
}

/// Whether a URL goes on behind its host and port.
pub(super) fn has_path(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|uri| uri.path().len() > 1)
}

/// Reads a path under `key`; a relative one starts at the configuration's own folder.
pub(super) fn path(section: &mut Section<'_>, key: &'static str, expected: &'static str) -> Found<PathBuf> {
    let form = Text { parse: |text: &str| is_path(text).then(|| PathBuf::from(text)), expected };
    match section.get(key, &form) {
        Found::Value(path) => Found::Value(section.resolve(&path)),
        Found::Absent => Found::Absent,
        Found::Wrong => Found::Wrong,
    }
}

/// The same, where it must not be left out.
pub(super) fn need_path(section: &mut Section<'_>, key: &'static str, expected: &'static str) -> Option<PathBuf> {
    let form = Text { parse: |text: &str| is_path(text).then(|| PathBuf::from(text)), expected };
    section.need(key, &form).map(|path| section.resolve(&path))
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

/// Printable text of 1 to `MAX` characters.
pub(super) fn words<const MAX: usize>(expected: &'static str) -> Text<impl Fn(&str) -> Option<String>> {
    Text {
        parse: |text: &str| {
            let fits = (1..=MAX).contains(&text.chars().count());
            (fits && !text.contains(char::is_control) && text.trim() == text).then(|| text.to_owned())
        },
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for good in ["https://id.example.com", "http://localhost:8080", "https://example.com/tenant"] {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "ftp://example.com",
            "HTTP://example.com",
            "Https://example.com",
            "https://u:p@example.com",
            "https://example.com/",
            "https://example.com?x=1",
            "https://example.com#x",
            "/path",
            "https://",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }

    #[test]
    fn hosts_and_ports() {
        let parse = |text| (host_port().parse)(text);
        assert_eq!(parse("cache:6379"), Some(HostPort { host: "cache".into(), port: 6379 }));
        assert_eq!(parse("[::1]:6379"), Some(HostPort { host: "::1".into(), port: 6379 }));
        for bad in ["cache", "::1:6379", "cache:0", "cache:99999", ":6379", "redis://cache:6379", "u:p@cache:6379"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn loopbacks() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "/run/postgresql"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["db", "10.0.0.1", "localhost.example.com", "0.0.0.0", "::"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
