//! A connection to SQLite in use. It is asked on a thread of its own, where nothing has to be waited for but the disk: so
//! no statement costs a switch between threads.

use crate::{
    adapters::sql::{
        fault,
        link::{Link, Value, values},
        sqlite::row::SqliteRow,
        statements::{self, Statement},
    },
    domain::audit::AuditEvent,
    ports::store::StoreFault,
};
use rusqlite::{CachedStatement, Connection, OpenFlags};
use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a step waits for another process that writes.
const BUSY: Duration = Duration::from_millis(700);

/// More than there are statements: each is prepared once.
const PREPARED: usize = 256;

/// A connection in use.
pub(crate) struct SqliteLink {
    connection: Connection,
    statements: Arc<AtomicU64>,
    /// The columns of the statements that give rows, by name.
    columns: HashMap<&'static str, Arc<[String]>>,
}

impl SqliteLink {
    /// Opens the database in `file`, which must exist. One that only reads refuses to write.
    pub(super) fn open(file: &Path, only_reads: bool, statements: Arc<AtomicU64>) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "full")?;
        // What is erased is overwritten where that costs no further page. The pragma tells what it has become.
        connection.pragma_update_and_check(None, "secure_delete", "fast", |_| Ok(()))?;
        connection.pragma_update(None, "temp_store", "memory")?;
        if only_reads {
            connection.pragma_update(None, "query_only", true)?;
        }
        Ok(Self { connection, statements, columns: HashMap::new() })
    }

    /// Runs a statement without values, rows and place in the table: one that bounds a transaction.
    pub(super) fn command(&mut self, text: &'static str) -> rusqlite::Result<()> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.connection.prepare_cached(text).and_then(|mut statement| statement.raw_execute()).map(drop)
    }

    /// Writes what stands in the file already. A number of the header is written, and waited for, whatever it was before.
    pub(super) fn rewrite(&mut self) -> Result<(), StoreFault> {
        self.statements.fetch_add(2, Ordering::Relaxed);
        let version = self.connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i32>(0));
        let done = version.and_then(|version| self.connection.pragma_update(None, "user_version", version));
        done.map_err(|error| fault::of_sqlite(&error))
    }

    /// Brings what stands in the log of changes into the file that is open, wherever that lies, and empties the log.
    pub(super) fn fold(&mut self) -> bool {
        let busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        busy.is_ok_and(|busy| busy == 0)
    }

    /// Whether a transaction is open. SQLite ends it by itself where the disk is full or fails.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn bound<'c>(
        connection: &'c Connection,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> rusqlite::Result<CachedStatement<'c>> {
        let mut prepared = connection.prepare_cached(statement.sqlite)?;
        for index in 1..=prepared.parameter_count() {
            // `$7` is a name to SQLite, and where it stands first decides its index.
            let number = prepared.parameter_name(index).and_then(|name| name.get(1..)?.parse::<usize>().ok());
            let value = number.and_then(|number| values.get(number.checked_sub(1)?));
            match value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), index))? {
                Value::Id(value) => {
                    prepared.raw_bind_parameter(index, value.as_ref().map(|id| id.as_bytes().as_slice()))
                }
                Value::Integer(value) => prepared.raw_bind_parameter(index, value),
                Value::Bytes(value) => prepared.raw_bind_parameter(index, value),
                Value::Text(value) => prepared.raw_bind_parameter(index, value),
                Value::Flag(value) => prepared.raw_bind_parameter(index, value),
            }?;
        }
        Ok(prepared)
    }

    fn written(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> rusqlite::Result<u64> {
        let mut prepared = Self::bound(&self.connection, statement, values)?;
        // A statement may give rows that nobody wants here.
        let mut rows = prepared.raw_query();
        while rows.next()?.is_some() {}
        Ok(self.connection.changes())
    }

    fn all_rows(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> rusqlite::Result<Vec<SqliteRow>> {
        let mut prepared = Self::bound(&self.connection, statement, values)?;
        let columns = self
            .columns
            .entry(statement.name)
            .or_insert_with(|| prepared.column_names().into_iter().map(str::to_owned).collect());
        let mut found = Vec::new();
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            found.push(SqliteRow::of(row, columns)?);
        }
        Ok(found)
    }
}

impl Link for SqliteLink {
    type Row = SqliteRow;

    async fn rows(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<SqliteRow>, StoreFault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.all_rows(statement, values).map_err(|error| fault::of_sqlite(&error))
    }

    async fn execute(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, StoreFault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.written(statement, values).map_err(|error| fault::of_sqlite(&error))
    }

    async fn record(&mut self, events: &[AuditEvent]) -> Result<(), StoreFault> {
        for event in events {
            let address = event.origin.address.map(|address| address.to_string());
            let values = values![
                event.event_id.uuid(),
                event.time.micros(),
                event.act.as_str(),
                event.outcome.as_str(),
                event.reason.as_ref(),
                event.actor.as_str(),
                address.as_deref(),
                event.origin.trace_id.as_str(),
                event.identifier_key.as_ref().map(|key| key.0.bytes()),
                event.user_id.map(crate::domain::id::UserId::uuid),
                event.session_id.map(crate::domain::id::SessionId::uuid),
                event.challenge_id.map(crate::domain::id::ChallengeId::uuid),
                event.message_id.map(crate::domain::id::MessageId::uuid),
                event.client_id.as_ref().map(crate::domain::client::ClientId::as_str),
                event.device_id.as_str(),
            ];
            self.execute(statements::INSERT_EVENT, values).await?;
        }
        Ok(())
    }
}
