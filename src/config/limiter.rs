//! `[limiter]`: where requests are counted.

use super::{
    form::{Span, Whole},
    network::{self, HostPort, Tls},
    reader::Section,
};
use std::{path::PathBuf, time::Duration};

/// A healthy Redis answers within a hundredth of it; a person does not notice it.
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(50);

/// Whoever runs more and says nothing exceeds the limits while Redis is away; whoever runs fewer is only asked for more
/// patience then. Three are what a deployment over three zones runs.
const DEFAULT_REPLICAS: u32 = 3;

/// The section.
#[derive(Clone, Debug)]
pub enum Limiter {
    /// In this process: exact for one process alone.
    Memory,
    /// On a Redis that all processes share.
    Redis(Redis),
}

/// A Redis server, version 7 or later.
#[derive(Clone, Debug)]
pub struct Redis {
    /// Where it is.
    pub address: HostPort,
    /// The ACL user; `None` is the default user.
    pub user: Option<String>,
    /// The password; a secret file. `None` where the server asks for none.
    pub password_file: Option<PathBuf>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// Authorities that are trusted instead of the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// How long one decision may take.
    pub timeout: Duration,
    /// How many processes share the limits: each goes on at its part of them while Redis is away.
    pub replicas: u32,
}

pub(super) fn read(section: &mut Section<'_>) -> Option<Limiter> {
    match section.choice(&["memory", "redis"])? {
        "memory" => section.section("memory", |_| Some(Limiter::Memory)),
        _ => section.section("redis", read_redis).map(Limiter::Redis),
    }
}

fn read_redis(section: &mut Section<'_>) -> Option<Redis> {
    let address = section.need("address", &network::host_port());
    let user = section.get("user", &network::words::<128>("the name of an ACL user")).optional();
    let password_file = network::path(section, "password_file", "the path of a file with the password").optional();
    let tls = network::tls(section, address.as_ref().map(|address| address.host.as_str()));
    let ca_file = network::path(section, "ca_file", "the path of the authorities in PEM").optional();
    let timeout = section.get("timeout", &Span(Duration::from_millis(10)..=Duration::from_secs(5))).or(DEFAULT_TIMEOUT);
    let replicas = section.get("replicas", &Whole(1..=1000)).or(DEFAULT_REPLICAS);
    let (user, password_file) = (user?, password_file?);
    if user.is_some() && password_file.is_none() {
        section.wrong("user", "has no password", "name the password's file in password_file");
        return None;
    }
    Some(Redis {
        address: address?,
        user,
        password_file,
        tls: tls?,
        ca_file: ca_file?,
        timeout: timeout?,
        replicas: replicas?,
    })
}
