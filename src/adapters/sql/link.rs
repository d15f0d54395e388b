//! What the common steps need of a connection, whichever engine is behind it.

use super::{fields::Fields, statements::Statement};
use crate::{domain::audit::AuditEvent, ports::store::StoreFault};
use std::future::Future;
use uuid::Uuid;

/// A value of a statement. Its kind stays known where it is absent, which PostgreSQL asks for.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Id(Option<Uuid>),
    Integer(Option<i64>),
    Bytes(Option<&'a [u8]>),
    Text(Option<&'a str>),
    Flag(bool),
}

impl From<Uuid> for Value<'_> {
    fn from(value: Uuid) -> Self {
        Self::Id(Some(value))
    }
}

impl From<Option<Uuid>> for Value<'_> {
    fn from(value: Option<Uuid>) -> Self {
        Self::Id(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(Some(i64::from(value)))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'a, const N: usize> From<Option<&'a [u8; N]>> for Value<'a> {
    fn from(value: Option<&'a [u8; N]>) -> Self {
        Self::Bytes(value.map(<[u8; N]>::as_slice))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

/// The values of a statement, in the order of their numbers.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::adapters::sql::link::Value::from($value)),*] };
}
pub(super) use values;

/// A connection on which a step runs.
pub(super) trait Link: Send {
    /// A row as the driver gives it.
    type Row: Fields;

    /// Runs a statement and gives its rows.
    fn rows(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Self::Row>, StoreFault>> + Send;

    /// Runs a statement and gives how many rows it wrote.
    fn execute(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, StoreFault>> + Send;

    /// Appends events to the audit log.
    fn record(&mut self, events: &[AuditEvent]) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Runs a statement that gives at most one row.
    fn row(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Option<Self::Row>, StoreFault>> + Send {
        let rows = self.rows(statement, values);
        async move { Ok(rows.await?.into_iter().next()) }
    }
}
