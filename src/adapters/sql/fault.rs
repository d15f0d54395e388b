//! Faults of the stores, told apart by whether trying again may help. What the database says in words stays out of them:
//! its messages may quote a row.

use crate::ports::store::StoreFault;
use sqlx::{
    Error,
    error::{DatabaseError, ErrorKind},
    migrate::MigrateError,
    postgres::PgDatabaseError,
    sqlite::SqliteError,
};
use std::time::Duration;

/// A store cannot be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// The settings do not fit together, or a file that they name cannot be read.
    #[error("the settings of the store cannot be used: {0}")]
    Settings(&'static str),
    /// The database does not let us in.
    #[error("the database cannot be opened")]
    Connect(#[source] Error),
    /// The server has said nothing for so long.
    #[error("the database has not answered for {} s", .0.as_secs())]
    Silent(Duration),
    /// The file cannot be opened.
    #[error("the database cannot be opened")]
    Open(#[source] rusqlite::Error),
    /// The system gives no thread.
    #[error("no thread for the database")]
    Threads(#[source] std::io::Error),
    /// The schema has a step that this program does not know.
    #[error("the schema is newer than this program (it has step {0})")]
    Newer(i64),
    /// A step that was applied differs from this program's.
    #[error("step {0} of the schema differs from this program's")]
    Changed(i64),
    /// A step failed, or the database refused it.
    #[error("the schema cannot be brought up to date")]
    Migrate(#[source] MigrateError),
}

impl OpenFault {
    /// What to do about it, in words for an operator.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Settings(_) => "look at `[store]` in the configuration",
            Self::Connect(error)
            | Self::Migrate(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                remedy_of(error)
            }
            Self::Silent(_) => {
                "is it PostgreSQL that listens there, and is it well? look at `store.postgres.host` and `port`, and at its log"
            }
            Self::Open(rusqlite::Error::SqliteFailure(error, _)) if sqlite_is_held(error.extended_code) => HELD,
            Self::Open(_) => "look at `store.sqlite.path`, at what lies there, and at who may write it",
            Self::Threads(_) => "raise the limit of processes",
            Self::Newer(_) => "start the newer release, or the one before it that this schema was made for",
            Self::Changed(_) => "start the release that made this schema, or give `[store]` a database of its own",
            Self::Migrate(_) => "look at the database's log",
        }
    }
}

/// What to do where a file of SQLite is locked.
const HELD: &str = "another process holds the file: end it, or let it finish (`fuser` with the path tells which it is)";

/// What to do where the driver or the database says this.
fn remedy_of(error: &Error) -> &'static str {
    match error {
        Error::Io(_) => "is it running, and are host, port or path in `[store]` its own?",
        Error::Tls(_) => "look at `store.postgres.tls` and `ca_file`",
        Error::Database(database) if database.try_downcast_ref::<SqliteError>().is_some() => {
            match database.code().and_then(|code| code.parse().ok()) {
                Some(code) if sqlite_is_held(code) => HELD,
                // NOTADB.
                Some(26) => "name a file that is a database, or that is not there yet, in `store.sqlite.path`",
                _ => "look at the file, at the disk that it is on, and at who may write it",
            }
        }
        Error::Database(database) => match database.code().as_deref() {
            Some("3D000") => "create the database, or name another in `store.postgres.database`",
            Some("28000" | "28P01") => "look at `store.postgres.user` and at its password file",
            Some("42501") => {
                "let the role create tables in it, or run `identity migrate` as a role that may and set `store.migrate = \"by-command\"`"
            }
            Some("53300") => "raise its `max_connections`, or lower `store.postgres.pool_size`",
            _ => "look at the database's log",
        },
        _ => "look at the database's log",
    }
}

impl From<MigrateError> for OpenFault {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(step) => Self::Newer(step),
            MigrateError::VersionMismatch(step) => Self::Changed(step),
            other => Self::Migrate(other),
        }
    }
}

/// What is told of a fault: its code and the constraint, never the text.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

/// The store gave an answer that cannot be.
pub(super) fn broken(what: impl Into<String>) -> StoreFault {
    StoreFault::Broken(Box::new(Cause(what.into())))
}

/// The store does not answer.
pub(super) fn unavailable(what: impl Into<String>) -> StoreFault {
    StoreFault::Unavailable(Box::new(Cause(what.into())))
}

/// The fault behind an error of the driver.
pub(super) fn of(error: &Error) -> StoreFault {
    match error {
        Error::Database(database) => of_database(database.as_ref()),
        Error::Io(io) => unavailable(format!("{}", io.kind())),
        Error::Tls(_) => unavailable("no encrypted connection"),
        Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed | Error::BeginFailed => {
            unavailable("the connection was lost")
        }
        Error::Protocol(_) => unavailable("the connection broke off"),
        Error::ColumnDecode { index, .. } => broken(format!("column {index} cannot be read")),
        Error::ColumnNotFound(column) => broken(format!("column {column} is missing")),
        _ => broken("the driver refused"),
    }
}

/// Whether an error says that a row with the same value of `constraint` exists already.
pub(super) fn is_duplicate(error: &Error, constraint: &str) -> bool {
    let Error::Database(database) = error else { return false };
    database.kind() == ErrorKind::UniqueViolation && database.constraint() == Some(constraint)
}

fn of_database(error: &dyn DatabaseError) -> StoreFault {
    let code = error.code().unwrap_or_default();
    let what = match error.constraint() {
        Some(constraint) => format!("code {code} at {constraint}"),
        None => format!("code {code}"),
    };
    let again = error.try_downcast_ref::<PgDatabaseError>().is_some() && postgres_may_recover(&code);
    if again { unavailable(what) } else { broken(what) }
}

/// The fault behind an error of SQLite.
pub(super) fn of_sqlite(error: &rusqlite::Error) -> StoreFault {
    let rusqlite::Error::SqliteFailure(error, _) = error else { return broken("the driver refused") };
    let what = format!("code {}", error.extended_code);
    if sqlite_may_recover(error.extended_code) { unavailable(what) } else { broken(what) }
}

/// Connections, resources, shutdown and time-outs, a transaction that lost against another, a server that only reads,
/// credentials that are being replaced.
fn postgres_may_recover(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    matches!(class, "08" | "28" | "40" | "53" | "57") || matches!(code, "25006" | "25P03" | "3D000" | "55P03")
}

/// BUSY, LOCKED, READONLY, IOERR, FULL and CANTOPEN, whatever their extension.
const fn sqlite_may_recover(code: i32) -> bool {
    matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14)
}

/// BUSY and LOCKED.
const fn sqlite_is_held(code: i32) -> bool {
    matches!(code & 0xff, 5 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for code in ["08006", "53300", "57014", "57P01", "40P01", "25006", "55P03"] {
            assert!(postgres_may_recover(code), "{code}");
        }
        for code in ["", "23505", "42P01", "22001", "XX000"] {
            assert!(!postgres_may_recover(code), "{code}");
        }
        for code in [5, 261, 517, 8, 10, 522, 13, 14] {
            assert!(sqlite_may_recover(code), "{code}");
        }
        for code in [0, 1, 11, 1555, 2067, 26] {
            assert!(!sqlite_may_recover(code), "{code}");
        }
    }

    #[test]
    fn the_text_of_an_error_is_not_told() {
        let fault = of(&Error::Protocol("secret".to_owned()));
        let StoreFault::Unavailable(cause) = fault else { panic!("a broken connection may recover") };
        assert!(!format!("{cause} {cause:?}").contains("secret"));
    }
}
