//! A139, A140: the service is killed with SIGKILL while messages stand at each step of their way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::books::Books;
use super::{ask, on_either_store, until_received, world};
use crate::support::mail::Mail;
use crate::support::smtp::{Security, Smtp};
use crate::support::wait;
use crate::support::world::Store;

/// Kills on each store: a hundred on both together, each of which finds a message at every step.
const KILLS: usize = 50;

/// The steps that the relay sees: it names the recipient, has taken the content, has kept the message, has answered. Until
/// the third the message has not been sent; from then on the service does not know, or has not noted it yet.
const STEPS: [&str; 4] = ["halt-rcpt", "halt-data", "halt-kept", "halt-answered"];

/// The codes that the relay was given for each address.
fn codes(relay: &Smtp) -> BTreeMap<String, Vec<String>> {
    let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in relay.received() {
        let mail = Mail::parse(&message.text);
        codes.entry(mail.header("To").unwrap()).or_default().push(mail.code().unwrap());
    }
    codes
}

async fn killed_at_every_step(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let mut world = world(store, relay.port(), |settings| settings.set("delivery.smtp.timeout", "5s")).await;
    let mut asked = Vec::new();
    for kill in 0..KILLS {
        let client = world.server.client().await;
        let mut halting = Vec::new();
        for step in STEPS {
            let address = format!("{step}@kill{kill}.example.com");
            client.send_otp(&address).await.unwrap();
            halting.push(address);
        }
        wait::until("a message at each step", Duration::from_secs(5), async || {
            halting.iter().all(|address| relay.halted(address)).then_some(())
        })
        .await;
        asked.append(&mut halting);
        // And one that has only just been accepted, wherever that finds it.
        asked.extend(ask(&world, &format!("accepted{kill}n"), 1).await);
        world.server.restart_after_kill().await;
    }
    // Leases run out within fifteen seconds, and nobody kills any more.
    until_received(&relay, &asked, Duration::from_secs(40)).await;
    let books = Books::settled(&world, asked.len()).await;
    assert_eq!((books.delivered, books.dropped.len()), (asked.len(), 0), "none is lost");
    assert_eq!((books.waiting, books.with_content), (0, 0), "and none goes on");
    let codes = codes(&relay);
    assert_eq!(codes.len(), asked.len(), "nobody else gets anything");
    for (address, codes) in codes {
        let unsent = address.starts_with("halt-rcpt") || address.starts_with("halt-data");
        let most = if unsent { 1 } else { 2 };
        assert!((1..=most).contains(&codes.len()), "{address}: twice only where the answer was lost: {}", codes.len());
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 1, "{address}: the same code again");
        assert!(!address.starts_with("halt-kept") || codes.len() == 2, "{address}: what is not known is sent again");
    }
}

#[tokio::test]
async fn a139_a140_a_kill_at_any_step_loses_nothing_and_repeats_little() {
    on_either_store(killed_at_every_step).await;
}
