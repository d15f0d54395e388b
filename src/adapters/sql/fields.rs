//! Columns of a row by name, as the plain types that both engines share.

use super::fault;
use crate::ports::store::StoreFault;
use sqlx::{Row as _, postgres::PgRow};
use uuid::Uuid;

/// Reads the columns of a row. A column that is missing or of another type is a fault.
pub(super) trait Fields: Send + Sync {
    fn id(&self, column: &'static str) -> Result<Uuid, StoreFault>;
    fn id_or_none(&self, column: &'static str) -> Result<Option<Uuid>, StoreFault>;
    fn integer(&self, column: &'static str) -> Result<i64, StoreFault>;
    fn integer_or_none(&self, column: &'static str) -> Result<Option<i64>, StoreFault>;
    fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreFault>;
    fn bytes_or_none(&self, column: &'static str) -> Result<Option<Vec<u8>>, StoreFault>;
    fn text(&self, column: &'static str) -> Result<String, StoreFault>;
    fn text_or_none(&self, column: &'static str) -> Result<Option<String>, StoreFault>;
    fn flag(&self, column: &'static str) -> Result<bool, StoreFault>;

    /// A column of exactly `N` bytes.
    fn array<const N: usize>(&self, column: &'static str) -> Result<[u8; N], StoreFault> {
        let bytes = self.bytes(column)?;
        bytes.try_into().map_err(|_| fault::broken(format!("column {column} has another length")))
    }

    /// A column that holds a number that is never negative.
    fn count(&self, column: &'static str) -> Result<u32, StoreFault> {
        let number = self.integer(column)?;
        u32::try_from(number).map_err(|_| fault::broken(format!("column {column} is out of range")))
    }
}

macro_rules! fields {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(&self, column: &'static str) -> Result<$type, StoreFault> {
            self.try_get(column).map_err(|error| fault::of(&error))
        }
    )*};
}

impl Fields for PgRow {
    fields! { id: Uuid, id_or_none: Option<Uuid>, integer: i64, integer_or_none: Option<i64>, bytes: Vec<u8>,
    bytes_or_none: Option<Vec<u8>>, text: String, text_or_none: Option<String>, flag: bool }
}
