//! The sign of life that the database is asked for.

use super::{Postgres, connections::Connections, link::Bound};
use crate::{
    adapters::sql::{
        engine::{Access, Parts as _},
        steps,
    },
    ports::store::StoreFault,
};
use tokio::time::Instant;

/// A commit of nothing but a message in the log, which nobody reads. A database that only reads writes none.
pub(super) const COMMIT: &str = "SELECT 1 AS one FROM pg_logical_emit_message(TRUE, 'identity', '') \
    WHERE current_setting('transaction_read_only') = 'off'";

/// `insufficient_privilege` and `undefined_function`: whoever runs this database keeps the function from us.
const WITHHELD: [&str; 2] = ["42501", "42883"];

/// Asks for a sign of life. Where a step came to nothing since the last one, only a commit is one: a server whose commits
/// hang, as without its synchronous standby, still reads.
pub(super) async fn ping(postgres: &Postgres) -> Result<(), StoreFault> {
    let connections = &postgres.connections;
    if connections.are_doubted() && commits(connections).await? {
        return Ok(());
    }
    postgres.step(Access::Read, |link| Box::pin(steps::ledger::ping(link))).await
}

/// Whether the database could be asked for a commit, and made it.
async fn commits(connections: &Connections) -> Result<bool, StoreFault> {
    let asked = Instant::now();
    match connections.try_run(Bound::of(COMMIT)).await {
        Ok(rows) if rows.is_empty() => Err(steps::ledger::read_only()),
        Ok(_) => {
            connections.trust(asked);
            Ok(true)
        }
        Err(failure) if failure.has_code(&WITHHELD) => Ok(false),
        Err(failure) => Err(failure.into()),
    }
}
