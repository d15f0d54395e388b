//! `[store]`: where everything is kept.

use super::{
    form::{Whole, Word},
    network::{self, Tls},
    reader::Section,
};
use std::path::PathBuf;

/// The section.
#[derive(Clone, Debug)]
pub struct StoreSection {
    /// Which store.
    pub store: Store,
    /// Who brings the database to the form that the program needs.
    pub migrate: Migrate,
}

/// Who brings the database to the form that the program needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// The service, before it opens a port; several at once wait for one another.
    OnStart,
    /// `identity migrate` alone: the service's role need not be allowed to change tables.
    ByCommand,
}

/// Which store.
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
}

const MIGRATE: Word<Migrate> = Word(&[("on-start", Migrate::OnStart), ("by-command", Migrate::ByCommand)]);

pub(super) fn read(section: &mut Section<'_>) -> Option<StoreSection> {
    let migrate = section.get("migrate", &MIGRATE).or(Migrate::OnStart);
    let store = read_store(section);
    Some(StoreSection { store: store?, migrate: migrate? })
}

fn read_store(section: &mut Section<'_>) -> Option<Store> {
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
    let pool_size = section.get("pool_size", &Whole(2..=1000)).or(8);
    Some(Postgres {
        host: host?,
        port: u16::try_from(port?).ok()?,
        database: database?,
        user: user?,
        password_file: password_file?,
        tls: tls?,
        ca_file: ca_file?,
        pool_size: pool_size?,
    })
}
