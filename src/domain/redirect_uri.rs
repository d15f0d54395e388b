//! Where a landing page may lead on to.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// A redirect URI of a client application: an `https` URL; an `http` URL of the loopback; or one of a private-use scheme
/// with a dot, such as `com.example.app:/link` (RFC 8252 section 7). It has no fragment, as the token goes there, no
/// user, and nothing that stands for more than itself: it is compared as it is written.
#[derive(Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// The longest in bytes.
    pub const LONGEST: usize = 1024;

    /// Takes a URI of one of these forms; `None` for any other.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let sound = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(is_permitted);
        let (scheme, rest) = text.split_once(':')?;
        let fits = match scheme {
            "https" => authority(rest).is_some_and(is_host_and_port),
            "http" => authority(rest).is_some_and(|authority| is_host_and_port(authority) && is_loopback(authority)),
            private => is_private_use(private) && rest.starts_with('/'),
        };
        (sound && fits).then(|| Self(text.to_owned()))
    }

    /// The URI as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The characters of URIs (RFC 3986 section 2) but `#`, `*` and `@`.
fn is_permitted(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-._~:/?[]!$&'()+,;=%".contains(&c)
}

/// What stands between `//` and the path or query; `None` where it is not there.
fn authority(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix("//")?;
    rest.split(['/', '?']).next().filter(|authority| !authority.is_empty())
}

/// A host name of ASCII letters, digits, hyphens and dots, or an IP address, with or without a port.
fn is_host_and_port(authority: &str) -> bool {
    let port_is_sound = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some(rest) = authority.strip_prefix('[') {
        let Some((host, rest)) = rest.split_once(']') else { return false };
        let sound = rest.is_empty() || rest.strip_prefix(':').is_some_and(port_is_sound);
        return sound && host.parse::<Ipv6Addr>().is_ok();
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let is_name = !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'.');
    is_name && port.is_none_or(port_is_sound)
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A reversed domain name (RFC 8252 section 7.1): without the dot it could be anyone's, or `javascript`.
fn is_private_use(scheme: &str) -> bool {
    let label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_lowercase())
            && label.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    scheme.contains('.') && scheme.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_registered() {
        for good in [
            "https://app.example.com/link",
            "https://app.example.com",
            "https://app.example.com:8443/a/b?c=d&e=%20f",
            "https://[2001:db8::1]/link",
            "http://127.0.0.1:3000/link",
            "http://[::1]:3000/",
            "http://localhost/link",
            "com.example.app:/link",
            "com.example-2.app://link/on",
        ] {
            assert_eq!(RedirectUri::new(good).map(|uri| uri.as_str().to_owned()).as_deref(), Some(good), "{good}");
        }
    }

    /// A55: none of these can be registered, whatever an operator writes.
    #[test]
    fn what_may_not() {
        for bad in [
            "",
            "/link",
            "//evil.example/link",
            "/\\evil.example",
            "https:evil.example",
            "https:/evil.example",
            "https://",
            "https:///link",
            "https://app.example.com#token",
            "https://app.example.com/#",
            "https://ada@app.example.com/link",
            "https://app.example.com:secret@evil.example/",
            "https://*.example.com/link",
            "https://app.example.com/*",
            "https://app.example.com:0/",
            "https://app.example.com:port/",
            "https://app.example.com:/",
            "https://app.example.com\\@evil.example/",
            "https://app.example.com/a b",
            "https://app.example.com/\n",
            "https://bücher.example/link",
            "https://app%2eexample.com/",
            "https://[::1/",
            "https://[::1]x/",
            "HTTPS://app.example.com/link",
            "http://app.example.com/link",
            "http://localhost.example.com/link",
            "http://10.0.0.1/link",
            "ftp://app.example.com/link",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/link",
            "com..app:/link",
            "com.example.app:link",
            "com.Example.app:/link",
            ".example:/link",
        ] {
            assert!(RedirectUri::new(bad).is_none(), "{bad}");
        }
        assert!(RedirectUri::new(&format!("https://app.example.com/{}", "x".repeat(1024))).is_none());
    }
}
