//! The audit log of a service, read from its store beside it.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, SqlSafeStr};

use super::world::World;

/// An event, as far as tests ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// What happened.
    pub(crate) act: String,
    /// `success` or `failure`.
    pub(crate) outcome: String,
    /// Why.
    pub(crate) reason: String,
    /// Who.
    pub(crate) actor: String,
    /// From where.
    pub(crate) address: Option<String>,
    /// The trace.
    pub(crate) trace_id: String,
}

/// Every event of a service until now, the oldest first.
#[derive(Debug)]
pub(crate) struct Audit(pub(crate) Vec<Event>);

const EVENTS: &str = "SELECT act, outcome, reason, actor, address, trace_id FROM audit_events ORDER BY event_id";

impl World {
    /// Reads the audit log.
    pub(crate) async fn audit(&self) -> Audit {
        if let Some(database) = &self.database {
            let mut connection = PgConnection::connect(database.url()).await.unwrap();
            Audit(sqlx::query(EVENTS).fetch_all(&mut connection).await.unwrap().iter().map(event).collect())
        } else {
            let options = SqliteConnectOptions::new().filename(self.sqlite_file()).read_only(true);
            let mut connection = options.connect().await.unwrap();
            Audit(sqlx::query(EVENTS).fetch_all(&mut connection).await.unwrap().iter().map(event).collect())
        }
    }

    /// Runs one statement on the store.
    pub(crate) async fn execute(&self, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned()).into_sql_str();
        if let Some(database) = &self.database {
            let mut connection = PgConnection::connect(database.url()).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        } else {
            let options = SqliteConnectOptions::new().filename(self.sqlite_file());
            sqlx::raw_sql(statement).execute(&mut options.connect().await.unwrap()).await.unwrap();
        }
    }

    /// The one number that a query of the store gives; `-1` for NULL.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let query = format!("SELECT CAST(COALESCE(({query}), -1) AS bigint)");
        let query = AssertSqlSafe(query).into_sql_str();
        if let Some(database) = &self.database {
            let mut connection = PgConnection::connect(database.url()).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
        } else {
            let options = SqliteConnectOptions::new().filename(self.sqlite_file()).read_only(true);
            let mut connection = options.connect().await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
        }
    }
}

fn event<'r, R: Row>(row: &'r R) -> Event
where
    &'static str: sqlx::ColumnIndex<R>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    Event {
        act: row.get("act"),
        outcome: row.get("outcome"),
        reason: row.get("reason"),
        actor: row.get("actor"),
        address: row.get("address"),
        trace_id: row.get("trace_id"),
    }
}

impl Audit {
    /// How many events of an act have this reason; the empty reason is plain success.
    pub(crate) fn count(&self, act: &str, reason: &str) -> usize {
        self.0.iter().filter(|event| event.act == act && event.reason == reason).count()
    }

    /// How many events callers have left: all but those of the service's starts.
    pub(crate) fn of_callers(&self) -> usize {
        self.0.len() - self.total("service.started")
    }

    /// How many events of an act there are.
    pub(crate) fn total(&self, act: &str) -> usize {
        self.0.iter().filter(|event| event.act == act).count()
    }
}
