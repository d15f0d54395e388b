//! `ExplainLimits`: where limits stand, and why it was refused.

use std::time::Duration;

use identity::grpc::proto::explain_limits_request::Identifier;
use identity::grpc::proto::{
    ExplainLimitsRequest, ExplainLimitsResponse, LimitCounter, LimitMode, LimitStanding, LockoutStanding,
};
use tonic::{Code, Status};

use super::{assert_fields, assert_refused, seconds_until};
use crate::both_stores::{bodies_on_both_stores, on_both_stores};
use crate::support::client::operator;
use crate::support::world::{Store, World};

impl World {
    async fn explain(&self, request: ExplainLimitsRequest) -> Result<ExplainLimitsResponse, Status> {
        let (client, token) = (self.server.admin().await, self.server.admin_token());
        Ok(client.admin().explain_limits(operator(request, &token)).await?.into_inner())
    }
}

fn about(email: &str) -> ExplainLimitsRequest {
    ExplainLimitsRequest { identifier: Some(Identifier::Email(email.to_owned())), ..ExplainLimitsRequest::default() }
}

fn about_address(address: &str) -> ExplainLimitsRequest {
    ExplainLimitsRequest { address: address.to_owned(), ..ExplainLimitsRequest::default() }
}

fn limit<'a>(told: &'a ExplainLimitsResponse, layer: &str) -> &'a LimitStanding {
    told.limits.iter().find(|limit| limit.layer == layer).unwrap_or_else(|| panic!("{layer} in {:?}", names(told)))
}

fn names(told: &ExplainLimitsResponse) -> Vec<&str> {
    told.limits.iter().map(|limit| limit.layer.as_str()).collect()
}

/// Limit, seconds and what is left of each window.
fn left(limit: &LimitStanding) -> Vec<(i32, i64, i32)> {
    limit.windows.iter().map(|w| (w.limit, w.span.as_ref().unwrap().seconds, w.remaining)).collect()
}

fn reasons(told: &ExplainLimitsResponse) -> Vec<(&str, &str)> {
    told.refusals.iter().map(|one| (one.act.as_str(), one.reason.as_str())).collect()
}

on_both_stores!(tells_where_limits_stand_and_counts_nothing, |world| {
    let client = world.server.client().await;
    for request in 0..4 {
        let told = world.explain(about("MIRA@example.org")).await.unwrap();
        let identifier = limit(&told, "identifier");
        let spent = i32::min(request, 3);
        assert_eq!(left(identifier), [(3, 300, 3 - spent), (5, 3600, 5 - spent), (10, 86_400, 10 - spent)]);
        assert_eq!(identifier.mode(), LimitMode::Enforce);
        assert_eq!((identifier.refuses, identifier.retry_after.is_some()), (request == 3, request == 3));
        assert_eq!(client.send_otp("mira@example.org").await.is_ok(), request < 3, "looks are not counted");
    }
    let told = world.explain(about("mira@example.org")).await.unwrap();
    let wait = limit(&told, "identifier").retry_after.unwrap();
    assert!((270..=300).contains(&wait.seconds), "{wait:?}");
    assert_eq!(limit(&told, "identifier").windows[0].retry_after, Some(wait));
    assert!(limit(&told, "identifier").windows[1].retry_after.is_none());
    assert_eq!(names(&told), ["identifier", "all"], "of the address nobody asked");
    assert_eq!(left(limit(&told, "all")), [(1000, 60, 997)], "nor is a refused request counted");
    let counter = if world.redis.is_some() { LimitCounter::Redis } else { LimitCounter::Memory };
    assert_eq!(told.counter(), counter);
    assert_eq!(reasons(&told), [("code.sent", "RATE_LIMITED_IDENTIFIER")]);
    assert!(!told.refusals[0].shadowed && told.refusals[0].client_id == "default");
    assert!((-20..=1).contains(&seconds_until(told.refusals[0].time)));
    // Spellings of one mailbox are one budget, and each is refused for itself.
    let told = world.explain(about("mira+shop@example.org")).await.unwrap();
    assert!(limit(&told, "identifier").refuses && told.refusals.is_empty());

    // The address that all of these came from.
    let told = world.explain(about_address("127.0.0.1")).await.unwrap();
    assert_eq!((names(&told), told.lockout), (vec!["address", "guesses", "all"], None));
    assert_eq!(left(limit(&told, "address")), [(20, 300, 17), (100, 3600, 97)]);
    assert_eq!(reasons(&told), [("code.sent", "RATE_LIMITED_IDENTIFIER")]);
    let both = ExplainLimitsRequest { address: "::ffff:127.0.0.1".to_owned(), ..about("mira@example.org") };
    let told = world.explain(both).await.unwrap();
    assert_eq!(names(&told), ["identifier", "address", "guesses", "all"]);
    assert_eq!(told.refusals.len(), 1, "one refusal of both is told once");
    let elsewhere = world.explain(about_address("2001:db8::1")).await.unwrap();
    assert_eq!(
        (left(limit(&elsewhere, "address")), elsewhere.refusals.len()),
        (vec![(20, 300, 20), (100, 3600, 100)], 0)
    );
});

