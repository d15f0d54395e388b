//! What has expired goes as fast as it comes in.

use std::time::Duration;

use crate::both_stores::bodies_on_both_stores;
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(what_one_sweep_leaves_goes_with_the_next,);

/// Sealed answers hold tokens, and are promised for ten minutes: a sweep a minute of two thousand rows would leave most of a busy
/// service's for ever.
async fn what_one_sweep_leaves_goes_with_the_next(store: Store) {
    let mut world = World::on(store).await;
    world
        .execute(match store {
            Store::Postgres => {
                "INSERT INTO answers SELECT sha256(n::text::bytea), '\\x00', 'k', '\\x00', 0 FROM generate_series(1, 7000) n"
            }
            Store::Sqlite => {
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 7000) \
                 INSERT INTO answers SELECT randomblob(32), x'00', 'k', x'00', 0 FROM n"
            }
        })
        .await;
    world.server.restart_after_kill().await;
    wait::until("all has gone", Duration::from_secs(20), async || {
        (world.number("SELECT COUNT(*) FROM answers").await == 0).then_some(())
    })
    .await;
}
