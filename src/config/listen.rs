//! `[listen]`: where the service is reached, and how much it takes at once.

use super::{
    form::{List, Span, Text, Whole, Word},
    network,
    reader::Section,
};
use crate::domain::web_origin;
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The section.
#[derive(Clone, Debug)]
pub struct Listen {
    /// gRPC and gRPC-Web for callers.
    pub grpc: SocketAddr,
    /// Key set, discovery, health and the mailbox page.
    pub http: SocketAddr,
    /// `AdminService`.
    pub admin: SocketAddr,
    /// The certificate of all three; `None` is in clear.
    pub tls: Option<TlsFiles>,
    /// Whether the network is trusted with clear text.
    pub clear_anywhere: bool,
    /// Whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Which web pages may call by gRPC-Web.
    pub web_origins: WebOrigins,
    /// How much is taken at once.
    pub limits: ListenLimits,
}

/// Which web pages may call, by their origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebOrigins {
    /// Every one.
    Any,
    /// These, such as `https://app.example.com`; none where the list is empty.
    These(Vec<String>),
}

/// A certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate, then its intermediates.
    pub certificate_file: PathBuf,
    /// The private key; a secret file.
    pub key_file: PathBuf,
}

/// How much is taken at once, and how long it may last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenLimits {
    /// Open connections of each listener.
    pub max_connections: u32,
    /// Calls at once on one connection.
    pub max_concurrent_streams: u32,
    /// Calls at once on one listener.
    pub max_concurrent_calls: u32,
    /// From a request's arrival to its answer.
    pub request_timeout: Duration,
    /// From a connection's opening to the end of its TLS handshake and first byte.
    pub handshake_timeout: Duration,
    /// A connection that says nothing for this long is asked, and closed where it does not answer.
    pub idle_timeout: Duration,
    /// How long running calls may go on after the signal to stop, at most 8 s, so that with the last spans it is 10.
    pub drain_timeout: Duration,
}

impl Default for ListenLimits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_concurrent_streams: 128,
            max_concurrent_calls: 4096,
            request_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_mins(1),
            drain_timeout: Duration::from_secs(8),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Files,
    ClearOnLoopback,
    ClearOnTrustedNetwork,
}

const MODE: Word<Mode> = Word(&[
    ("files", Mode::Files),
    ("disable-on-loopback", Mode::ClearOnLoopback),
    ("disable-on-trusted-network", Mode::ClearOnTrustedNetwork),
]);

pub(super) fn read(section: &mut Section<'_>) -> Option<Listen> {
    let address = network::listener();
    let proxy = Text {
        parse: |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok(),
        expected: "an address range such as \"10.0.0.0/8\"",
    };
    let (grpc, http, admin) =
        (section.need("grpc", &address), section.need("http", &address), section.need("admin", &address));
    let tls = read_tls(section, [grpc, http, admin].into_iter().flatten());
    let trusted_proxies = section.get("trusted_proxies", &List(proxy)).or(Vec::new());
    let web_origins = read_web_origins(section);
    let limits = read_limits(section);
    let (grpc, http, admin) = (grpc?, http?, admin?);
    let same = |a: SocketAddr, b: SocketAddr| a == b && a.port() != 0;
    if same(grpc, http) || same(grpc, admin) || same(http, admin) {
        section.wrong("", "has two listeners on one address", "give each listener a port of its own");
        return None;
    }
    Some(Listen {
        grpc,
        http,
        admin,
        tls: tls?,
        clear_anywhere: section.get("tls", &MODE).or(Mode::ClearOnLoopback)? == Mode::ClearOnTrustedNetwork,
        trusted_proxies: trusted_proxies?,
        web_origins: web_origins?,
        limits: limits?,
    })
}

#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
fn read_tls(section: &mut Section<'_>, addresses: impl Iterator<Item = SocketAddr>) -> Option<Option<TlsFiles>> {
    let mode = section.get("tls", &MODE).or(Mode::ClearOnLoopback)?;
    if mode == Mode::Files {
        let certificate_file =
            network::need_path(section, "certificate_file", "the path of the certificate chain in PEM");
        let key_file = network::need_path(section, "key_file", "the path of the private key in PEM, mode 0600");
        return Some(Some(TlsFiles { certificate_file: certificate_file?, key_file: key_file? }));
    }
    for key in ["certificate_file", "key_file"] {
        if network::path(section, key, "a path").optional().is_none_or(|path| path.is_some()) {
            section.wrong(key, "has no effect without tls = \"files\"", "write tls = \"files\", or remove it");
            return None;
        }
    }
    let hosts: Vec<String> = addresses.map(|address| address.ip().to_string()).collect();
    let elsewhere = hosts.iter().find(|host| !network::is_loopback(host));
    network::clear_only_on_loopback(section, mode == Mode::ClearOnLoopback, elsewhere.map(String::as_str))?;
    Some(None)
}

/// An origin is scheme, host and port, without a path. Browsers send it whole, so that a part of it with a `*` would match
/// none, and in one spelling, which it is given here.
fn read_web_origins(section: &mut Section<'_>) -> Option<WebOrigins> {
    let origin = Text {
        parse: |text: &str| {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            let sound = network::is_url(text) && host.is_some_and(|host| !host.contains(['/', '*']));
            if text == "*" { Some(text.to_owned()) } else { web_origin::of(text).filter(|_| sound) }
        },
        expected: "an origin such as \"https://app.example.com\", each by its whole name, or \"*\" for every one",
    };
    let origins = section.get("web_origins", &List(origin)).or(Vec::new())?;
    if origins.iter().any(|origin| origin == "*") { Some(WebOrigins::Any) } else { Some(WebOrigins::These(origins)) }
}

fn read_limits(section: &mut Section<'_>) -> Option<ListenLimits> {
    let default = ListenLimits::default();
    let seconds = |from, to| Span(Duration::from_secs(from)..=Duration::from_secs(to));
    let max_connections = section.get("max_connections", &Whole(1..=1_000_000)).or(default.max_connections);
    let max_concurrent_streams =
        section.get("max_concurrent_streams", &Whole(1..=10_000)).or(default.max_concurrent_streams);
    let max_concurrent_calls =
        section.get("max_concurrent_calls", &Whole(1..=1_000_000)).or(default.max_concurrent_calls);
    let request_timeout = section.get("request_timeout", &seconds(1, 60)).or(default.request_timeout);
    let handshake_timeout = section.get("handshake_timeout", &seconds(1, 60)).or(default.handshake_timeout);
    let idle_timeout = section.get("idle_timeout", &seconds(5, 3600)).or(default.idle_timeout);
    let drain_timeout = section.get("drain_timeout", &seconds(0, 8)).or(default.drain_timeout);
    Some(ListenLimits {
        max_connections: max_connections?,
        max_concurrent_streams: max_concurrent_streams?,
        max_concurrent_calls: max_concurrent_calls?,
        request_timeout: request_timeout?,
        handshake_timeout: handshake_timeout?,
        idle_timeout: idle_timeout?,
        drain_timeout: drain_timeout?,
    })
}
