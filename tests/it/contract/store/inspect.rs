//! Looks past a store at its rows.

use identity::domain::id::SessionId;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqlSafeStr, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The rows behind a store.
pub(crate) enum Inspect {
    Sqlite(PathBuf),
    Postgres(String),
}

/// One row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) act: String,
    pub(crate) outcome: String,
    pub(crate) reason: String,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) session_id: Option<Uuid>,
    pub(crate) client_id: Option<String>,
    pub(crate) device_id: String,
    pub(crate) address: Option<String>,
    pub(crate) time: i64,
}

const EVENTS: &str = "SELECT act, outcome, reason, user_id, session_id, client_id, device_id, address, time \
    FROM audit_events ORDER BY time, event_id";

macro_rules! with_connection {
    ($self:ident, |$connection:ident| $body:expr) => {
        match $self {
            Self::Sqlite(file) => {
                let mut $connection =
                    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap();
                $body
            }
            Self::Postgres(url) => {
                let mut $connection = PgConnection::connect(url).await.unwrap();
                $body
            }
        }
    };
}

impl Inspect {
    pub(crate) fn sqlite(file: &Path) -> Self {
        Self::Sqlite(file.to_owned())
    }

    pub(crate) fn postgres(url: &str) -> Self {
        Self::Postgres(url.to_owned())
    }

    /// The first column of the first row, a number.
    pub(crate) async fn number(&self, statement: &str) -> i64 {
        let text = AssertSqlSafe(statement.to_owned()).into_sql_str();
        with_connection!(self, |connection| {
            sqlx::query(text).fetch_one(&mut connection).await.unwrap().get::<i64, _>(0)
        })
    }

    /// Runs a statement; the error's text where it is refused.
    pub(crate) async fn execute(&self, statement: &str) -> Result<(), String> {
        let text = AssertSqlSafe(statement.to_owned()).into_sql_str();
        with_connection!(self, |connection| {
            sqlx::query(text).execute(&mut connection).await.map(drop).map_err(|error| error.to_string())
        })
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }

    /// The sessions of which the audit log says that they were ended, and why, in the order of their ids.
    pub(crate) async fn revoked(&self) -> Vec<(SessionId, String)> {
        let events = self.events().await.into_iter().filter(|event| event.act == "session.revoked");
        let mut revoked: Vec<_> =
            events.map(|event| (SessionId::new(event.session_id.unwrap()), event.reason)).collect();
        revoked.sort();
        revoked
    }

    /// The audit log, oldest first.
    pub(crate) async fn events(&self) -> Vec<Recorded> {
        macro_rules! read {
            ($row:ident) => {
                Recorded {
                    act: $row.get("act"),
                    outcome: $row.get("outcome"),
                    reason: $row.get("reason"),
                    user_id: $row.get("user_id"),
                    session_id: $row.get("session_id"),
                    client_id: $row.get("client_id"),
                    device_id: $row.get("device_id"),
                    address: $row.get("address"),
                    time: $row.get("time"),
                }
            };
        }
        with_connection!(self, |connection| {
            let rows = sqlx::query(EVENTS).fetch_all(&mut connection).await.unwrap();
            rows.iter().map(|row| read!(row)).collect()
        })
    }

    /// The acts of the audit log, each with its reason where it has one, sorted.
    pub(crate) async fn acts(&self) -> Vec<String> {
        let mut acts: Vec<String> = self
            .events()
            .await
            .into_iter()
            .map(|event| if event.reason.is_empty() { event.act } else { format!("{} {}", event.act, event.reason) })
            .collect();
        acts.sort();
        acts
    }

    /// The plan of a statement, whatever its values are.
    pub(crate) async fn plan(&self, statement: &str) -> String {
        match self {
            Self::Sqlite(file) => {
                let options = SqliteConnectOptions::new().filename(file);
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                let text = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")).into_sql_str();
                let rows = sqlx::query(text).fetch_all(&mut connection).await.unwrap();
                rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                // As the connections for requests have it: as little is stored, a scan would be cheap.
                let set = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; \
                    SET enable_mergejoin = off; SET enable_material = off; SET plan_cache_mode = force_generic_plan";
                let values = (1..).take_while(|n| statement.contains(&format!("${n}"))).map(|_| "NULL");
                let values = values.collect::<Vec<_>>().join(", ");
                let prepare = format!("{set}; PREPARE asked AS {statement}");
                sqlx::raw_sql(AssertSqlSafe(prepare).into_sql_str()).execute(&mut connection).await.unwrap();
                let text = AssertSqlSafe(format!("EXPLAIN EXECUTE asked ({values})")).into_sql_str();
                let rows = sqlx::raw_sql(text).fetch_all(&mut connection).await.unwrap();
                rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// Prepares a statement, as the engine's own parser and planner see it.
    pub(crate) async fn prepare(&self, statement: &'static str) -> Result<(), String> {
        use sqlx::Executor as _;
        with_connection!(self, |connection| {
            (&mut connection).prepare(statement.into_sql_str()).await.map(drop).map_err(|error| error.to_string())
        })
    }
}
