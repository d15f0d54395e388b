//! How PostgreSQL is reached.

use super::fault::OpenFault;
use crate::domain::secret::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::path::PathBuf;

/// How the connection to PostgreSQL is protected.
#[derive(Clone, Debug)]
pub enum PostgresTls {
    /// Not at all: for a socket or the loopback.
    Off,
    /// TLS; the certificate must be trusted and name the host. Nothing weaker is offered: the driver adds `ca_file` to
    /// the public authorities, so that without the host's name any of them could vouch for anyone.
    VerifyFull {
        /// Certificates of further authorities, in PEM.
        ca_file: Option<PathBuf>,
    },
}

/// How PostgreSQL is reached.
#[derive(Debug)]
pub struct PostgresOptions {
    /// Host name, address, or the folder of a socket (begins with `/`).
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// Role to sign in as.
    pub user: String,
    /// Its password.
    pub password: Option<SecretString>,
    /// How the connection is protected.
    pub tls: PostgresTls,
    /// How many connections are held at most, at least 1; 8 serve two cores.
    pub connections: u32,
}

/// How many statements a connection keeps prepared: more than there are.
const STATEMENTS: usize = 256;

impl PostgresOptions {
    /// Without protection and password, 8 connections, port 5432.
    #[must_use]
    pub fn new(host: &str, database: &str, user: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: 5432,
            database: database.to_owned(),
            user: user.to_owned(),
            password: None,
            tls: PostgresTls::Off,
            connections: 8,
        }
    }

    /// The driver's options for requests: every statement is bounded on the server too.
    pub(super) fn for_requests(&self) -> Result<PgConnectOptions, OpenFault> {
        Ok(self.common()?.options([
            ("statement_timeout", "1000"),
            ("lock_timeout", "900"),
            ("idle_in_transaction_session_timeout", "2000"),
            // Every statement finds its rows by key: one plan serves all values, and none is worth compiling.
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("enable_material", "off"),
            ("jit", "off"),
        ]))
    }

    /// The driver's options for migrations, which may wait for one another and take their time.
    pub(super) fn for_migrations(&self) -> Result<PgConnectOptions, OpenFault> {
        Ok(self.common()?.options([("client_min_messages", "warning")]))
    }

    fn common(&self) -> Result<PgConnectOptions, OpenFault> {
        // The driver reads PGPASSWORD where it is given none; an empty one keeps it from that.
        let password = self.password.as_ref().map_or("", |password| password.expose_secret());
        let options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .database(&self.database)
            .username(&self.user)
            .password(password)
            .application_name("identity")
            // Each statement stays prepared, batches in each of their shapes.
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        match &self.tls {
            PostgresTls::Off => Ok(options.ssl_mode(PgSslMode::Disable)),
            PostgresTls::VerifyFull { ca_file } => {
                let options = options.ssl_mode(PgSslMode::VerifyFull);
                match ca_file {
                    None => Ok(options),
                    Some(file) if file.is_file() => Ok(options.ssl_root_cert(file)),
                    Some(_) => Err(OpenFault::Settings("the file of authorities cannot be read")),
                }
            }
        }
    }
}
