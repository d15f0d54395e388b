//! The sign of life that the database is asked for.

use super::{Postgres, connections::Connections, link::Bound};
use crate::{
    adapters::sql::{
        engine::{Access, Parts as _},
        rows, steps,
    },
    domain::time::Timestamp,
    ports::store::StoreFault,
};
use sqlx::postgres::PgRow;
use tokio::time::Instant;

/// A commit of nothing but a message in the log, which nobody reads. A database that only reads writes none.
pub(super) const COMMIT: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS store_time \
    FROM pg_logical_emit_message(TRUE, 'identity', '') WHERE current_setting('transaction_read_only') = 'off'";

/// `insufficient_privilege` and `undefined_function`: whoever runs this database keeps the function from us.
const WITHHELD: [&str; 2] = ["42501", "42883"];

/// Asks for a sign of life. Where a step came to nothing since the last one, only a commit is one: a server whose commits
/// hang, as without its synchronous standby, still reads. Gives the time of the server's machine.
pub(super) async fn ping(postgres: &Postgres) -> Result<Timestamp, StoreFault> {
    let connections = &postgres.connections;
    if connections.are_doubted()
        && let Some(row) = commit(connections).await?
    {
        return rows::time(&row, "store_time");
    }
    let row = postgres.step(Access::Read, |link| Box::pin(steps::ledger::ping(link))).await?;
    rows::time(&row, "store_time")
}

/// The row of a commit that was made; `None` where the database cannot be asked for one.
async fn commit(connections: &Connections) -> Result<Option<PgRow>, StoreFault> {
    let asked = Instant::now();
    match connections.try_run(Bound::of(COMMIT)).await {
        Ok(mut rows) => {
            let row = rows.pop().ok_or_else(steps::ledger::read_only)?;
            connections.trust(asked);
            Ok(Some(row))
        }
        Err(failure) if failure.has_code(&WITHHELD) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}
