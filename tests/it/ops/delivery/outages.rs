//! Relays that say nothing: what was accepted goes, and once.

use std::time::Duration;

use super::books::Books;
use super::{ask, on_either_store, received, until_received, world};
use crate::support::proxy::{Fault, Proxy};
use crate::support::smtp::{Security, Smtp};
use crate::support::wait;
use crate::support::world::Store;

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
