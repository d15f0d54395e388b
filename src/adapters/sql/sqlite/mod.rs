//! SQLite: one writer, a few readers, one file.

mod link;

use super::{engine::Parts, fault::OpenFault, migrations, pool::Pool, store::SqlStore};
use crate::ports::store::StoreFault;
use link::{Kind, SqliteLink};
use sqlx::{
    ConnectOptions as _, Connection as _, Error, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    fmt,
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a step waits for another process that writes.
const BUSY: Duration = Duration::from_millis(700);

/// How long a migration waits for another.
const MIGRATION_BUSY: Duration = Duration::from_secs(30);

const READERS: u32 = 4;

/// The SQLite engine: a file that this process, and at times a command beside it, has open.
#[derive(Clone)]
pub struct Sqlite {
    options: SqliteConnectOptions,
    writer: Arc<Pool<sqlx::Sqlite>>,
    readers: Arc<Pool<sqlx::Sqlite>>,
    statements: Arc<AtomicU64>,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sqlite")
    }
}

impl SqlStore<Sqlite> {
    /// Opens the database in `file`, which is made, private to its owner, where there is none.
    ///
    /// # Errors
    /// Where the file cannot be opened or is no database.
    pub async fn open(file: &Path) -> Result<Self, OpenFault> {
        // The files beside it (-wal, -shm) take its rights.
        let made = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file);
        made.map_err(|error| OpenFault::Connect(Error::Io(error)))?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            // What is erased is overwritten where that costs no further page.
            .pragma("secure_delete", "fast")
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        switch_to_wal(&options).await?;
        let writer = Pool::new(options.clone(), 1);
        writer.open().await?;
        let readers = Pool::new(options.clone().pragma("query_only", "on"), READERS);
        Ok(Self::over(Sqlite { options, writer, readers, statements: Arc::default() }))
    }
}

/// Keeps the log of changes beside the file, so that readers and the writer do not wait for one another. The switch is
/// kept in the file; SQLite does not wait for its turn to make it, so it is tried again.
async fn switch_to_wal(options: &SqliteConnectOptions) -> Result<(), OpenFault> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal);
    let mut tries = 100;
    loop {
        match options.connect().await {
            Ok(connection) => return connection.close().await.map_err(OpenFault::Connect),
            Err(error) if tries == 0 || !is_busy(&error) => return Err(OpenFault::Connect(error)),
            Err(_) => {
                tries -= 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

fn is_busy(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

impl Sqlite {
    async fn link(&self, pool: &Arc<Pool<sqlx::Sqlite>>, kind: Kind) -> Result<SqliteLink, StoreFault> {
        SqliteLink::begin(pool.lease().await?, Arc::clone(&self.statements), kind).await
    }
}

impl Parts for Sqlite {
    const SYSTEM: &'static str = "sqlite";

    // A file is not away; what takes time is the queue of those who write, who go one after another.
    const LIMIT: Duration = Duration::from_secs(8);

    const LANES: bool = false;

    type Link = SqliteLink;

    async fn reader(&self) -> Result<SqliteLink, StoreFault> {
        self.link(&self.readers, Kind::Single).await
    }

    async fn writer(&self) -> Result<SqliteLink, StoreFault> {
        self.link(&self.writer, Kind::Single).await
    }

    async fn transaction(&self) -> Result<SqliteLink, StoreFault> {
        self.link(&self.writer, Kind::Transaction).await
    }

    /// All steps in one transaction that holds the write lock: the driver's own lock does nothing on SQLite.
    async fn migrate(&self) -> Result<(), OpenFault> {
        let options = self.options.clone().busy_timeout(MIGRATION_BUSY);
        let mut connection: SqliteConnection = options.connect().await.map_err(OpenFault::Connect)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(OpenFault::Connect)?;
        migrations::sqlite().run_direct(None, &mut *transaction, false).await?;
        transaction.commit().await.map_err(OpenFault::Connect)?;
        connection.close().await.map_err(OpenFault::Connect)
    }

    fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    fn own_statements() -> &'static [(&'static str, &'static str)] {
        &[]
    }
}
