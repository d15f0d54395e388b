//! Relays that say nothing, commits of which nobody heard, and a store that comes back: what was accepted goes soon, and once.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tonic::Code;

use super::books::Books;
use super::{ask, on_either_store, received, until_received, world};
use crate::support::preload::Ailment;
use crate::support::proxy::{Fault, Proxy};
use crate::support::smtp::{Security, Smtp};
use crate::support::world::{Store, World};
use crate::support::{slow_disk, wait};

/// A relay that takes connections and says nothing was given no message. Were it taken for one whose answer was lost, the second such
/// try would be the message's last.
async fn a_relay_that_says_nothing_loses_no_message(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let proxy = Proxy::start(&format!("127.0.0.1:{}", relay.port())).await;
    let world = world(store, proxy.address().port(), |_| {}).await;
    proxy.set(Fault::Swallow);
    let addresses = ask(&world, "patient", 8).await;
    wait::until("two tries of each", Duration::from_secs(20), async || {
        (world.number("SELECT SUM(attempts) FROM outbox").await >= 16).then_some(())
    })
    .await;
    assert_eq!(world.number("SELECT SUM(unanswered) FROM outbox").await, 0, "nothing was on its way");
    proxy.set(Fault::None);
    until_received(&relay, &addresses, Duration::from_secs(20)).await;
    let books = Books::settled(&world, addresses.len()).await;
    assert_eq!((books.delivered, books.dropped.len()), (8, 0));
    assert!(received(&relay).values().all(|count| *count == 1), "{:?}", received(&relay));
}

#[tokio::test]
async fn a_relay_that_says_nothing_loses_no_message_on_either_store() {
    on_either_store(a_relay_that_says_nothing_loses_no_message).await;
}

/// A store whose commit is made after its caller was told that it does not answer.
enum Mute {
    /// The answer of PostgreSQL is cut off.
    Cut(Proxy),
    /// The disk of SQLite takes longer than anyone waits.
    Slow(Ailment),
}

impl Mute {
    async fn world(store: Store) -> (World, Self) {
        if store == Store::Postgres {
            let proxy = Proxy::to_postgres().await;
            return (World::with(store, |settings| settings.postgres_through(&proxy)).await, Self::Cut(proxy));
        }
        let mut world = World::on(store).await;
        let disk = slow_disk::in_folder(world.settings.folder());
        world.server.restart_by(disk.rules()).await;
        (world, Self::Slow(disk))
    }

    fn begin(&self) {
        match self {
            Self::Cut(proxy) => proxy.set(Fault::CutAfter(0)),
            Self::Slow(disk) => disk.begin(),
        }
    }

    fn end(&self) {
        match self {
            Self::Cut(proxy) => proxy.set(Fault::None),
            Self::Slow(disk) => disk.end(),
        }
    }
}

