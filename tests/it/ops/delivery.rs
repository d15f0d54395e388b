//! Messages on their way: over SMTP, through crashes and outages of the relay, and never late.

pub(crate) mod books;
mod kills;
mod outages;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::mail::Mail;
use crate::support::proxy::{Fault, Proxy};
use crate::support::settings::Settings;
use crate::support::smtp::{Security, Smtp};
use crate::support::wait;
use crate::support::world::{Store, World};

use books::Books;

/// A service on `store` that sends through `port`, and lets anyone ask for codes.
async fn world(store: Store, port: u16, adjust: impl FnOnce(&mut Settings)) -> World {
    let settings = |settings: &mut Settings| {
        settings.remove("delivery");
        settings.set("delivery.smtp.host", "127.0.0.1");
        settings.set("delivery.smtp.port", i64::from(port));
        settings.set("delivery.smtp.tls", "disable-on-loopback");
        settings.set("delivery.smtp.from", "sign-in@example.org");
        settings.set("delivery.smtp.timeout", "1s");
        settings.set("delivery.smtp.pool_size", 8);
        for layer in ["address", "all"] {
            settings.limit(layer, 1000, 60);
        }
        adjust(settings);
    };
    World::with(store, settings).await
}

/// Both at once, since each waits most of its time.
async fn on_either_store(test: impl AsyncFn(Store)) {
    tokio::join!(test(Store::Sqlite), test(Store::Postgres));
}

/// Asks for `count` codes, each for another address, and gives the addresses.
async fn ask(world: &World, name: &str, count: usize) -> Vec<String> {
    let client = world.server.client().await;
    let mut addresses = Vec::new();
    for n in 0..count {
        let address = format!("{name}{n}@example.com");
        client.send_otp(&address).await.unwrap();
        addresses.push(address);
    }
    addresses
}

/// How many messages the relay has received for each address.
fn received(relay: &Smtp) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for message in relay.received() {
        *counts.entry(Mail::parse(&message.text).header("To").unwrap()).or_default() += 1;
    }
    counts
}

async fn until_received(relay: &Smtp, addresses: &[String], limit: Duration) {
    let all = async || addresses.iter().all(|address| received(relay).contains_key(address)).then_some(());
    wait::until("every message", limit, all).await;
}

async fn each_code_signs_in(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let world = world(store, relay.port(), |_| {}).await;
    let client = world.server.client().await;
    for n in 0..3 {
        let address = format!("mira{n}@example.com");
        let challenge = client.send_otp(&address).await.unwrap();
        let mail = Mail::parse(&relay.wait_for(&address).await.text);
        assert!(mail.text.starts_with(&mail.code().unwrap()), "the code comes first");
        assert!(mail.text.contains("127.0.0.1") && mail.text.contains("UTC"), "{}", mail.text);
        assert!(client.verify_otp(&challenge.challenge_id, &mail.code().unwrap()).await.unwrap().new_user);
    }
    // Letters of scripts with combining marks; the domain as it stands in the DNS.
    for (typed, address) in [
        ("हिन्दी@example.com", "हिन्दी@example.com"),
        ("ที่นี่@example.com", "ที่นี่@example.com"),
        ("संपर्क@डाटामेल.भारत", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c"),
    ] {
        let challenge = client.send_otp(typed).await.unwrap();
        let code = Mail::parse(&relay.wait_for(address).await.text).code().unwrap();
        assert!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap().new_user);
    }
    client.send_otp("refuse-forever@example.com").await.unwrap();
    let books = Books::settled(&world, 7).await;
    assert_eq!((books.delivered, &*books.dropped), (6, &["RECIPIENT_REFUSED".to_owned()][..]));
    assert_eq!((books.waiting, books.with_content), (0, 0));
}

#[tokio::test]
async fn each_code_signs_in_on_either_store() {
    on_either_store(each_code_signs_in).await;
}

/// A139: what was accepted before a crash is sent after it, once; also where the crash came in the middle of a hand-over.
async fn a139_a_crash_loses_nothing(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let proxy = Proxy::start(&format!("127.0.0.1:{}", relay.port())).await;
    let mut world = world(store, proxy.address().port(), |_| {}).await;
    proxy.set(Fault::Swallow);
    let mut addresses = ask(&world, "before", 24).await;
    wait::until("a hand-over", Duration::from_secs(5), async || (proxy.accepted() > 0).then_some(())).await;
    world.server.restart_after_kill().await;
    addresses.extend(ask(&world, "after", 4).await);
    proxy.set(Fault::None);
    // The lease of what was in the middle of its hand-over runs out within eleven seconds.
    until_received(&relay, &addresses, Duration::from_secs(30)).await;
    let books = Books::settled(&world, addresses.len()).await;
    assert_eq!((books.delivered, books.dropped.len(), books.waiting, books.with_content), (28, 0, 0, 0));
    // Twice only where the proxy let a message through and kept the answer.
    assert!(received(&relay).values().all(|count| (1..=2).contains(count)), "{:?}", received(&relay));
}

#[tokio::test]
async fn a139_a_crash_loses_nothing_on_either_store() {
    on_either_store(a139_a_crash_loses_nothing).await;
}

/// A139, A140: killed at any point of a running delivery, the service sends each code at least once, twice at most where
/// it died between the relay's answer and its own note of it, and never again what it had noted.
async fn a140_kills_in_the_middle_repeat_little(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let mut world = world(store, relay.port(), |_| {}).await;
    let noted = ask(&world, "noted", 10).await;
    Books::settled(&world, noted.len()).await;
    let mut addresses = noted.clone();
    for round in 0..4 {
        addresses.extend(ask(&world, &format!("r{round}n"), 10).await);
        tokio::time::sleep(Duration::from_millis(15 * round)).await;
        world.server.restart_after_kill().await;
    }
    until_received(&relay, &addresses, Duration::from_secs(30)).await;
    let books = Books::settled(&world, addresses.len()).await;
    assert_eq!((books.delivered, books.dropped.len(), books.with_content), (addresses.len(), 0, 0));
    let counts = received(&relay);
    assert!(counts.values().all(|count| *count <= 2), "{counts:?}");
    assert!(noted.iter().all(|address| counts[address] == 1), "{counts:?}");
}

#[tokio::test]
async fn a140_kills_in_the_middle_repeat_little_on_either_store() {
    on_either_store(a140_kills_in_the_middle_repeat_little).await;
}

/// What the relay does not take in time is dropped and audited, and not sent when relay and service come back.
async fn nothing_is_sent_after_its_code_expired(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let proxy = Proxy::start(&format!("127.0.0.1:{}", relay.port())).await;
    let mut world = world(store, proxy.address().port(), |_| {}).await;
    proxy.set(Fault::Refuse);
    ask(&world, "early", 3).await;
    wait::until("a try", Duration::from_secs(5), async || (proxy.accepted() > 0).then_some(())).await;
    world.server.process().kill();
    Books::let_expire(&world).await;
    proxy.set(Fault::None);
    world.server.restart_after_kill().await;
    let addresses = ask(&world, "late", 1).await;
    until_received(&relay, &addresses, Duration::from_secs(5)).await;
    let books = Books::settled(&world, 4).await;
    assert_eq!((books.delivered, books.waiting, books.with_content), (1, 0, 0));
    assert_eq!(books.dropped, ["EXPIRED"; 3]);
    assert_eq!(received(&relay).len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_after_its_code_expired_on_either_store() {
    on_either_store(nothing_is_sent_after_its_code_expired).await;
}
