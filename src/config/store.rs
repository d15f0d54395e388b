//! `[store]`: where everything is kept.

use super::{
    form::{Span, Whole},
    network::{self, Tls},
    reader::Section,
};
use std::{path::PathBuf, time::Duration};

/// The section.
#[derive(Clone, Debug)]
pub enum Store {
    /// One file, one process.
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
    /// A server that many processes share.
    Postgres(Postgres),
}

/// A PostgreSQL database, version 15 or later.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// A host name, an IP address, or the folder of its Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// The role's password; a secret file. `None` where the server asks for none.
    pub password_file: Option<PathBuf>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// Authorities that are trusted beside the public ones, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Connections at most.
    pub pool_size: u32,
    /// How long a call waits for a connection before the store counts as unavailable.
    pub acquire_timeout: Duration,
}

pub(super) fn read(section: &mut Section<'_>) -> Option<Store> {
    match section.choice(&["sqlite", "postgres"])? {
        "sqlite" => section.section("sqlite", |section| {
            network::need_path(section, "path", "the path of the database file").map(|path| Store::Sqlite { path })
        }),
        _ => section.section("postgres", read_postgres).map(Store::Postgres),
    }
}

fn read_postgres(section: &mut Section<'_>) -> Option<Postgres> {
    let host = section.need("host", &network::host());
    let port = section.get("port", &Whole(1..=65_535)).or(5432);
    let database = section.need("database", &network::words::<63>("a database name"));
    let user = section.need("user", &network::words::<63>("a role name"));
    let password_file = network::path(section, "password_file", "the path of a file with the password").optional();
    let tls = network::tls(section, host.as_deref());
    let ca_file = network::path(section, "ca_file", "the path of the authorities in PEM").optional();
    let pool_size = section.get("pool_size", &Whole(2..=1000)).or(16);
    let wait = Span(Duration::from_millis(100)..=Duration::from_secs(10));
    let acquire_timeout = section.get("acquire_timeout", &wait).or(Duration::from_millis(800));
    Some(Postgres {
        host: host?,
        port: u16::try_from(port?).ok()?,
        database: database?,
        user: user?,
        password_file: password_file?,
        tls: tls?,
        ca_file: ca_file?,
        pool_size: pool_size?,
        acquire_timeout: acquire_timeout?,
    })
}
