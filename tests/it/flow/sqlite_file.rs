//! The file of SQLite is taken away under the service, replaced, or cannot be written.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use crate::support::world::{Store, World};
use crate::support::{http, wait};

/// Waits until the readiness is told so.
async fn is(world: &World, status: u16) {
    wait::until("the readiness is told", Duration::from_secs(10), async || {
        (http::get(world.server.addresses().http, "/health/ready").await.status == status).then_some(())
    })
    .await;
}

async fn refuses(world: &World) {
    let client = world.server.client().await;
    let refused = client.send_otp("lost@example.com").await.unwrap_err();
    assert_eq!(refused.reason, "STORE_UNAVAILABLE", "{refused:?}");
}

fn beside(world: &World, name: &str) -> PathBuf {
    world.sqlite_file().with_file_name(name)
}

async fn open(world: &World) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(world.sqlite_file())).await.unwrap()
}

const REMOVED: &str = "was removed or replaced, and nothing is written any more";

#[tokio::test]
async fn a_file_that_was_removed_is_an_outage() {
    let world = World::on(Store::Sqlite).await;
    let (challenge, code) = world.server.request_code("lost@example.com").await;
    is(&world, 200).await;
    for name in ["identity.db", "identity.db-wal", "identity.db-shm"] {
        fs::remove_file(beside(&world, name)).unwrap();
    }
    refuses(&world).await;
    let client = world.server.client().await;
    let refused = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert_eq!(refused.reason, "STORE_UNAVAILABLE");
    is(&world, 503).await;
    refuses(&world).await;
    let lines = world.server.log().lines_with(REMOVED);
    assert!(lines.len() == 1 && lines[0].contains("ERROR") && lines[0].contains("identity.db"), "{lines:?}");
    assert!(!world.sqlite_file().exists());
}

/// Nobody asks anything but for a sign of life.
#[tokio::test]
async fn a_file_that_was_replaced_is_left_as_it_is() {
    let mut world = World::on(Store::Sqlite).await;
    world.server.sign_in("early@example.com").await;
    let (file, backup) = (world.sqlite_file(), beside(&world, "backup.db"));
    let into = format!("VACUUM INTO '{}'", backup.display());
    sqlx::raw_sql(sqlx::AssertSqlSafe(into)).execute(&mut open(&world).await).await.unwrap();
    let before = fs::read(&backup).unwrap();
    for number in 0..10 {
        world.server.sign_in(&format!("late{number}@example.com")).await;
    }
    is(&world, 200).await;
    fs::rename(&file, beside(&world, "old.db")).unwrap();
    fs::rename(&backup, &file).unwrap();
    is(&world, 503).await;
    wait::until("nothing is left of the log of changes", Duration::from_secs(5), async || {
        (fs::metadata(beside(&world, "identity.db-wal")).unwrap().len() == 0).then_some(())
    })
    .await;
    refuses(&world).await;
    assert!(world.server.terminate().await.success());
    assert!(fs::read(&file).unwrap() == before, "the file in its place was written");

    world.server.restart_after_kill().await;
    is(&world, 200).await;
    world.server.sign_in("early@example.com").await;
    let mut found = open(&world).await;
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut found).await.unwrap();
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut found).await.unwrap();
    assert_eq!((sound.as_str(), users), ("ok", 1));
    // What was written before stands in the file that was taken away.
    let old = SqliteConnectOptions::new().filename(beside(&world, "old.db"));
    let mut old = SqliteConnection::connect_with(&old).await.unwrap();
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut old).await.unwrap();
    assert_eq!(users, 11);
}

#[tokio::test]
async fn a_file_that_comes_back_is_served_again() {
    let world = World::on(Store::Sqlite).await;
    let (challenge, code) = world.server.request_code("back@example.com").await;
    let aside = beside(&world, "aside.db");
    fs::rename(world.sqlite_file(), &aside).unwrap();
    is(&world, 503).await;
    refuses(&world).await;
    fs::rename(&aside, world.sqlite_file()).unwrap();
    is(&world, 200).await;
    world.server.client().await.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut open(&world).await).await.unwrap();
    assert_eq!(found, 1);
}

/// No file of the process may grow, as on a full disk: what is there is read for long yet.
#[tokio::test]
async fn a138_a_disk_that_takes_no_more_is_not_ready() {
    let mut world = World::on(Store::Sqlite).await;
    world.server.restart_to_bear_limits().await;
    world.server.request_code("early@example.com").await;
    is(&world, 200).await;
    let process = Pid::from_child(world.server.process().child());
    let limit = |current| {
        let maximum = getrlimit(Resource::Fsize).maximum;
        prlimit(Some(process), Resource::Fsize, Rlimit { current, maximum }).unwrap();
    };
    limit(Some(fs::metadata(beside(&world, "identity.db-wal")).unwrap().len()));
    refuses(&world).await;
    is(&world, 503).await;
    // From here on it is known, and nobody is counted for what was told to lose nothing.
    for _ in 0..5 {
        refuses(&world).await;
    }
    assert!(
        !world.server.log().lines_with("the disk fails or takes no more").is_empty(),
        "{}",
        world.server.log().text()
    );
    limit(None);
    is(&world, 200).await;
    world.server.client().await.send_otp("lost@example.com").await.unwrap();
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut open(&world).await).await.unwrap();
    assert_eq!(sound, "ok");
}
