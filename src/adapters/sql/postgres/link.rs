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
    Arguments as _, Encode, Error, Postgres, Type,
    error::BoxDynError,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many events go with one statement: whoever has very many sessions ends them all in one step.
const AT_ONCE: usize = 32;

/// A statement with its values. The driver's own, `Query`, is moved as a whole for each value that it is given, which are
/// hundreds where many steps go together.
pub(super) struct Bound {
    text: &'static str,
    values: Result<PgArguments, BoxDynError>,
}

impl Bound {
    /// A statement that has no value yet.
    pub(super) fn of(text: &'static str) -> Self {
        Self { text, values: Ok(PgArguments::default()) }
    }

    /// Makes room for that many values.
    pub(super) fn reserve(&mut self, values: usize) {
        if let Ok(arguments) = &mut self.values {
            // Most are numbers, ids and hashes; each has its length before it.
            arguments.reserve(values, values * 24);
        }
    }

    /// Binds the next value.
    pub(super) fn add<'v, T: Encode<'v, Postgres> + Type<Postgres>>(&mut self, value: T) {
        if let Ok(arguments) = &mut self.values
            && let Err(error) = arguments.add(value)
        {
            self.values = Err(error);
        }
    }

    /// The same, in a chain.
    pub(super) fn bind<'v, T: Encode<'v, Postgres> + Type<Postgres>>(mut self, value: T) -> Self {
        self.add(value);
        self
    }

    fn query(self) -> Result<Query<'static, Postgres, PgArguments>, Error> {
        Ok(sqlx::query_with(self.text, self.values.map_err(Error::Encode)?))
    }
}

/// A connection in use.
pub(crate) struct PgLink {
    lease: Lease<Postgres>,
    statements: Arc<AtomicU64>,
    access: Access,
}

impl PgLink {
    /// Begins a step.
    pub(super) async fn begin(
        lease: Lease<Postgres>,
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
    pub(super) async fn fetch(&mut self, query: Bound) -> Result<Vec<PgRow>, Failure> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let connection = self.lease.connection().map_err(Failure::Fault)?;
        let query = query.query().map_err(Failure::Driver)?;
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

    /// Whether the database refused it with one of these codes (SQLSTATE).
    pub(super) fn has_code(&self, codes: &[&str]) -> bool {
        let Self::Driver(Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| codes.contains(&code.as_ref()))
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

fn bound(statement: &'static Statement, values: &[Value<'_>]) -> Bound {
    let mut query = Bound::of(statement.postgres);
    for value in values {
        match *value {
            Value::Id(value) => query.add(value),
            Value::Integer(value) => query.add(value),
            Value::Bytes(value) => query.add(value),
            Value::Text(value) => query.add(value),
            Value::Flag(value) => query.add(value),
        }
    }
    query
}

impl Link for PgLink {
    type Row = PgRow;

    async fn rows(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<Vec<PgRow>, StoreFault> {
        Ok(self.fetch(bound(statement, values)).await?)
    }

    async fn execute(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, StoreFault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let query = bound(statement, values).query().map_err(|error| fault::of(&error))?;
        let done = query.execute(self.lease.connection()?).await;
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
