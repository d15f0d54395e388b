//! Those who watch challenges: one caller takes a part of the places, and no more.

use identity::grpc::proto::{ApprovalState, Challenge, WatchChallengeRequest, WatchChallengeResponse};
use rustix::process::Signal;
use tonic::{Code, Request, Status, Streaming};

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{Client, send_otp_request, with_metadata};
use crate::support::refusal::Refusal;
use crate::support::server::Server;
use crate::support::wait;
use crate::support::world::{Store, World};

/// The places of one caller.
const OF_CALLER: usize = 256;

/// How many may watch one challenge.
const OF_ONE: usize = 4;

fn from<T>(address: &str, message: T) -> Request<T> {
    with_metadata(Request::new(message), "x-forwarded-for", address)
}

async fn begun(client: &Client, address: &str, nth: usize) -> Challenge {
    let request = from(address, send_otp_request(&format!("mira-{nth}@example.org")));
    client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap()
}

async fn watch(
    client: &Client,
    address: &str,
    challenge: &Challenge,
) -> Result<Streaming<WatchChallengeResponse>, Status> {
    let Challenge { challenge_id, binding_secret, .. } = challenge.clone();
    let request = from(address, WatchChallengeRequest { challenge_id, binding_secret });
    client.identity().watch_challenge(request).await.map(tonic::Response::into_inner)
}

async fn a_stranger_leaves_places_for_others(store: Store) {
    let world = World::with(store, |settings| {
        settings.set("listen.trusted_proxies", vec!["127.0.0.0/8"]);
        for layer in ["address", "network"] {
            settings.limit(layer, 1000, 300);
        }
    })
    .await;
    let mut held = Vec::new();
    let mut client = world.server.client().await;
    // An IPv6 network of 48 bits is one caller, however many addresses it shows.
    let address = |nth: usize| format!("2001:db8:7:{nth:x}::1");
    for nth in 0..OF_CALLER / OF_ONE {
        // A connection carries so many streams.
        if nth % 24 == 23 {
            client = world.server.client().await;
        }
        let challenge = begun(&client, &address(nth), nth).await;
        for _ in 0..OF_ONE {
            held.push(watch(&client, &address(nth), &challenge).await.unwrap());
        }
    }
    assert_eq!(held.len(), OF_CALLER);
    let client = world.server.client().await;
    let one_more = begun(&client, &address(1000), 1000).await;
    let refusal = Refusal::from(watch(&client, &address(1000), &one_more).await.unwrap_err());
    assert_eq!(refusal.reason, "OVERLOADED");
    let neighbour = begun(&client, "2001:db8:8::1", 1001).await;
    let mut changes = watch(&client, "2001:db8:8::1", &neighbour).await.unwrap();
    assert!(changes.message().await.unwrap().is_some());
    held.truncate(OF_CALLER - 1);
    let place = async || watch(&client, &address(1000), &one_more).await.ok();
    wait::until("a place of one that has gone", std::time::Duration::from_secs(5), place).await;
}

bodies_on_both_stores!(a_stranger_leaves_places_for_others);

#[tokio::test]
async fn a_service_that_stops_has_who_watches_begin_again() {
    let mut server = Server::embedded().await;
    let client = server.client().await;
    let challenge = client.send_otp("mira@example.org").await.unwrap();
    let Challenge { challenge_id, binding_secret, .. } = challenge;
    let request = Request::new(WatchChallengeRequest { challenge_id, binding_secret });
    let request = with_metadata(request, "accept-language", "de");
    let mut changes = client.identity().watch_challenge(request).await.unwrap().into_inner();
    assert_eq!(changes.message().await.unwrap().unwrap().approval_state(), ApprovalState::Pending);
    server.process().signal(Signal::TERM);
    let status = loop {
        match changes.message().await {
            Ok(change) => assert_eq!(change.expect("no end").approval_state(), ApprovalState::Pending),
            Err(status) => break status,
        }
    };
    let refusal = Refusal::from(status);
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "OVERLOADED"));
    assert!(refusal.message.starts_with("Der Dienst startet"), "{}", refusal.message);
    assert_eq!(refusal.retry_delay, Some(std::time::Duration::from_secs(1)));
    let ended = wait::until("the end", std::time::Duration::from_secs(5), async || server.process().exited()).await;
    assert_eq!(ended.code(), Some(0));
}
