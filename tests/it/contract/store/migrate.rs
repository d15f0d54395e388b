//! Migrations: again, by several at once, and against a schema of the future.

use super::{inspect::Inspect, peers::options};
use crate::support::{postgres::Postgres, run};
use futures_util::future::join_all;
use identity::{
    adapters::sql::{OpenFault, PostgresStore, SqliteStore},
    ports::store::Ledger as _,
};
use std::os::unix::fs::PermissionsExt as _;

const FUTURE: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
    SELECT 9999, 'future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";

/// Octets of another text; both engines know how to make them.
const CHANGED: &str = "UPDATE _sqlx_migrations SET checksum = substr(checksum, 2)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let database = Postgres::shared().database("template1").await;
    let starts = (0..6).map(|_| async {
        let store = PostgresStore::connect(options(database.name())).await.unwrap();
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        store.ping().await.unwrap();
        store
    });
    let stores = join_all(starts).await;
    let inspect = Inspect::postgres(database.url());
    inspect.execute(FUTURE).await.unwrap();
    newer(stores[0].migrate().await);
    changed(&inspect, stores[0].migrate()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let folder = run::folder("sqlite");
    let file = folder.path().join("identity.db");
    let starts = (0..6).map(|_| async {
        let store = SqliteStore::open(&file).await.unwrap();
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        store.ping().await.unwrap();
        store
    });
    let stores = join_all(starts).await;
    for name in ["identity.db", "identity.db-wal", "identity.db-shm"] {
        let rights = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(rights & 0o777, 0o600, "{name}");
    }
    let inspect = Inspect::sqlite(&file);
    inspect.execute(FUTURE).await.unwrap();
    newer(stores[0].migrate().await);
    changed(&inspect, stores[0].migrate()).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = run::folder("sqlite");
    let file = folder.path().join("identity.db");
    std::fs::write(&file, "This is not a database, but a text that is long enough to be looked at twice.").unwrap();
    assert!(matches!(SqliteStore::open(&file).await, Err(OpenFault::Connect(_))));
    assert!(matches!(SqliteStore::open(&folder.path().join("no/such/folder")).await, Err(OpenFault::Connect(_))));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let mut elsewhere = options("postgres");
    elsewhere.port = 1;
    assert!(matches!(PostgresStore::connect(elsewhere).await, Err(OpenFault::Connect(_))));
    assert!(matches!(PostgresStore::connect(options("no_such_database")).await, Err(OpenFault::Connect(_))));
}

fn newer(outcome: Result<(), OpenFault>) {
    let fault = outcome.unwrap_err();
    assert!(matches!(fault, OpenFault::Newer(9999)), "{fault:?}");
    assert!(fault.to_string().contains("newer than this program"), "{fault}");
}

async fn changed(inspect: &Inspect, migrate: impl Future<Output = Result<(), OpenFault>>) {
    inspect.execute("DELETE FROM _sqlx_migrations WHERE version = 9999").await.unwrap();
    inspect.execute(CHANGED).await.unwrap();
    assert!(matches!(migrate.await, Err(OpenFault::Changed(1))));
}
