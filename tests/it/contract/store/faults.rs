//! Stores that are away are told within a second, and serve again, without a restart, when they are back.

use super::{
    Engine, Given,
    given::{NOW, at, challenge, completion},
    on_both,
    peers::options,
};
use crate::support::{
    postgres::{Postgres, USER},
    proxy::{Fault, Proxy},
};
use futures_util::future::join_all;
use identity::{
    adapters::sql::{PostgresOptions, PostgresStore},
    domain::id::ChallengeId,
    ports::store::{BeginOutcome, Store, StoreFault},
};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::{Duration, Instant};
use uuid::Uuid;

on_both!(a_fault_tells_no_statement_and_no_value);

async fn begins(store: &dyn Store) {
    assert_eq!(store.begin_challenge(challenge("ada@example.com", NOW)).await.unwrap(), BeginOutcome::Begun);
}

/// The store answers that it does not answer, within a second.
async fn is_away(store: &dyn Store) {
    let start = Instant::now();
    let fault = store.begin_challenge(challenge("ada@example.com", NOW)).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_refused_or_dumb() {
    let given = Given::on(Engine::Postgres).await;
    let proxy = Proxy::start(&format!("127.0.0.1:{}", Postgres::shared().port())).await;
    let mut way = options(given.held.database().name());
    way.port = proxy.address().port();
    let store = PostgresStore::connect(way).await.unwrap();
    begins(&store).await;
    for fault in [Fault::Refuse, Fault::Swallow] {
        proxy.set(fault);
        is_away(&store).await;
        is_away(&store).await;
        proxy.set(Fault::None);
        // Back at once: no caller pays for the connections that died meanwhile.
        join_all((0..16).map(|_| begins(&store))).await;
    }
    proxy.set(Fault::Delay(Duration::from_secs(2)));
    join_all((0..16).map(|_| is_away(&store))).await;
    proxy.set(Fault::None);
    join_all((0..16).map(|_| begins(&store))).await;
}

/// After a step that came to nothing a commit is asked for, by a function that whoever runs the database may keep from us.
#[tokio::test]
async fn a_sign_of_life_needs_no_right() {
    let given = Given::on(Engine::Postgres).await;
    let withheld = "ALTER FUNCTION pg_logical_emit_message(boolean, text, text) RENAME TO withheld";
    for change in ["SELECT 1", withheld] {
        given.inspect.execute(change).await.unwrap();
        given.inspect.execute("ALTER TABLE challenges RENAME TO elsewhere").await.unwrap();
        given.store.begin_challenge(challenge("ada@example.com", NOW)).await.unwrap_err();
        given.inspect.execute("ALTER TABLE elsewhere RENAME TO challenges").await.unwrap();
        for _ in 0..3 {
            given.store.ping().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_again() {
    let mut server = Postgres::start(&[]);
    let mut way = PostgresOptions::new("127.0.0.1", "postgres", USER);
    way.port = server.port();
    let store = PostgresStore::connect(way).await.unwrap();
    store.migrate().await.unwrap();
    join_all((0..16).map(|_| begins(&store))).await;
    server.stop();
    is_away(&store).await;
    server.start_again();
    join_all((0..16).map(|_| begins(&store))).await;
    // A restart between two calls, unnoticed by any.
    server.stop();
    server.start_again();
    tokio::time::sleep(Duration::from_secs(1)).await;
    join_all((0..16).map(|_| begins(&store))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_writes() {
    let given = Given::on(Engine::Sqlite).await;
    let file = SqliteConnectOptions::new().filename(given.held.file());
    let mut other = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    is_away(given.store.as_ref()).await;
    given.store.ping().await.unwrap();
    // Whoever comes later waits for those before as well, and no longer than they do.
    let later = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        is_away(given.store.as_ref()).await;
    };
    tokio::join!(is_away(given.store.as_ref()), later);
    given.store.ping().await.unwrap();
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    begins(given.store.as_ref()).await;
}

async fn a_fault_tells_no_statement_and_no_value(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let mut sign_in = completion(&given.charged(id, at(1)).await, at(1));
    sign_in.session.user_id = identity::domain::id::UserId::new(Uuid::from_u128(7));
    sign_in.session.session_id = given.signed_in("bob@example.com", NOW).await.session_id;
    "PhoneOfAda".clone_into(&mut sign_in.session.device.device_id);
    let duplicate = given.store.complete_sign_in(sign_in).await.unwrap_err();
    given.inspect.execute("ALTER TABLE challenges RENAME TO elsewhere").await.unwrap();
    let missing = given.store.challenge(ChallengeId::new(Uuid::from_u128(7))).await.unwrap_err();
    let StoreFault::Broken(cause) = &missing else { panic!("{missing:?}") };
    assert!(cause.to_string().contains("run `identity migrate`"), "{cause}");
    for fault in [duplicate, missing] {
        let StoreFault::Broken(cause) = &fault else { panic!("{fault:?}") };
        assert!(cause.source().is_none());
        for text in [fault.to_string(), cause.to_string(), format!("{fault:?}")] {
            for word in ["SELECT", "INSERT", "PhoneOfAda", "Phone 1", "example", "00000007", "challenge_id"] {
                assert!(!text.contains(word), "{text}");
            }
        }
    }
    given.inspect.execute("ALTER TABLE elsewhere RENAME TO challenges").await.unwrap();
    begins(given.store.as_ref()).await;
    assert!(!given.store.challenge(id).await.unwrap().unwrap().used);
}