/// The code is in the store, and whoever asked was told that the store does not answer. It is sent as soon as that is known, and not at
/// the end of a lease that nobody works under: who repeats the call under its request id is answered at once, and waits for this one.
async fn a_code_whose_commit_nobody_heard_of_comes_soon(store: Store) {
    let (world, mute) = Mute::world(store).await;
    let begun = async || world.number("SELECT COUNT(*) FROM challenges").await;
    for round in 0..20 {
        let email = format!("unheard-{round}@example.com");
        let client = world.server.client().await;
        // A connection that has not seen the statement would ask what it means first, and be cut there.
        client.send_otp(&format!("heard-{round}@example.com")).await.unwrap();
        let before = begun().await;
        mute.begin();
        let refusal = client.send_otp(&email).await.unwrap_err();
        mute.end();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"));
        if store == Store::Postgres && begun().await == before {
            // A job of the service lost the connection first, and the statement never left.
            continue;
        }
        // A lease is that of the mailbox and ten seconds.
        let sent = async || world.server.mailbox().to(&email).pop();
        wait::until("the code", Duration::from_secs(6), sent).await;
        // Nothing more comes at the end of the lease.
        tokio::time::sleep(Duration::from_secs(13)).await;
        assert_eq!(world.server.mailbox().to(&email).len(), 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM outbox WHERE settle_time IS NULL").await, 0);
        return;
    }
    panic!("no answer was lost after its commit in 20 rounds");
}

#[tokio::test]
async fn a_code_whose_commit_nobody_heard_of_comes_soon_on_either_store() {
    on_either_store(a_code_whose_commit_nobody_heard_of_comes_soon).await;
}

/// The store is away: PostgreSQL behind its proxy, or the file of SQLite.
enum Outage<'w> {
    Postgres(&'w Proxy),
    Sqlite(PathBuf),
}

impl<'w> Outage<'w> {
    fn begin(world: &World, database: &'w Proxy) -> Self {
        if world.database.is_some() {
            database.set(Fault::Refuse);
            return Self::Postgres(database);
        }
        let file = world.sqlite_file();
        fs::rename(&file, file.with_extension("aside")).unwrap();
        Self::Sqlite(file)
    }

    fn end(self) {
        match self {
            Self::Postgres(database) => database.set(Fault::None),
            Self::Sqlite(file) => fs::rename(file.with_extension("aside"), &file).unwrap(),
        }
    }
}

/// Codes wait for a relay when the store goes away; both come back, and the codes go.
async fn what_waits_goes_as_soon_as_the_store_is_back(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let proxy = Proxy::start(&format!("127.0.0.1:{}", relay.port())).await;
    let database = Proxy::to_postgres().await;
    let world = world(store, proxy.address().port(), |settings| {
        if store == Store::Postgres {
            settings.postgres_through(&database);
        }
    })
    .await;
    proxy.set(Fault::Refuse);
    let addresses = ask(&world, "waits", 3).await;
    // Each has been put off, and is due within a second.
    let put_off = "SELECT COUNT(*) FROM outbox WHERE attempts > 0 AND due_time - create_time < 5000000";
    wait::until("a try", Duration::from_secs(5), async || (world.number(put_off).await == 3).then_some(())).await;
    let outage = Outage::begin(&world, &database);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let told = world.server.log().lines_with("messages cannot be claimed").len();
    assert!((1..=5).contains(&told), "{told} lines");
    proxy.set(Fault::None);
    outage.end();
    until_received(&relay, &addresses, Duration::from_millis(3500)).await;
}

#[tokio::test]
async fn what_waits_goes_as_soon_as_the_store_is_back_on_either_store() {
    on_either_store(what_waits_goes_as_soon_as_the_store_is_back).await;
}

/// The relay has taken the codes, and the store goes away before that is written down, for longer than their leases. Then whoever knows
/// says so before anybody claims them.
async fn what_was_sent_before_an_outage_is_not_sent_again(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let slow = Proxy::start(&format!("127.0.0.1:{}", relay.port())).await;
    let database = Proxy::to_postgres().await;
    let world = world(store, slow.address().port(), |settings| {
        settings.set("delivery.smtp.timeout", "5s");
        if store == Store::Postgres {
            settings.postgres_through(&database);
        }
    })
    .await;
    slow.set(Fault::Delay(Duration::from_millis(300)));
    let addresses = ask(&world, "once", 4).await;
    until_received(&relay, &addresses, Duration::from_secs(10)).await;
    let outage = Outage::begin(&world, &database);
    slow.set(Fault::None);
    // A lease is the relay's five seconds and twelve and a half.
    tokio::time::sleep(Duration::from_secs(18)).await;
    outage.end();
    let books = Books::settled(&world, addresses.len()).await;
    assert_eq!((books.delivered, books.dropped.len(), books.waiting), (4, 0, 0));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(received(&relay).values().all(|count| *count == 1), "{:?}", received(&relay));
}

#[tokio::test]
async fn what_was_sent_before_an_outage_is_not_sent_again_on_either_store() {
    on_either_store(what_was_sent_before_an_outage_is_not_sent_again).await;
}
