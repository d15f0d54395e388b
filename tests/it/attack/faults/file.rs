//! A138: the file of SQLite is held by another, may not be written, or its log of changes is torn. That the disk is full or
//! the file gone is shown in `flow::sqlite_file`.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tonic::Code;

use super::books;
use crate::support::world::{Store, World, identity};

#[tokio::test]
async fn a138_a_file_that_another_holds() {
    let world = World::on(Store::Sqlite).await;
    let (challenge, code) = world.server.request_code("a138@example.com").await;
    let client = world.server.client().await;
    let options = SqliteConnectOptions::new().filename(world.sqlite_file());
    for hold in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        other.execute(hold).await.unwrap();
        for verify in [false, true] {
            let asked = Instant::now();
            let refusal = if verify {
                client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err()
            } else {
                client.send_otp("nobody@example.com").await.unwrap_err()
            };
            assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"), "{hold}");
            assert!(asked.elapsed() < Duration::from_millis(1300), "{:?}", asked.elapsed());
        }
        other.execute("ROLLBACK").await.unwrap();
    }
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    assert!(world.server.mailbox().to("nobody@example.com").is_empty(), "no code without a committed row");
    books::are_true(&world, "after others had held the file").await;
}

/// As on a volume that is mounted to be read: whoever is root may write everything else. SQLite reads and does not write a
/// file whose format is of a later version than it knows how to write (its header's byte 18).
#[tokio::test]
async fn a138_a_file_that_is_only_read() {
    let mut world = World::on(Store::Sqlite).await;
    world.server.sign_in("a138@example.com").await;
    assert!(world.server.terminate().await.success());
    let file = world.sqlite_file();
    assert!(!file.with_file_name("identity.db-wal").exists(), "everything stands in the file");
    let handle = OpenOptions::new().write(true).open(&file).unwrap();
    handle.write_all_at(&[3], 18).unwrap();
    let before = fs::read(&file).unwrap();
    let configuration = world.settings.file();
    let refused = identity(&["serve", "--config", configuration.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(69), "{told}");
    assert!(told.contains("the file takes no writes; look at who may write it"), "{told}");
    assert!(fs::read(&file).unwrap() == before, "the file was written");
    handle.write_all_at(&[2], 18).unwrap();
    world.server.restart_after_kill().await;
    assert!(!world.server.sign_in("a138@example.com").await.new_user);
    books::are_true(&world, "once it may be written again").await;
}

type Tear = fn(&mut Vec<u8>);

/// How a power cut leaves the log of changes: what was written last is missing, is cut within, or is not what was written.
const TORN: [(&str, Tear); 8] = [
    ("whole", |_| {}),
    ("without its last page", |log| log.truncate(log.len() - 4096 - 24)),
    ("cut within its last page", |log| log.truncate(log.len() - 1000)),
    ("cut within the last page's header", |log| log.truncate(log.len() - 4096 - 7)),
    ("with a bit of its last page flipped", |log| *log.iter_mut().nth_back(100).unwrap() ^= 1),
    ("with zeros at its end", |log| log.iter_mut().rev().take(6000).for_each(|byte| *byte = 0)),
    ("with something else behind", |log| log.extend([0x5a; 9000])),
    ("cut in the middle", |log| log.truncate(log.len() / 2)),
];

#[tokio::test]
async fn a138_a_torn_log_of_changes_loses_its_end_and_nothing_else() {
    let mut world = World::with(Store::Sqlite, |settings| settings.limit("address", 1000, 60)).await;
    for nth in 0..6 {
        world.server.sign_in(&format!("a138-{nth}@example.com")).await;
    }
    world.server.process().kill();
    let beside = |name: &str| world.sqlite_file().with_file_name(name);
    let [file, log, shared] = ["identity.db", "identity.db-wal", "identity.db-shm"].map(beside);
    let (kept, whole) = (fs::read(&file).unwrap(), fs::read(&log).unwrap());
    assert!(whole.len() > 20_000, "the log holds {} bytes", whole.len());
    for (how, tear) in TORN {
        let mut torn = whole.clone();
        tear(&mut torn);
        fs::write(&file, &kept).unwrap();
        fs::write(&log, &torn).unwrap();
        // What processes share is made of the log anew; whatever stands there is not believed.
        fs::write(&shared, vec![0x5a; 32768]).unwrap();
        world.server.restart_after_kill().await;
        let users = world.number("SELECT COUNT(*) FROM users").await;
        assert!(
            if how == "whole" || how.ends_with("behind") { users == 6 } else { (0..=6).contains(&users) },
            "{how}: {users}"
        );
        books::are_true(&world, how).await;
        let answer = world.server.sign_in("a138-0@example.com").await;
        assert_eq!(answer.new_user, users == 0, "{how}");
        books::are_true(&world, how).await;
        world.server.process().kill();
    }
}
