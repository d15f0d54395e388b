//! SQLite: one writer, a few readers, one file.

mod link;
mod place;
mod queue;
mod row;
mod threads;
mod trust;

use super::{
    engine::{Access, Parts, StepOf},
    fault::OpenFault,
    migrations, steps,
    store::SqlStore,
};
use crate::{domain::time::Timestamp, ports::store::StoreFault};
use link::SqliteLink;
use place::Place;
use sqlx::{
    ConnectOptions as _, Connection as _, Error, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    fmt,
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use threads::Threads;

/// How long a migration waits for another.
const MIGRATION_BUSY: Duration = Duration::from_secs(30);

const READERS: usize = 4;

/// The SQLite engine: a file that this process, and at times a command beside it, has open.
#[derive(Clone)]
pub struct Sqlite {
    file: PathBuf,
    threads: Arc<Threads>,
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
        let place = made.and_then(|_| Place::of(file)).map_err(|error| OpenFault::Connect(Error::Io(error)))?;
        switch_to_wal(&for_migrations(file)).await?;
        let statements = Arc::default();
        let link = |only_reads| SqliteLink::open(file, only_reads, Arc::clone(&statements)).map_err(OpenFault::Open);
        let readers = (0..READERS).map(|_| link(true)).collect::<Result<_, _>>()?;
        let threads = Threads::start(link(false)?, readers, place).map_err(OpenFault::Threads)?;
        Ok(Self::over(Sqlite { file: file.to_owned(), threads: Arc::new(threads), statements }))
    }
}

fn for_migrations(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(MIGRATION_BUSY)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
}

/// Keeps the log of changes beside the file, so that readers and the writer do not wait for one another. The switch is
/// kept in the file; SQLite does not wait for its turn to make it, so it is tried again.
async fn switch_to_wal(options: &SqliteConnectOptions) -> Result<(), OpenFault> {
    let options = options.clone().busy_timeout(Duration::ZERO).journal_mode(SqliteJournalMode::Wal);
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

impl Parts for Sqlite {
    const SYSTEM: &'static str = "sqlite";

    type Link = SqliteLink;

    async fn step<T: Send + 'static>(&self, access: Access, step: impl StepOf<SqliteLink, T>) -> Result<T, StoreFault> {
        self.threads.run(access, step).await
    }

    /// All steps in one transaction that holds the write lock: the driver's own lock does nothing on SQLite.
    async fn migrate(&self) -> Result<(), OpenFault> {
        let mut connection: SqliteConnection =
            for_migrations(&self.file).connect().await.map_err(OpenFault::Connect)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(OpenFault::Connect)?;
        migrations::sqlite().run_direct(None, &mut *transaction, false).await?;
        transaction.commit().await.map_err(OpenFault::Connect)?;
        connection.close().await.map_err(OpenFault::Connect)
    }

    fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    fn own_statements() -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// The file has no clock.
    async fn ping(&self) -> Result<Option<Timestamp>, StoreFault> {
        // What takes no writes reads for long yet.
        if self.threads.are_doubted() {
            self.threads.commit().await?;
        } else {
            self.step(Access::Read, |link| Box::pin(steps::ledger::ping(link))).await?;
        }
        Ok(None)
    }
}
