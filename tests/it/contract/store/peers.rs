//! A migrated store of the test's own, on either engine.

use super::inspect::Inspect;
use crate::support::{
    postgres::{Database, Postgres, USER},
    run,
};
use identity::adapters::sql::{PostgresOptions, PostgresStore, SqliteStore};
use identity::ports::store::Store;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A file.
    Sqlite,
    /// The cluster of the run.
    Postgres,
}

/// What goes when the test ends.
pub(crate) enum Held {
    /// The folder of the file.
    Folder(TempDir),
    /// The database.
    Database(Database),
}

impl Held {
    /// The database of the cluster of the run.
    pub(crate) fn database(&self) -> &Database {
        match self {
            Self::Database(database) => database,
            Self::Folder(_) => panic!("a file"),
        }
    }

    /// The file.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.path().join("identity.db"),
            Self::Database(_) => panic!("a database"),
        }
    }
}

/// A store, and what is behind it.
pub(crate) struct Peer {
    /// The store.
    pub(crate) store: Arc<dyn Store>,
    /// How many statements it has sent.
    pub(crate) statements: Box<dyn Fn() -> u64 + Send + Sync>,
    /// A look past the store at its rows.
    pub(crate) inspect: Inspect,
    /// Its place.
    pub(crate) held: Held,
}

/// A store that has been migrated and holds nothing.
pub(crate) async fn migrated(engine: Engine) -> Peer {
    match engine {
        Engine::Sqlite => {
            let folder = run::folder("sqlite");
            let file = folder.path().join("identity.db");
            let store = SqliteStore::open(&file).await.unwrap();
            store.migrate().await.unwrap();
            let counter = store.clone();
            Peer {
                store: Arc::new(store),
                statements: Box::new(move || counter.statements()),
                inspect: Inspect::sqlite(&file),
                held: Held::Folder(folder),
            }
        }
        Engine::Postgres => {
            let database = migrated_database().await;
            let store = PostgresStore::connect(options(database.name())).await.unwrap();
            let counter = store.clone();
            Peer {
                store: Arc::new(store),
                statements: Box::new(move || counter.statements()),
                inspect: Inspect::postgres(database.url()),
                held: Held::Database(database),
            }
        }
    }
}

/// A migrated database of the cluster of the run.
async fn migrated_database() -> Database {
    static TEMPLATE: OnceCell<Database> = OnceCell::const_new();
    let template = TEMPLATE
        .get_or_init(async || {
            let template = Postgres::shared().database("template1").await;
            PostgresStore::connect(options(template.name())).await.unwrap().migrate().await.unwrap();
            template
        })
        .await;
    Postgres::shared().database(template.name()).await
}

/// How to reach a database of the cluster of the run.
pub(crate) fn options(database: &str) -> PostgresOptions {
    let mut options = PostgresOptions::new("127.0.0.1", database, USER);
    options.port = Postgres::shared().port();
    options
}
