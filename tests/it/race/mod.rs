//! Races: whatever many callers do at once, what is promised holds. On PostgreSQL the callers share two pools, as two
//! replicas do, and `processes` lets two processes race.

mod cancelled;
mod codes;
mod gate;
mod grants;
mod links;
mod processes;
mod receipts;
mod rotations;
mod sign_ins;
mod sign_outs;

use crate::contract::store::{Engine, Given, options};
use futures_util::future::join_all;
use gate::Gate;
use identity::{
    adapters::sql::{PostgresStore, SqliteStore},
    ports::store::Store,
};
use std::sync::Arc;
use tokio::sync::Barrier;

/// How many callers race.
const MANY: usize = 64;

/// The store of the test, and a second one on the same data.
async fn replicas(given: &Given) -> [Arc<dyn Store>; 2] {
    let second: Arc<dyn Store> = match given.engine {
        Engine::Postgres => Arc::new(PostgresStore::connect(options(given.held.database().name())).await.unwrap()),
        Engine::Sqlite => Arc::new(SqliteStore::open(&given.held.file()).await.unwrap()),
    };
    [Arc::clone(&given.store), second]
}

/// Lets `count` callers, each with its number, begin at the same moment, half of them on each replica. On PostgreSQL they
/// meet at a gate first, so that their statements have begun before any of them has changed anything.
async fn race<T, F>(given: &Given, count: usize, caller: impl Fn(Arc<dyn Store>, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let replicas = replicas(given).await;
    let gate = match given.engine {
        Engine::Postgres => Some(Gate::close(given.held.database().url()).await),
        Engine::Sqlite => None,
    };
    let start = Arc::new(Barrier::new(count));
    let callers = (0..count).map(|number| {
        let (start, call) = (Arc::clone(&start), caller(Arc::clone(&replicas[number % 2]), number));
        tokio::spawn(async move {
            start.wait().await;
            call.await
        })
    });
    let callers: Vec<_> = callers.collect();
    if let Some(gate) = gate {
        gate.open().await;
    }
    join_all(callers).await.into_iter().map(Result::unwrap).collect()
}
