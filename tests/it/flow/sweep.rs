//! What has expired goes as fast as it comes in.

use std::time::Duration;

use identity::grpc::proto::{RefreshTokenRequest, SignOutRequest};

use crate::both_stores::{bodies_on_both_stores, on_both_stores_with_clock};
use crate::support::refusal::Refusal;
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

// A token of a session that has gone is answered as one that never was, and as it was answered while the session was kept.
on_both_stores_with_clock!(a_session_goes_a_day_after_its_end_and_nobody_can_tell, |mut world| {
    let tokens = world.server.sign_in("ada@example.com").await.tokens.unwrap();
    let kept = tokens.refresh_token;
    // The last character tells least of the token's tag: some others stand for the same bytes.
    let strange = format!("{}A{}", &kept[..kept.len() - 9], &kept[kept.len() - 8..]);
    world.advance(Duration::from_hours(30 * 24));
    let [over, unknown] = [refused(&world, &kept).await, refused(&world, &strange).await];
    assert_eq!(over, unknown);
    world.server.restart_after_kill().await;
    world.server.sign_in("ben@example.com").await;
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 2, "it is kept for a day");
    world.advance(Duration::from_hours(24));
    // It sweeps when it starts.
    world.server.restart_after_kill().await;
    wait::until("the session has gone", Duration::from_secs(20), async || {
        (world.number("SELECT COUNT(*) FROM sessions").await == 1).then_some(())
    })
    .await;
    assert_eq!([refused(&world, &kept).await, refused(&world, &strange).await], [over, unknown]);
    let out = SignOutRequest { refresh_token: kept, all_sessions: true, ..SignOutRequest::default() };
    world.server.client().await.identity().sign_out(out).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions WHERE end_time IS NULL").await, 1);
});

/// Everything that a refused refresh tells.
async fn refused(world: &World, refresh_token: &str) -> String {
    let request = RefreshTokenRequest { refresh_token: refresh_token.to_owned(), ..RefreshTokenRequest::default() };
    let status = world.server.client().await.identity().refresh_token(request).await.unwrap_err();
    let told = format!("{:?} {:?} {:?}", status.code(), status.message(), status.details());
    assert_eq!(Refusal::from(status).reason, "REFRESH_TOKEN_INVALID");
    told
}
