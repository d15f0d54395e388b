//! LIM-7: the ladder and the guard in shadow count and report, and refuse nothing but what no policy may let pass.

use std::time::Duration;

use identity::grpc::proto::{GetPolicyRequest, SendOtpRequest};
use rustix::process::Signal;
use toml::{Table, Value};

use super::lockout::{Device, wrong};
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{operator, send_otp_request};
use crate::support::settings::Settings;
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    a_devices_reserve_in_shadow_is_reported_by_its_name,
    a_rung_in_shadow_is_reported_and_locks_nobody,
    in_shadow_suspension_holds,
    what_is_in_shadow_for_one_client_lifts_no_lock_of_another,
    what_stands_beyond_a_rung_is_locked_once_it_is_enforced,
    a_guard_in_shadow_reports_and_guards_nothing,
);

async fn world(store: Store, adjust: impl FnOnce(&mut Settings)) -> World {
    World::with_clock_and(store, |settings| {
        settings.limit("identifier", 1000, 60);
        settings.limit("address", 1000, 60);
        settings.policy("lockout.mode", "shadow");
        settings.policy("lockout.first_delay", "1s");
        adjust(settings);
    })
    .await
}

/// Enters so many wrong codes on one challenge, each evaluated at once; gives the challenge and its right code.
async fn fail(device: &Device<'_>, times: usize) -> (String, String) {
    let (challenge, code) = device.send().await.unwrap();
    for _ in 0..times {
        assert_eq!(device.verify(&challenge, &wrong(&code)).await.unwrap_err().reason, "CODE_INVALID");
    }
    (challenge, code)
}

async fn a_devices_reserve_in_shadow_is_reported_by_its_name(store: Store) {
    let world = World::with(store, |settings| {
        settings.limit("identifier", 3, 300);
        settings.policy("limits.device.mode", "shadow");
    })
    .await;
    let mut owner = Device::new(&world, "reserve@example.com").await;
    // Three for the identifier, three of the reserve, and one more.
    for _ in 0..7 {
        owner.sign_in().await.unwrap();
    }
    let audit = world.audit().await;
    assert_eq!((audit.count("refusal.shadowed", "RATE_LIMITED_DEVICE"), audit.total("refusal.shadowed")), (1, 1));
}

async fn a_rung_in_shadow_is_reported_and_locks_nobody(store: Store) {
    let world = world(store, |_| {}).await;
    let device = Device::new(&world, "shadow@example.com").await;
    let (challenge, code) = fail(&device, 5).await;
    // The attempts of a challenge are no part of it.
    assert_eq!(device.verify(&challenge, &code).await.unwrap_err().reason, "ATTEMPTS_EXHAUSTED");
    let (challenge, code) = device.send().await.unwrap();
    device.verify(&challenge, &code).await.unwrap();
    // A right code forgets the failures, as ever.
    let (challenge, code) = fail(&device, 2).await;
    device.verify(&challenge, &code).await.unwrap();
    let audit = world.audit().await;
    let reported: Vec<_> = audit.0.iter().filter(|event| event.act == "refusal.shadowed").collect();
    assert_eq!(reported.len(), 2, "the rungs at 3 and 5: {reported:?}");
    assert!(reported.iter().all(|event| event.outcome == "would_refuse" && event.reason == "ACCOUNT_LOCKED"));
    let responded = audit.0.iter().filter(|event| event.reason.starts_with("failure_burst"));
    assert_eq!((audit.total("identifier.locked"), responded.count()), (0, 0));
    assert_eq!(audit.count("code.verified", "CODE_INVALID"), 7);
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, 3, "codes, and no notice");
    let locked = "SELECT COUNT(*) FROM lockouts WHERE locked_until > 0";
    assert_eq!(world.number(locked).await, 0);
}

/// NIST SP 800-63B-4 section 3.2.2.
async fn in_shadow_suspension_holds(store: Store) {
    let world = world(store, |settings| settings.policy("lockout.disable_at", 7)).await;
    let device = Device::new(&world, "shadow-end@example.com").await;
    fail(&device, 5).await;
    let (challenge, code) = fail(&device, 2).await;
    world.advance(Duration::from_mins(2));
    let suspended = device.verify(&challenge, &code).await.unwrap_err();
    assert_eq!((suspended.reason.as_str(), suspended.retry_delay), ("ACCOUNT_LOCKED", None));
    let audit = world.audit().await;
    assert_eq!(audit.count("identifier.locked", "SUSPENDED"), 1);
    assert_eq!(audit.count("security.responded", "failure_burst: notify"), 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, 3, "two codes, and the notice");
}

