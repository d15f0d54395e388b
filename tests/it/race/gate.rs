//! A gate before the rows of a PostgreSQL: statements that come to lock one wait there, with the view of the rows that
//! they have begun with. A statement that judges by that view, and not by the rows as it finds them, gives itself away.

use sqlx::{Connection, PgConnection, Row};
use std::time::{Duration, Instant};

/// How long the gate stays closed at most: well within the time that a step may take.
const LONGEST: Duration = Duration::from_millis(300);

/// With nobody new at the gate for so long it opens.
const CALM: Duration = Duration::from_millis(30);

/// A closed gate.
pub(super) struct Gate(PgConnection);

impl Gate {
    /// Takes every row that callers race for.
    pub(super) async fn close(url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query("BEGIN").execute(&mut connection).await.unwrap();
        for table in [
            "SELECT 1 FROM challenges FOR UPDATE",
            "SELECT 1 FROM users FOR NO KEY UPDATE",
            "SELECT 1 FROM sessions FOR UPDATE",
            "SELECT 1 FROM lockouts FOR UPDATE",
        ] {
            sqlx::query(table).execute(&mut connection).await.unwrap();
        }
        Self(connection)
    }

    /// Opens when all who come have come.
    pub(super) async fn open(mut self) {
        let begin = Instant::now();
        let (mut waiting, mut since) = (0, begin);
        while begin.elapsed() < LONGEST && since.elapsed() < CALM {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now: i64 = sqlx::query(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(&mut self.0)
            .await
            .unwrap()
            .get(0);
            if now != waiting {
                (waiting, since) = (now, Instant::now());
            }
        }
        sqlx::query("COMMIT").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}
