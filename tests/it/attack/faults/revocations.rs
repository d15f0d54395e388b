//! A150: a hundred thousand sessions are ended within the life of an access token. Each is remembered, and none takes much.

use std::time::{Duration, Instant};

use crate::both_stores::on_both_stores;
use crate::support::server::Server;
use crate::support::wait;
use crate::support::world::World;
use identity::grpc::proto::{SignOutRequest, TokenSet};

const BATCHES: u32 = 10;
const A_BATCH: u32 = 10_000;

/// What a hundred thousand of them may take in memory.
const MOST_MEBIBYTES: u64 = 64;

/// Ends so many sessions at once, as other processes would: in the store alone.
async fn end_many(world: &World) {
    let columns = "user_id, client_id, device_id, device_name, platform, create_time, auth_time, last_use_time, \
        idle_expire_time, absolute_expire_time, counter, refresh_hash";
    let statement = if world.database.is_some() {
        format!(
            "INSERT INTO sessions (session_id, {columns}, end_time) SELECT gen_random_uuid(), {columns}, \
             (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint FROM (SELECT * FROM sessions ORDER BY create_time LIMIT 1) one, generate_series(1, {A_BATCH})"
        )
    } else {
        format!(
            "WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {A_BATCH}) \
             INSERT INTO sessions (session_id, {columns}, end_time) SELECT randomblob(16), {columns}, \
             CAST(unixepoch('subsec') * 1000000 AS INTEGER) \
             FROM (SELECT * FROM sessions ORDER BY create_time LIMIT 1), many"
        )
    };
    world.execute(&statement).await;
}

async fn sign_out(server: &Server, tokens: &TokenSet) {
    let request = SignOutRequest { refresh_token: tokens.refresh_token.clone(), ..SignOutRequest::default() };
    server.client().await.identity().sign_out(request).await.unwrap();
}

fn resident_mebibytes(server: &mut Server) -> u64 {
    crate::attack::surface::resident_mebibytes(server)
}

on_both_stores!(a150_a_hundred_thousand_revocations_are_bounded_and_none_is_forgotten, |mut world| {
    let mut ended = Vec::new();
    for nth in 0..=BATCHES {
        ended.push(world.server.sign_in(&format!("a150-{nth}@example.com")).await.tokens.unwrap());
    }
    let running = world.server.sign_in("a150-running@example.com").await.tokens.unwrap();
    let client = world.server.client().await;
    let before = resident_mebibytes(&mut world.server);
    sign_out(&world.server, &ended[0]).await;
    for nth in 1..=BATCHES {
        end_many(&world).await;
        // One more among them, which is to be known at once; and while they are read nobody waits for long.
        let one = &ended[usize::try_from(nth).unwrap()];
        sign_out(&world.server, one).await;
        let asked = Instant::now();
        assert!(!client.validate(&one.access_token).await.unwrap().active);
        assert!(client.validate(&running.access_token).await.unwrap().active);
        assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    }
    // The feed has been read to its end, some times over.
    let other = world.another().await;
    let there = other.client().await;
    let last = world.server.sign_in("a150-last@example.com").await.tokens.unwrap();
    sign_out(&other, &last).await;
    wait::until("what the other process ended is known", Duration::from_secs(5), async || {
        (!client.validate(&last.access_token).await.unwrap().active).then_some(())
    })
    .await;
    for tokens in &ended {
        for replica in [&client, &there] {
            assert!(!replica.validate(&tokens.access_token).await.unwrap().active, "one was forgotten");
        }
    }
    for replica in [&client, &there] {
        assert!(replica.validate(&running.access_token).await.unwrap().active);
    }
    let after = resident_mebibytes(&mut world.server);
    println!("{before} MiB before, {after} MiB after on {:?}", super::books::store_of(&world));
    assert!(after < before + MOST_MEBIBYTES, "{before} MiB before, {after} MiB after");
    // Nor by who starts anew.
    world.server.restart_after_kill().await;
    let client = world.server.client().await;
    for tokens in &ended {
        assert!(!client.validate(&tokens.access_token).await.unwrap().active, "one was forgotten");
    }
    assert!(client.validate(&running.access_token).await.unwrap().active);
});
