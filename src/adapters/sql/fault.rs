//! Faults of the stores, told apart by whether trying again may help. What the database says in words stays out of them:
//! its messages may quote a row.

use crate::{
    adapters::certificate::{self, TlsFault},
    ports::store::StoreFault,
};
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
            Self::Migrate(_) => LOOK_AT_LOG,
        }
    }
}

/// What to do where a file of SQLite is locked.
const HELD: &str = "another process holds the file: end it, or let it finish (`fuser` with the path tells which it is)";

/// What to do where PostgreSQL is there and no private connection is to be had: the driver tells of a handshake that fails as it
/// tells of a server that is away.
const CERTIFICATE: &str =
    "its certificate does not hold: look at `store.postgres.ca_file`, and whether it names the host as `[store]` does";
const TLS: &str = "look at `store.postgres.tls` and `ca_file`";

/// What to do where nothing better is known.
const LOOK_AT_LOG: &str = "look at the database's log";
const LOOK_AT_FILE: &str = "look at the file, at the disk that it is on, and at who may write it";

/// What to do where the driver or the database says this.
fn remedy_of(error: &Error) -> &'static str {
    match error {
        Error::Io(_) => match certificate::fault(error) {
            Some(TlsFault::Certificate) => CERTIFICATE,
            Some(TlsFault::Other) => TLS,
            None => "is it running, and are host, port or path in `[store]` its own?",
        },
        Error::Tls(_) => TLS,
        Error::Database(database) if database.try_downcast_ref::<SqliteError>().is_some() => {
            match database.code().and_then(|code| code.parse().ok()) {
                Some(code) if sqlite_is_held(code) => HELD,
                // NOTADB.
                Some(26) => "name a file that is a database, or that is not there yet, in `store.sqlite.path`",
                Some(code) => sqlite_remedy(code).unwrap_or(LOOK_AT_FILE),
                None => LOOK_AT_FILE,
            }
        }
        Error::Database(database) => match database.code().as_deref() {
            Some("42501") => {
                "let the role create tables in it, or run `identity migrate` as a role that may and set `store.migrate = \"by-command\"`"
            }
            Some(code) => postgres_remedy(code).unwrap_or(LOOK_AT_LOG),
            None => LOOK_AT_LOG,
        },
        _ => LOOK_AT_LOG,
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
        Error::Io(io) if certificate::fault(error).is_none() => unavailable(format!("{}", io.kind())),
        Error::Io(_) => unavailable(with_remedy("no encrypted connection".to_owned(), Some(remedy_of(error)))),
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
    let what = match (error.constraint(), error.table()) {
        (Some(constraint), _) => format!("code {code} at {constraint}"),
        (None, Some(table)) => format!("code {code} at {table}"),
        (None, None) => format!("code {code}"),
    };
    let what = with_remedy(what, remedy_of_code(error, &code));
    let again = is_of_postgres(error) && postgres_may_recover(&code);
    if again { unavailable(what) } else { broken(what) }
}

/// The fault behind an error of SQLite.
pub(super) fn of_sqlite(error: &rusqlite::Error) -> StoreFault {
    let told = told_of_sqlite(error);
    if sqlite_code(error).is_some_and(sqlite_may_recover) { unavailable(told) } else { broken(told) }
}

/// What is told of an error of SQLite: its code and what to do.
pub(super) fn told_of_sqlite(error: &rusqlite::Error) -> String {
    let Some(code) = sqlite_code(error) else { return "the driver refused".to_owned() };
    with_remedy(format!("code {code}"), sqlite_remedy(code))
}

/// Whether another process holds the file: BUSY and LOCKED.
pub(super) fn is_locked(error: &rusqlite::Error) -> bool {
    sqlite_code(error).is_some_and(sqlite_is_held)
}

fn sqlite_code(error: &rusqlite::Error) -> Option<i32> {
    let rusqlite::Error::SqliteFailure(error, _) = error else { return None };
    Some(error.extended_code)
}

fn with_remedy(mut what: String, remedy: Option<&str>) -> String {
    if let Some(remedy) = remedy {
        what.push_str(": ");
        what.push_str(remedy);
    }
    what
}

fn is_of_postgres(error: &dyn DatabaseError) -> bool {
    error.try_downcast_ref::<PgDatabaseError>().is_some()
}

fn remedy_of_code(error: &dyn DatabaseError, code: &str) -> Option<&'static str> {
    if is_of_postgres(error) { postgres_remedy(code) } else { sqlite_remedy(code.parse().ok()?) }
}

/// What an operator can do where PostgreSQL refuses with this code (SQLSTATE).
fn postgres_remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "25006" => "it takes no writes; name the primary in `store.postgres.host`",
        "28000" | "28P01" => "it does not let the role in; look at `store.postgres.user` and at its password file",
        "3D000" => "create the database, or name another in `store.postgres.database`",
        "42501" => "grant the role the rights to read and write the tables, or let it own them",
        "42703" | "42P01" => "the schema is older than this program, or not there; run `identity migrate`",
        "53100" => "its disk is full; make room",
        "53300" => "raise its `max_connections`, or lower `store.postgres.pool_size`",
        "57P03" => "it is starting or stopping; try again in a moment",
        "58030" => "its disk fails; look at the database's log",
        _ => return None,
    })
}

/// What an operator can do where SQLite refuses with this code, whatever its extension.
const fn sqlite_remedy(code: i32) -> Option<&'static str> {
    Some(match code & 0xff {
        1 => "the schema may be older than this program, or not there; run `identity migrate`",
        5 | 6 => "another process holds the file; wait for its end, or end it",
        8 => "the file takes no writes; look at who may write it and how its disk is mounted",
        10 => "the disk fails or takes no more; look at its room and at the system's log",
        11 => "the file is damaged; stop the service and put a backup in its place",
        13 => "the disk is full; make room",
        14 => "the file or one beside it cannot be opened; look at who may write its folder",
        _ => return None,
    })
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
    fn what_an_operator_can_do_is_told_beside_the_code() {
        for (code, words) in [
            ("53100", "disk is full"),
            ("42P01", "run `identity migrate`"),
            ("53300", "max_connections"),
            ("57P03", "try again"),
        ] {
            assert!(postgres_remedy(code).unwrap().contains(words), "{code}");
        }
        let full = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(13), Some("secret".to_owned()));
        assert_eq!(told_of_sqlite(&full), "code 13: the disk is full; make room");
        for (code, words) in [(8, "takes no writes"), (778, "the disk fails"), (14, "cannot be opened")] {
            assert!(sqlite_remedy(code).unwrap().contains(words), "{code}");
        }
        assert_eq!((postgres_remedy("23505"), sqlite_remedy(1555)), (None, None));
    }

    #[test]
    fn the_text_of_an_error_is_not_told() {
        let fault = of(&Error::Protocol("secret".to_owned()));
        let StoreFault::Unavailable(cause) = fault else { panic!("a broken connection may recover") };
        assert!(!format!("{cause} {cause:?}").contains("secret"));
    }
}
