//! A row of SQLite.

use crate::{
    adapters::sql::{fault, fields::Fields},
    ports::store::StoreFault,
};
use rusqlite::{Row, types::Value};
use std::sync::Arc;
use uuid::Uuid;

/// A row: its values and the names of its columns.
pub(crate) struct SqliteRow {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl SqliteRow {
    /// Takes the row out of SQLite.
    pub(super) fn of(row: &Row<'_>, columns: &Arc<[String]>) -> rusqlite::Result<Self> {
        let values = (0..columns.len()).map(|index| row.get(index)).collect::<Result<_, _>>()?;
        Ok(Self { columns: Arc::clone(columns), values })
    }

    fn value(&self, column: &'static str) -> Result<&Value, StoreFault> {
        let index = self.columns.iter().position(|name| name == column);
        let value = index.and_then(|index| self.values.get(index));
        value.ok_or_else(|| fault::broken(format!("column {column} is missing")))
    }
}

fn another_type(column: &'static str) -> StoreFault {
    fault::broken(format!("column {column} cannot be read"))
}

/// Reads a column as the given kind; the form `_or_none` knows absence.
macro_rules! read {
    ($($method:ident, $or_none:ident: $type:ty = $pattern:pat => $value:expr;)*) => {$(
        fn $method(&self, column: &'static str) -> Result<$type, StoreFault> {
            self.$or_none(column)?.ok_or_else(|| another_type(column))
        }

        fn $or_none(&self, column: &'static str) -> Result<Option<$type>, StoreFault> {
            match self.value(column)? {
                Value::Null => Ok(None),
                $pattern => Ok(Some($value)),
                _ => Err(another_type(column)),
            }
        }
    )*};
}

impl Fields for SqliteRow {
    read! {
        integer, integer_or_none: i64 = Value::Integer(number) => *number;
        bytes, bytes_or_none: Vec<u8> = Value::Blob(bytes) => bytes.clone();
        text, text_or_none: String = Value::Text(text) => text.clone();
    }

    fn id(&self, column: &'static str) -> Result<Uuid, StoreFault> {
        self.id_or_none(column)?.ok_or_else(|| another_type(column))
    }

    fn id_or_none(&self, column: &'static str) -> Result<Option<Uuid>, StoreFault> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Blob(bytes) => Uuid::from_slice(bytes).map(Some).map_err(|_| another_type(column)),
            _ => Err(another_type(column)),
        }
    }

    fn flag(&self, column: &'static str) -> Result<bool, StoreFault> {
        Ok(self.integer(column)? != 0)
    }
}
