//! Where everything is kept.

use crate::{
    adapters::sql::{OpenFault, PostgresOptions, PostgresStore, PostgresTls, SqliteStore},
    app::{Failure, failure},
    config::{Config, network::Tls, store},
    domain::secret::SecretString,
    ports::store::Store,
};
use std::{path::Path, pin::pin, sync::Arc, time::Duration};
use tokio::time::timeout;

/// After so long whoever brings the schema up to date is told what that may wait for.
const QUIET: Duration = Duration::from_secs(3);

/// A store that is open, and whose form may still be behind.
pub(in crate::app) struct OpenStore {
    engine: Engine,
    /// Where it is, for an operator.
    place: String,
}

enum Engine {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl OpenStore {
    /// Opens the store for those who call.
    ///
    /// # Errors
    /// Where it is not to be had.
    pub(in crate::app) async fn open(config: &Config, password: Option<SecretString>) -> Result<Self, Failure> {
        Self::open_with(config, password, |postgres| postgres.pool_size).await
    }

    /// Opens the store for a command, which does one thing after the other: it does not take the connections of those that
    /// serve.
    ///
    /// # Errors
    /// Where it is not to be had.
    pub(in crate::app) async fn open_alone(config: &Config, password: Option<SecretString>) -> Result<Self, Failure> {
        Self::open_with(config, password, |_| 1).await
    }

    async fn open_with(
        config: &Config,
        password: Option<SecretString>,
        connections: impl Fn(&store::Postgres) -> u32,
    ) -> Result<Self, Failure> {
        let (place, engine) = match &config.store {
            store::Store::Sqlite { path } if path.parent().is_some_and(|folder| !folder.exists()) => {
                let place = place_of_file(path);
                let what = "the folder of the database does not exist; make it, or name another in `store.sqlite.path`";
                return Err(Failure::Unavailable(format!("{place}: {what}")));
            }
            store::Store::Sqlite { path } => (place_of_file(path), SqliteStore::open(path).await.map(Engine::Sqlite)),
            store::Store::Postgres(postgres) => {
                let open = PostgresStore::connect(options(postgres, password, connections(postgres))).await;
                (place_of_server(postgres), open.map(Engine::Postgres))
            }
        };
        match engine {
            Ok(engine) => Ok(Self { engine, place }),
            Err(fault) => Err(unavailable(&place, &fault)),
        }
    }

    /// Brings the database to the form that this program needs. `waiting` hears where that takes long.
    ///
    /// # Errors
    /// Where it is newer, or refuses.
    pub(in crate::app) async fn migrate(&self, waiting: impl Fn(&str)) -> Result<(), Failure> {
        self.bring_up(waiting).await.map_err(|fault| unavailable(&self.place, &fault))
    }

    /// The store as engines take it, brought to its form where that is done on start. A newer form is served as it is: a
    /// replica of the release before may start again beside the new ones, for which each release leaves the form fit.
    ///
    /// # Errors
    /// As [`OpenStore::migrate`], but for a newer form.
    pub(in crate::app) async fn ready(self, migrate: store::Migrate) -> Result<Arc<dyn Store>, Failure> {
        if migrate == store::Migrate::OnStart {
            match self.bring_up(|what| tracing::warn!("{what}")).await {
                Ok(()) => {}
                Err(newer @ OpenFault::Newer(_)) => tracing::warn!("{newer}: fine while releases are exchanged"),
                Err(fault) => return Err(unavailable(&self.place, &fault)),
            }
        }
        Ok(self.into_store())
    }

    async fn bring_up(&self, waiting: impl Fn(&str)) -> Result<(), OpenFault> {
        let mut work = pin!(async {
            match &self.engine {
                Engine::Sqlite(store) => store.migrate().await,
                Engine::Postgres(store) => store.migrate().await,
            }
        });
        if let Ok(done) = timeout(QUIET, work.as_mut()).await {
            return done;
        }
        let place = &self.place;
        waiting(&format!(
            "{place}: the schema is not up to date yet: a step takes long, or another process holds the database"
        ));
        work.await
    }

    /// The store as engines take it.
    pub(in crate::app) fn into_store(self) -> Arc<dyn Store> {
        match self.engine {
            Engine::Sqlite(store) => Arc::new(store),
            Engine::Postgres(store) => Arc::new(store),
        }
    }
}

fn options(postgres: &store::Postgres, password: Option<SecretString>, connections: u32) -> PostgresOptions {
    let tls = match postgres.tls {
        Tls::VerifyFull => PostgresTls::VerifyFull { ca_file: postgres.ca_file.clone() },
        Tls::DisableOnLoopback | Tls::DisableOnTrustedNetwork => PostgresTls::Off,
    };
    PostgresOptions {
        port: postgres.port,
        password,
        tls,
        connections,
        ..PostgresOptions::new(&postgres.host, &postgres.database, &postgres.user)
    }
}

fn place_of_file(path: &Path) -> String {
    path.display().to_string()
}

fn place_of_server(postgres: &store::Postgres) -> String {
    format!("PostgreSQL at {} port {}, database {}", postgres.host, postgres.port, postgres.database)
}

/// What an operator reads, with the reasons behind it: at this time no request's data is in them.
fn unavailable(place: &str, fault: &OpenFault) -> Failure {
    Failure::Unavailable(format!("{place}: {}; {}", failure::chain(fault), fault.remedy()))
}