async fn what_is_in_shadow_for_one_client_lifts_no_lock_of_another(store: Store) {
    const EMAIL: &str = "shadow-client@example.com";
    let world = world(store, |settings| {
        settings.client("kiosk");
        settings.policy("lockout.mode", "enforce");
        settings.policy("lockout.first_delay", "0s");
        settings.policy_override("client = 'kiosk'\n[lockout]\nmode = 'shadow'");
    })
    .await;
    let device = Device::new(&world, EMAIL).await;
    let (challenge, code) = fail(&device, 3).await;
    let request = SendOtpRequest { client_id: "kiosk".to_owned(), ..send_otp_request(EMAIL) };
    let at_kiosk = device.client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let guess = |code: &str| {
        let (id, code) = (at_kiosk.challenge_id.clone(), code.to_owned());
        let device = &device;
        async move { device.verify(&id, &code).await.unwrap_err().reason }
    };
    // There it is evaluated, and counts for all.
    for wrong in ["000000", "000001"] {
        assert_eq!(guess(wrong).await, "CODE_INVALID");
        let locked = device.verify(&challenge, &code).await.unwrap_err();
        assert_eq!(locked.reason, "ACCOUNT_LOCKED");
        assert!(locked.retry_delay.unwrap() <= Duration::from_mins(5));
    }
    assert_eq!(world.number("SELECT consecutive_failures FROM lockouts").await, 5);
    world.advance(Duration::from_secs(301));
    let (challenge, code) = device.send().await.unwrap();
    device.verify(&challenge, &code).await.unwrap();
}

/// Replaces the mode while the service runs.
async fn switch(world: &mut World, mode: &str) {
    world.settings.policy("lockout.mode", mode);
    world.settings.policy("name", format!("mode-{mode}"));
    world.settings.write_policy();
    world.server.process().signal(Signal::HUP);
    let (server, token) = (&world.server, world.server.admin_token());
    wait::until("the policy is in force", Duration::from_secs(15), async || {
        let asked = operator(GetPolicyRequest {}, &token);
        let policy = server.admin().await.admin().get_policy(asked).await.unwrap().into_inner().policy.unwrap();
        (policy.name == format!("mode-{mode}")).then_some(())
    })
    .await;
}

async fn what_stands_beyond_a_rung_is_locked_once_it_is_enforced(store: Store) {
    const EMAIL: &str = "shadow-switch@example.com";
    let mut world = world(store, |settings| {
        let rung = Table::from_iter([("failures".to_owned(), 3.into()), ("wait".to_owned(), "5m".into())]);
        settings.policy("lockout.rungs", vec![Value::Table(rung)]);
    })
    .await;
    let challenge = {
        let device = Device::new(&world, EMAIL).await;
        fail(&device, 4).await
    };
    switch(&mut world, "enforce").await;
    {
        let device = Device::new(&world, EMAIL).await;
        // Nothing that was counted locks by itself; the next wrong code does.
        let (other, _) = fail(&device, 1).await;
        let locked = device.verify(&other, &challenge.1).await.unwrap_err();
        assert_eq!(locked.reason, "ACCOUNT_LOCKED");
        assert!(locked.retry_delay.unwrap() > Duration::from_mins(4));
        let audit = world.audit().await;
        assert_eq!(audit.count("identifier.locked", "TOO_MANY_FAILURES"), 1);
        assert_eq!(audit.count("refusal.shadowed", "ACCOUNT_LOCKED"), 2, "the third and the fourth");
    }
    // Back in shadow a lock that stands holds nobody.
    switch(&mut world, "shadow").await;
    let device = Device::new(&world, EMAIL).await;
    device.verify(&challenge.0, &challenge.1).await.unwrap();
}

async fn a_guard_in_shadow_reports_and_guards_nothing(store: Store) {
    const ACCOUNTS: [&str; 3] =
        ["shadow-guard-0@example.com", "shadow-guard-1@example.com", "shadow-guard-2@example.com"];
    let world = world(store, |settings| {
        settings.guard(2, 120);
        settings.policy("guard.mode", "shadow");
    })
    .await;
    let mut challenges = Vec::new();
    for email in ACCOUNTS {
        let stranger = Device::new(&world, email).await;
        let (challenge, code) = stranger.send().await.unwrap();
        challenges.push((stranger, challenge, code));
    }
    for (stranger, challenge, code) in &challenges[..2] {
        assert_eq!(stranger.verify(challenge, &wrong(code)).await.unwrap_err().reason, "CODE_INVALID");
    }
    // A short code that was out already would not have been evaluated; one that is asked for now would be long.
    let (stranger, challenge, code) = &challenges[2];
    stranger.verify(challenge, code).await.unwrap();
    let (short, code) = stranger.send().await.unwrap();
    assert_eq!(code.len(), 6);
    stranger.verify(&short, &code).await.unwrap();
    let audit = world.audit().await;
    assert_eq!((audit.total("guard.raised"), audit.count("code.verified", "GUARDED")), (0, 0));
    let reported = ["TOO_MANY_FAILURES", "GUARDED"].map(|reason| audit.count("refusal.shadowed", reason));
    assert_eq!(reported, [1, 1]);
}
