//! A connection to PostgreSQL in use.

use super::events::{Events, RECORD};
use crate::{
    adapters::sql::{
        engine::Access,
        fault,
        link::{Link, Value},
        pool::Lease,
        statements::Statement,
    },
    domain::audit::AuditEvent,
    ports::store::StoreFault,
};
use sqlx::{
    Error,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many events go with one statement: whoever has very many sessions ends them all in one step.
const AT_ONCE: usize = 32;

/// A statement with its values.
pub(super) type Bound<'q> = Query<'q, sqlx::Postgres, PgArguments>;

/// A connection in use.
pub(crate) struct PgLink {
    lease: Lease<sqlx::Postgres>,
    statements: Arc<AtomicU64>,
    access: Access,
}

impl PgLink {
    /// Begins a step.
    pub(super) async fn begin(
        lease: Lease<sqlx::Postgres>,
        statements: Arc<AtomicU64>,
        access: Access,
    ) -> Result<Self, StoreFault> {
        let mut link = Self { lease, statements, access };
        if access == Access::Transaction {
            link.command("BEGIN").await?;
        }
        Ok(link)
    }

    /// Runs a statement of this engine's own. The error is the driver's: the caller may know what it means.
    pub(super) async fn fetch(&mut self, query: Bound<'_>) -> Result<Vec<PgRow>, Failure> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let connection = self.lease.connection().map_err(Failure::Fault)?;
        query.fetch_all(connection).await.map_err(Failure::Driver)
    }

    /// Commits what was begun, and keeps the connection for others. Without it the connection is closed.
    pub(super) async fn finish(mut self) -> Result<(), StoreFault> {
        if self.access == Access::Transaction {
            self.command("COMMIT").await?;
        }
        self.lease.give_back();
        Ok(())
    }

    // BEGIN and COMMIT go as they are, not through the driver's transactions, whose begin is not safe to give up: a
    // connection is kept only by `finish`, and closed otherwise (`docs/decisions/0013-connections-of-our-own.md`).
    async fn command(&mut self, text: &'static str) -> Result<(), StoreFault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let done = sqlx::raw_sql(text).execute(self.lease.connection()?).await;
        done.map(drop).map_err(|error| fault::of(&error))
    }
}

/// Why a statement gave nothing.
pub(super) enum Failure {
    /// The driver's word for it.
    Driver(Error),
    /// A fault of ours.
    Fault(StoreFault),
}

impl Failure {
    /// Whether a row with the same value of `constraint` exists.
    pub(super) fn is_duplicate(&self, constraint: &str) -> bool {
        matches!(self, Self::Driver(error) if fault::is_duplicate(error, constraint))
    }
}

impl From<Failure> for StoreFault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Driver(error) => fault::of(&error),
            Failure::Fault(fault) => fault,
        }
    }
}

fn bound<'q>(statement: &'static Statement, values: &[Value<'_>]) -> Bound<'q> {
    let query = sqlx::query(statement.postgres);
    values.iter().fold(query, |query, value| match *value {
        Value::Id(value) => query.bind(value),
        Value::Integer(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Flag(value) => query.bind(value),
    })
}

impl Link for PgLink {
    type Row = PgRow;

    async fn rows(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<Vec<PgRow>, StoreFault> {
        Ok(self.fetch(bound(statement, values)).await?)
    }

    async fn execute(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, StoreFault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let done = bound(statement, values).execute(self.lease.connection()?).await;
        done.map(|done| done.rows_affected()).map_err(|error| fault::of(&error))
    }

    async fn record(&mut self, events: &[AuditEvent]) -> Result<(), StoreFault> {
        for some in events.chunks(AT_ONCE) {
            let some = Events::of(std::iter::once(some));
            self.fetch(some.bind(RECORD.query(some.len(), 0))).await?;
        }
        Ok(())
    }
}
