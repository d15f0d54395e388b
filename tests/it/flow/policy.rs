//! LIM-7: overrides by client application, and limits that only report.

use identity::grpc::proto::{Challenge, SendOtpRequest};
use rustix::process::Signal;
use tonic::Code;
use tonic::metadata::MetadataMap;

use std::time::Duration;

use crate::both_stores::test_on_both_stores;
use crate::support::client::send_otp_request;
use crate::support::refusal::Refusal;
use crate::support::wait;
use crate::support::world::{Store, World};

impl World {
    /// A service whose client `kiosk` has figures of its own.
    async fn with_kiosk(store: Store) -> Self {
        let adjust = |settings: &mut crate::support::settings::Settings| {
            settings.client("kiosk");
            settings.policy_override(
                "client = \"kiosk\"\nchannel = \"email\"\n[codes]\nlength = 8\nlifetime = \"1m\"\nmax_attempts = 4\n[lockout]\n\
                 rungs = [{ failures = 2, wait = \"1h\" }]\n[limits.identifier]\nwindows = [{ limit = 1, seconds = 300 }]",
            );
            settings.policy_override("channel = \"email\"\ncodes = { length = 7 }");
        };
        Self::with(store, adjust).await
    }

    /// A service that enforces no limit of the caller's.
    async fn in_shadow(store: Store) -> Self {
        let adjust = |settings: &mut crate::support::settings::Settings| {
            settings.policy("limits.identifier.mode", "shadow");
            settings.limit("address", 5, 3600);
            settings.policy("limits.address.mode", "shadow");
        };
        Self::with(store, adjust).await
    }

    async fn send_as(&self, client_id: &str, email: &str) -> Result<(MetadataMap, Challenge), Refusal> {
        let request = SendOtpRequest { client_id: client_id.to_owned(), ..send_otp_request(email) };
        let answer = self.server.client().await.identity().send_otp(request).await?;
        Ok((answer.metadata().clone(), answer.into_inner().challenge.unwrap()))
    }
}

fn told(metadata: &MetadataMap, name: &str) -> Option<u32> {
    metadata.get(name).map(|value| value.to_str().unwrap().parse().unwrap())
}

test_on_both_stores!(a_client_gets_the_figures_of_its_override, with_kiosk, |world| {
    let client = world.server.client().await;
    let (metadata, kiosk) = world.send_as("kiosk", "mira@example.org").await.unwrap();
    assert_eq!((kiosk.code_length, kiosk.attempts_remaining), (8, 4));
    let lifetime = kiosk.expire_time.unwrap().seconds - kiosk.resend_time.unwrap().seconds;
    assert_eq!(lifetime, 30, "one minute, less the cool-down of half of one");
    assert_eq!((told(&metadata, "x-ratelimit-limit"), told(&metadata, "x-ratelimit-remaining")), (Some(1), Some(0)));
    let mail = world.server.mailbox().wait_for("mira@example.org", 1).await;
    assert_eq!(mail.code().unwrap().len(), 8);

    // One budget: the request through the kiosk counts here too, and each client is judged by its own windows.
    let (metadata, default) = world.send_as("default", "mira@example.org").await.unwrap();
    assert_eq!((default.code_length, default.attempts_remaining), (7, 5));
    assert_eq!((told(&metadata, "x-ratelimit-limit"), told(&metadata, "x-ratelimit-remaining")), (Some(3), Some(1)));
    let refusal = world.send_as("kiosk", "mira@example.org").await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    world.send_as("", "mira@example.org").await.unwrap();

    // The ladder: two failures lock at the kiosk, three elsewhere.
    for (client_id, email, evaluated) in [("kiosk", "noa@example.org", 2), ("default", "ada@example.org", 3)] {
        let (_, challenge) = world.send_as(client_id, email).await.unwrap();
        let code = world.server.mailbox().wait_for(email, 1).await.code().unwrap();
        let wrong = if code.starts_with('0') { code.replacen('0', "1", 1) } else { format!("0{}", &code[1..]) };
        for attempt in 0..evaluated {
            let refusal = client.verify_otp(&challenge.challenge_id, &wrong).await.unwrap_err();
            assert_eq!(refusal.reason, "CODE_INVALID", "{client_id} {attempt}");
        }
        let refusal = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
        assert_eq!(refusal.reason, "ACCOUNT_LOCKED", "{client_id}");
        assert_eq!(refusal.retry_delay.unwrap() > Duration::from_mins(6), client_id == "kiosk");
    }
});

test_on_both_stores!(shadow_reports_and_refuses_nobody_until_it_is_enforced, in_shadow, |mut world| {
    for request in 0..7 {
        let (metadata, _) = world.send_as("", "mira@example.org").await.unwrap();
        let named = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
        assert!(named.iter().all(|name| metadata.get(*name).is_none()), "request {request}: {metadata:?}");
    }
    let audit = world.audit().await;
    assert_eq!(audit.count("refusal.shadowed", "RATE_LIMITED_IDENTIFIER"), 4, "beyond three in five minutes");
    assert_eq!(audit.count("refusal.shadowed", "RATE_LIMITED_ADDRESS"), 2, "beyond five in an hour");
    assert_eq!((audit.total("refusal.shadowed"), audit.count("code.sent", "")), (6, 7));
    let shadowed: Vec<_> = audit.0.iter().filter(|event| event.act == "refusal.shadowed").collect();
    assert!(shadowed.iter().all(|event| event.outcome == "would_refuse" && event.address.is_some()));
    assert!(audit.0.iter().filter(|event| event.act != "refusal.shadowed").all(|event| event.outcome == "success"));

    // Enforced, it refuses at once what it said it would, and the other goes on reporting.
    world.settings.policy("limits.identifier.mode", "enforce");
    world.settings.write_policy();
    world.server.process().signal(Signal::HUP);
    wait::until("the policy", Duration::from_secs(15), async || {
        world.server.log().lines_with("another policy is in force").into_iter().next()
    })
    .await;
    let refusal = world.send_as("", "mira@example.org").await.unwrap_err();
    assert_eq!((refusal.reason.as_str(), refusal.metadata["layer"].as_str()), ("RATE_LIMITED", "identifier"));
    let (metadata, _) = world.send_as("", "noa@example.org").await.unwrap();
    assert_eq!((told(&metadata, "x-ratelimit-limit"), told(&metadata, "x-ratelimit-remaining")), (Some(3), Some(2)));
    let audit = world.audit().await;
    assert_eq!(audit.count("refusal.shadowed", "RATE_LIMITED_ADDRESS"), 3);
    assert_eq!(audit.count("code.sent", "RATE_LIMITED_IDENTIFIER"), 1);
});
