//! A136, A138: whoever calls while the store is away is refused each time, and does not write the log full by it.

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;

use crate::both_stores::bodies_on_both_stores;
use crate::support::proxy::{Fault, Proxy};
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(a136_an_outage_is_logged_once_a_second);

/// Calls that meet the outage.
const CALLS: usize = 600;

async fn a136_an_outage_is_logged_once_a_second(store: Store) {
    let proxy = Proxy::to_postgres().await;
    let world = World::with(store, |settings| {
        if store == Store::Postgres {
            settings.postgres_through(&proxy);
        }
    })
    .await;
    let (challenge, code) = world.server.request_code("a136@example.com").await;
    let client = world.server.client().await;
    let refused = async || client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err().reason;
    match store {
        Store::Postgres => proxy.set(Fault::Refuse),
        Store::Sqlite => fs::rename(world.sqlite_file(), world.sqlite_file().with_extension("aside")).unwrap(),
    }
    for _ in 0..CALLS / 20 {
        for reason in join_all((0..20).map(|_| refused())).await {
            assert_eq!(reason, "STORE_UNAVAILABLE");
        }
    }
    let lines = || world.server.log().lines_with("the store is unavailable");
    // One a second for each way in which it is away, while the calls went on, however slow the machine is.
    assert!((1..=CALLS / 10).contains(&lines().len()), "{} lines", lines().len());
    let untold = |line: &String| line.split_once("\"untold\":")?.1.split([',', '}']).next()?.parse::<usize>().ok();
    // What was left out is told with the next fault of its kind.
    wait::until("most calls are told of", Duration::from_secs(15), async || {
        refused().await;
        (lines().iter().filter_map(untold).sum::<usize>() >= CALLS / 2).then_some(())
    })
    .await;
}
