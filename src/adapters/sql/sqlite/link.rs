//! A connection to SQLite in use.

use crate::{
    adapters::sql::{
        fault,
        link::{Link, Value, values},
        pool::Lease,
        statements::{self, Statement},
    },
    domain::audit::AuditEvent,
    ports::store::StoreFault,
};
use sqlx::{
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Whether a transaction is around the statements.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Single,
    Transaction,
}

/// A connection in use.
pub(crate) struct SqliteLink {
    lease: Lease<sqlx::Sqlite>,
    statements: Arc<AtomicU64>,
    kind: Kind,
}

impl SqliteLink {
    /// Begins a step. A transaction takes the write lock at once: one that began by reading would fail, without waiting,
    /// when it came to write.
    pub(super) async fn begin(
        lease: Lease<sqlx::Sqlite>,
        statements: Arc<AtomicU64>,
        kind: Kind,
    ) -> Result<Self, StoreFault> {
        let mut link = Self { lease, statements, kind };
        if kind == Kind::Transaction {
            link.command("BEGIN IMMEDIATE").await?;
        }
        Ok(link)
    }

    async fn command(&mut self, text: &'static str) -> Result<(), StoreFault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let done = sqlx::query(text).execute(self.lease.connection()?).await;
        done.map(drop).map_err(|error| fault::of(&error))
    }
}

fn bound<'q>(statement: &'static Statement, values: &[Value<'_>]) -> Query<'q, sqlx::Sqlite, SqliteArguments> {
    let query = sqlx::query(statement.sqlite);
    values.iter().fold(query, |query, value| match *value {
        Value::Id(value) => query.bind(value),
        Value::Integer(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Flag(value) => query.bind(value),
    })
}

impl Link for SqliteLink {
    type Row = SqliteRow;

    async fn rows(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<SqliteRow>, StoreFault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let rows = bound(statement, values).fetch_all(self.lease.connection()?).await;
        rows.map_err(|error| fault::of(&error))
    }

    async fn execute(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, StoreFault> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let done = bound(statement, values).execute(self.lease.connection()?).await;
        done.map(|done| done.rows_affected()).map_err(|error| fault::of(&error))
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

    async fn finish(mut self) -> Result<(), StoreFault> {
        if self.kind == Kind::Transaction {
            self.command("COMMIT").await?;
        }
        self.lease.give_back();
        Ok(())
    }
}
