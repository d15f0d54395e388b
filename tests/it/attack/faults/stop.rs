//! A142: who was let in before the signal to stop is answered, and the end comes soon.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use identity::grpc::proto::RefreshTokenRequest;
use rustix::process::Signal;
use tonic::{Code, Status};

use super::unlimited;
use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::Browser;
use crate::support::client::Client;
use crate::support::proxy::{Fault, Proxy};
use crate::support::settings::Settings;
use crate::support::world::{Store, World};
use crate::support::{http, wait};

bodies_on_both_stores!(a142_a_stop_under_load_fails_no_call);

async fn roomy(store: Store, more: impl FnOnce(&mut Settings)) -> World {
    World::with(store, |settings| {
        unlimited(settings);
        settings.set("pages.enabled", true);
        more(settings);
    })
    .await
}

/// Every call waits for a slow store at the moment of the signal.
#[tokio::test]
async fn a142_what_is_under_way_is_answered() {
    let proxy = Proxy::to_postgres().await;
    let mut world = roomy(Store::Postgres, |settings| {
        settings.postgres_through(&proxy);
    })
    .await;
    let mut codes = Vec::new();
    let mut tokens = Vec::new();
    for nth in 0..4 {
        tokens.push(world.server.sign_in(&format!("a142-{nth}@example.com")).await.tokens.unwrap());
        codes.push(world.server.request_code(&format!("a142-{nth}@example.com")).await);
    }
    // The store knows the statement of each call: what it has not seen yet takes further ways there and back.
    Browser::at(world.server.addresses().http).submit("/sign-in", &[("identifier", "a142-early@example.com")]).await;
    proxy.set(Fault::Delay(Duration::from_millis(40)));
    let client = world.server.client().await;
    let page = world.server.addresses().http;
    let calls = async {
        let sends =
            (0..16).map(|nth| {
                let client = client.clone();
                async move {
                    client.send_otp(&format!("a142-new-{nth}@example.com")).await.map(drop).map_err(|one| one.status)
                }
            });
        let verifies = codes.iter().map(|(challenge, code)| {
            let client = client.clone();
            async move { client.verify_otp(&challenge.challenge_id, code).await.map(drop).map_err(|one| one.status) }
        });
        let refreshes = tokens.iter().map(|tokens| {
            let client = client.clone();
            let refresh_token = tokens.refresh_token.clone();
            let request = RefreshTokenRequest { refresh_token, ..RefreshTokenRequest::default() };
            async move { client.identity().refresh_token(request).await.map(drop) }
        });
        let form = format!(
            "POST /sign-in HTTP/1.1\r\nhost: {page}\r\nsec-fetch-site: same-origin\r\ncontent-length: 34\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\nidentifier=a142-page%40example.com"
        );
        tokio::join!(join_all(sends), join_all(verifies), join_all(refreshes), async move {
            http::exchange(page, &form).await
        })
    };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        world.server.process().signal(Signal::TERM);
    };
    let ((sent, verified, refreshed, page), ()) = tokio::join!(calls, stopping);
    let signal = Instant::now();
    for outcome in sent.into_iter().chain(verified).chain(refreshed) {
        outcome.unwrap();
    }
    assert_eq!(page.status, 303, "a page is a call too: {}", page.body);
    drop(client);
    let ended = wait::until("the end", Duration::from_secs(10), async || world.server.process().exited()).await;
    assert!(ended.success() && signal.elapsed() < Duration::from_secs(5), "{ended:?} after {:?}", signal.elapsed());
}

/// Whether a call was never taken: the process no longer listens, or had said that it takes no more before it was sent.
fn was_not_taken(status: &Status) -> bool {
    let mut told = format!("{status:?}");
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    match status.code() {
        Code::Unavailable => told.contains("tcp connect error"),
        // The caller's own library has not sent it.
        Code::Cancelled => told.contains("hyper::Error(Canceled, \"connection closed\")"),
        // A frame of GOAWAY without an error ends those calls alone that the other side never took (RFC 9113 section 6.8):
        // one of them comes between the frame and the end of the connection.
        Code::Internal => told.contains("kind: GoAway(b\"\", NO_ERROR, Remote)"),
        _ => false,
    }
}

/// Many callers, one call after another, until the process has gone.
async fn a142_a_stop_under_load_fails_no_call(store: Store) {
    let mut world = roomy(store, |_| {}).await;
    let tokens = world.server.sign_in("a142@example.com").await.tokens.unwrap();
    let clients: Vec<Client> = join_all((0..8).map(|_| world.server.client())).await;
    let callers: Vec<_> = (0..32)
        .map(|nth: usize| {
            let (client, access_token) = (clients[nth % 8].clone(), tokens.access_token.clone());
            tokio::spawn(async move {
                for call in 0.. {
                    let answer = match nth % 4 {
                        0 => client.send_otp(&format!("a142-{nth}-{call}@example.com")).await.map(drop),
                        _ => client.validate(&access_token).await.map(drop),
                    };
                    if let Err(refusal) = answer {
                        return (call, refusal.status);
                    }
                }
                unreachable!("calls without end")
            })
        })
        .collect();
    drop(clients);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let signal = Instant::now();
    assert!(world.server.terminate().await.success());
    assert!(signal.elapsed() < Duration::from_secs(10), "{:?}", signal.elapsed());
    let mut answered = 0;
    for caller in callers {
        let (calls, status) = caller.await.unwrap();
        answered += calls;
        assert!(was_not_taken(&status), "{status:?}");
    }
    assert!(answered > 100, "{answered}");
    // Each that was answered stands in the store, and its code is sent by whoever comes next.
    super::books::are_true(&world, "after the stop").await;
}