on_both_stores!(tells_of_the_lockout_and_of_each_wrong_code, |world| {
    let client = world.server.client().await;
    let (challenge, code) = world.server.request_code("noa@example.org").await;
    let wrong = if code.starts_with('0') { code.replacen('0', "1", 1) } else { format!("0{}", &code[1..]) };
    let none = LockoutStanding { consecutive_failures: 0, locked: false, locked_until: None };
    assert_eq!(world.explain(about("noa@example.org")).await.unwrap().lockout, Some(none));
    for failures in 1..=3 {
        client.verify_otp(&challenge.challenge_id, &wrong).await.unwrap_err();
        let lockout = world.explain(about("noa@example.org")).await.unwrap().lockout.unwrap();
        assert_eq!((lockout.consecutive_failures, lockout.locked), (failures, failures == 3));
    }
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    let told = world.explain(about("noa@example.org")).await.unwrap();
    let until = seconds_until(told.lockout.unwrap().locked_until);
    assert!((270..=300).contains(&until), "{until}");
    let wrong = ("code.verified", "CODE_INVALID");
    let (locked, lock) = (("code.verified", "ACCOUNT_LOCKED"), ("identifier.locked", "TOO_MANY_FAILURES"));
    let mut of_before = reasons(&told).split_off(1);
    of_before.sort_unstable();
    assert_eq!((reasons(&told)[0], of_before), (locked, vec![wrong, wrong, wrong, lock]), "newest first");
    let one = ExplainLimitsRequest { max_refusals: 1, ..about("noa@example.org") };
    assert_eq!(reasons(&world.explain(one).await.unwrap()), [locked]);
});

/// A service whose limits of addresses only report, and whose client `kiosk` has one request.
async fn tells_of_the_policy_of_the_client_and_of_shadow(store: Store) {
    let world = World::with(store, |settings| {
        settings.client("kiosk");
        settings.policy_override("client = \"kiosk\"\n[limits.identifier]\nwindows = [{ limit = 1, seconds = 60 }]");
        settings.limit("address", 1, 3600);
        settings.policy("limits.address.mode", "shadow");
    })
    .await;
    let client = world.server.client().await;
    for _ in 0..2 {
        client.send_otp("ada@example.org").await.unwrap();
    }
    let both = ExplainLimitsRequest { address: "127.0.0.1".to_owned(), ..about("ada@example.org") };
    let told = world.explain(both.clone()).await.unwrap();
    let address = limit(&told, "address");
    assert_eq!((address.mode(), address.refuses, left(address)), (LimitMode::Shadow, true, vec![(1, 3600, 0)]));
    assert!(!limit(&told, "identifier").refuses);
    assert_eq!(reasons(&told), [("refusal.shadowed", "RATE_LIMITED_ADDRESS")]);
    assert!(told.refusals[0].shadowed);
    let kiosk = ExplainLimitsRequest { client_id: "kiosk".to_owned(), ..both };
    let told = world.explain(kiosk).await.unwrap();
    let identifier = limit(&told, "identifier");
    assert_eq!((identifier.refuses, left(identifier)), (true, vec![(1, 60, 0)]));
    assert_eq!(told.policy_version.len(), 12);
}

/// While Redis is away a process tells of its own share, and says so.
#[tokio::test]
async fn tells_who_counts_while_redis_is_away() {
    let mut world = World::with(Store::Postgres, |settings| settings.set("limiter.redis.replicas", 3_i64)).await;
    world.server.client().await.send_otp("mira@example.org").await.unwrap();
    world.redis.as_mut().unwrap().stop();
    let told = crate::support::wait::until("the share", Duration::from_secs(15), async || {
        let told = world.explain(about("mira@example.org")).await.unwrap();
        (told.counter() == LimitCounter::LocalShare).then_some(told)
    })
    .await;
    let identifier = limit(&told, "identifier");
    assert_eq!(left(identifier), [(1, 300, 0), (1, 3600, 0), (3, 86_400, 2)], "a third of each");
    assert!(identifier.refuses);
}

bodies_on_both_stores!(tells_of_the_policy_of_the_client_and_of_shadow);

on_both_stores!(is_recorded_without_the_identifier, |world| {
    world.explain(about("mira-canary@example.org")).await.unwrap();
    let unknown = ExplainLimitsRequest { client_id: "nobody".to_owned(), ..about("mira-canary@example.org") };
    assert_fields(world.explain(unknown).await, "INVALID_FIELD", &["client_id"]);
    let nothing = ExplainLimitsRequest::default();
    assert_fields(world.explain(nothing).await, "INVALID_FIELD", &["identifier"]);
    let bad = ExplainLimitsRequest {
        address: "203.0.113.7/24".to_owned(),
        client_id: "a b".to_owned(),
        max_refusals: -1,
        ..about("mira-canary@example.org")
    };
    assert_fields(world.explain(bad).await, "INVALID_FIELD", &["address", "client_id", "max_refusals"]);
    assert_fields(world.explain(about("mira")).await, "INVALID_EMAIL", &["email"]);
    let client = world.server.admin().await;
    let answer = client.admin().explain_limits(about("mira-canary@example.org")).await;
    assert_refused(answer, Code::Unauthenticated, "SERVICE_CREDENTIAL_REQUIRED");
    let audit = world.audit().await;
    assert_eq!((audit.count("limits.explained", ""), audit.of_callers()), (1, 2));
    let look = audit.0.iter().find(|event| event.act == "limits.explained").unwrap();
    assert_eq!(look.actor, "operator");
    assert!(!world.server.log().text().contains("mira-canary"));
    // The operator's own look is no refusal of the person.
    assert!(world.explain(about("mira-canary@example.org")).await.unwrap().refusals.is_empty());
});
