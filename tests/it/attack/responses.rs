//! TOK-11: unusual use of an account brings what the policy chose, no less than the attacks demand, and no more.

use std::time::Duration;

use identity::grpc::proto::{
    Device as DeviceInfo, InactiveReason, RefreshTokenRequest, SendOtpRequest, TokenSet, VerifyOtpRequest,
};
use tonic::Code;

use super::lockout::{Device, wrong};
use super::tokens::{objection, refresh};
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{Client, send_otp_request};
use crate::support::mail::Mail;
use crate::support::settings::Settings;
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    a_new_device_is_told_once_an_hour_in_the_users_language,
    a_known_device_and_a_new_user_are_not_told,
    a_new_device_may_sign_all_others_out,
    a_replayed_token_ends_its_family_whatever_the_policy_says,
    another_device_ends_the_family_and_what_the_policy_says,
    a_burst_of_wrong_codes_tells_and_ends_nothing,
    a_lock_is_told_once_an_hour_in_the_language_of_its_code,
);

fn list(entries: &[&str]) -> toml::Value {
    toml::Value::Array(entries.iter().map(|entry| (*entry).into()).collect())
}

async fn world(store: Store, event: &str, responses: &[&str]) -> World {
    World::with_clock_and(store, |settings: &mut Settings| {
        settings.limit("identifier", 1000, 60);
        settings.limit("address", 1000, 60);
        settings.policy(&format!("responses.{event}"), list(responses));
    })
    .await
}

/// The notices to an address; codes left aside.
fn notices(world: &World, email: &str) -> Vec<Mail> {
    world.server.mailbox().to(email).into_iter().filter(|mail| mail.code().is_none()).collect()
}

async fn notice(world: &World, email: &str, nth: usize) -> Mail {
    wait::until("the notice", Duration::from_secs(10), async || notices(world, email).into_iter().nth(nth)).await
}

fn subject(mail: &Mail) -> String {
    mail.header("Subject").unwrap()
}

async fn assert_revoked(client: &Client, tokens: &TokenSet) {
    assert_eq!(objection(client, &tokens.access_token, "", "").await, Some(InactiveReason::Revoked));
    assert_eq!(refresh(client, &tokens.refresh_token).await.unwrap_err().code, Code::Unauthenticated);
}

/// Signs in on a device that is not known, asking for the code in a language.
async fn sign_in(world: &World, email: &str, locale: &str, device_id: &str) -> TokenSet {
    let client = world.server.client().await;
    let codes = || world.server.mailbox().to(email).into_iter().filter_map(|mail| mail.code());
    let before = codes().count();
    let request = SendOtpRequest { locale: locale.to_owned(), ..send_otp_request(email) };
    let challenge = client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let code = wait::until("the code", Duration::from_secs(10), async || codes().nth(before)).await;
    let device = DeviceInfo { device_id: device_id.to_owned(), ..DeviceInfo::default() };
    let request = VerifyOtpRequest {
        challenge_id: challenge.challenge_id,
        code,
        device: Some(device),
        ..VerifyOtpRequest::default()
    };
    client.identity().verify_otp(request).await.unwrap().into_inner().tokens.unwrap()
}

async fn a_new_device_is_told_once_an_hour_in_the_users_language(store: Store) {
    const EMAIL: &str = "new-device@example.com";
    let world = world(store, "new_device", &["notify"]).await;
    let first = sign_in(&world, EMAIL, "de-CH", "").await;
    for _ in 0..2 {
        // Whoever signs in later, perhaps a thief, does not choose the language of the notice.
        sign_in(&world, EMAIL, "ja", "").await;
    }
    let told = notice(&world, EMAIL, 0).await;
    assert!(told.text.contains("auf einem Gerät, das wir nicht kennen"), "{}", told.text);
    assert!(told.text.contains("127.0.0.1") && !told.text.contains(EMAIL), "{}", told.text);
    world.advance(Duration::from_mins(61));
    sign_in(&world, EMAIL, "", "").await;
    notice(&world, EMAIL, 1).await;
    assert_eq!(notices(&world, EMAIL).len(), 2, "once an hour");
    let client = world.server.client().await;
    refresh(&client, &first.refresh_token).await.unwrap();
    let audit = world.audit().await;
    assert_eq!(audit.count("security.responded", "new_device: notify"), 3, "each is on record");
    let responded = audit.0.iter().find(|event| event.act == "security.responded").unwrap();
    assert_eq!((responded.actor.as_str(), responded.outcome.as_str()), ("service", "success"));
    let nameless = "SELECT COUNT(*) FROM audit_events WHERE act = 'security.responded' AND user_id IS NULL";
    assert_eq!(world.number(nameless).await, 0);
}

async fn a_known_device_and_a_new_user_are_not_told(store: Store) {
    const EMAIL: &str = "known-device@example.com";
    let world = world(store, "new_device", &["notify"]).await;
    let mut device = Device::new(&world, EMAIL).await;
    for _ in 0..3 {
        device.sign_in().await.unwrap();
    }
    assert_eq!(world.audit().await.total("security.responded"), 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox WHERE user_id IS NOT NULL").await, 0);
}

async fn a_new_device_may_sign_all_others_out(store: Store) {
    const EMAIL: &str = "one-device@example.com";
    let world = world(store, "new_device", &["notify", "revoke"]).await;
    let bystander = sign_in(&world, "one-device-other@example.com", "", "").await;
    let first = sign_in(&world, EMAIL, "", "").await;
    let mut owner = Device::new(&world, EMAIL).await;
    let second = owner.sign_in().await.unwrap().tokens.unwrap();
    let client = world.server.client().await;
    // The feed of revocations brings it to every process within a second.
    let dead = async || objection(&client, &first.access_token, "", "").await;
    wait::until("the first session is over", Duration::from_secs(2), dead).await;
    assert_revoked(&client, &first).await;
    for live in [&second, &bystander] {
        assert_eq!(objection(&client, &live.access_token, "", "").await, None);
    }
    let told = notice(&world, EMAIL, 0).await;
    assert!(told.text.replace('\n', " ").contains("All other devices have been signed out."), "{}", told.text);
    // The device that signed in is known from now on.
    owner.sign_in().await.unwrap();
    assert_eq!(objection(&client, &second.access_token, "", "").await, None);
    let audit = world.audit().await;
    assert_eq!(audit.count("security.responded", "new_device: notify, revoke"), 1);
    assert_eq!((audit.count("session.revoked", "NEW_DEVICE"), audit.total("session.revoked")), (1, 1));
}

/// A81, A87: no policy keeps the family alive or the owner uninformed.
async fn a_replayed_token_ends_its_family_whatever_the_policy_says(store: Store) {
    const EMAIL: &str = "replayed@example.com";
    for (responses, others_end, told) in
        [(&["notify"][..], false, "signed out on a device"), (&["notify", "revoke"], true, "signed out everywhere")]
    {
        let world = world(store, "replayed_token", responses).await;
        let client = world.server.client().await;
        let other = sign_in(&world, EMAIL, "", "").await;
        let first = sign_in(&world, EMAIL, "", "").await;
        let second = refresh(&client, &first.refresh_token).await.unwrap();
        let third = refresh(&client, &second.refresh_token).await.unwrap();
        let refusal = refresh(&client, &first.refresh_token).await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "REFRESH_TOKEN_REUSED"));
        for tokens in [&first, &second, &third] {
            assert_revoked(&client, tokens).await;
        }
        if others_end {
            assert_revoked(&client, &other).await;
        } else {
            assert_eq!(objection(&client, &other.access_token, "", "").await, None);
            refresh(&client, &other.refresh_token).await.unwrap();
        }
        assert!(subject(&notice(&world, EMAIL, 0).await).contains(told));
        let reason = format!("replayed_token: {}", responses.join(", "));
        let audit = world.audit().await;
        assert_eq!((audit.count("security.responded", &reason), audit.total("refresh_token.reused")), (1, 1));
        let ended = 1 + usize::from(others_end);
        assert_eq!(audit.count("session.revoked", "REFRESH_TOKEN_REUSED"), ended, "one for each session");
        let revoked = audit.0.iter().find(|event| event.act == "session.revoked").unwrap();
        assert_eq!((revoked.actor.as_str(), revoked.address.as_deref()), ("service", Some("127.0.0.1")));
        let alike = "SELECT COUNT(DISTINCT session_id) FROM audit_events WHERE act = 'session.revoked' \
            AND user_id IS NOT NULL";
        assert_eq!(usize::try_from(world.number(alike).await).unwrap(), ended);
    }
}

/// A85.
async fn another_device_ends_the_family_and_what_the_policy_says(store: Store) {
    const EMAIL: &str = "mismatch@example.com";
    for (responses, recorded) in [(&[][..], "none"), (&["notify"], "notify"), (&["revoke"], "revoke")] {
        let world = world(store, "device_mismatch", responses).await;
        let client = world.server.client().await;
        let other = sign_in(&world, EMAIL, "fr", "phone").await;
        let stolen = sign_in(&world, EMAIL, "", "phone").await;
        let request = RefreshTokenRequest {
            refresh_token: stolen.refresh_token.clone(),
            device: Some(DeviceInfo { device_id: "laptop".to_owned(), ..DeviceInfo::default() }),
            ..RefreshTokenRequest::default()
        };
        let refusal = super::tokens::refresh_with(&client, request).await.unwrap_err();
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "DEVICE_MISMATCH"));
        assert_revoked(&client, &stolen).await;
        if recorded == "revoke" {
            assert_revoked(&client, &other).await;
        } else {
            assert_eq!(objection(&client, &other.access_token, "", "").await, None);
        }
        if recorded == "notify" {
            let told = notice(&world, EMAIL, 0).await;
            assert!(told.text.replace('\n', " ").contains("a été utilisée par un autre"), "{}", told.text);
        }
        let waiting = world.number("SELECT COUNT(*) FROM outbox WHERE user_id IS NOT NULL").await;
        assert_eq!(waiting, i64::from(recorded == "notify"));
        let audit = world.audit().await;
        assert_eq!(audit.count("security.responded", &format!("device_mismatch: {recorded}")), 1);
        let ended = if recorded == "revoke" { 2 } else { 1 };
        assert_eq!(audit.count("session.revoked", "DEVICE_MISMATCH"), ended, "one for each session");
    }
}

/// A stranger who enters wrong codes gets the owner told, and signs nobody out.
async fn a_burst_of_wrong_codes_tells_and_ends_nothing(store: Store) {
    const EMAIL: &str = "burst@example.com";
    for (responses, told) in [(&["notify"][..], 1), (&[], 0)] {
        let world = world(store, "failure_burst", responses).await;
        let owner = sign_in(&world, EMAIL, "", "").await;
        let stranger = Device::new(&world, EMAIL).await;
        let (challenge, code) = stranger.send().await.unwrap();
        for _ in 0..3 {
            assert_eq!(stranger.verify(&challenge, &wrong(&code)).await.unwrap_err().reason, "CODE_INVALID");
        }
        assert_eq!(stranger.verify(&challenge, &code).await.unwrap_err().reason, "ACCOUNT_LOCKED");
        let client = world.server.client().await;
        assert_eq!(objection(&client, &owner.access_token, "", "").await, None);
        refresh(&client, &owner.refresh_token).await.unwrap();
        // One code each for the owner and for the stranger, and the notice.
        assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, 2 + told);
        let reason = if told > 0 { "failure_burst: notify" } else { "failure_burst: none" };
        let audit = world.audit().await;
        assert_eq!((audit.count("security.responded", reason), audit.total("identifier.locked")), (1, 1));
    }
}

async fn a_lock_is_told_once_an_hour_in_the_language_of_its_code(store: Store) {
    const EMAIL: &str = "locked-in-french@example.com";
    let world = World::with_clock_and(store, |settings: &mut Settings| {
        settings.limit("identifier", 1000, 60);
        settings.policy("lockout.first_delay", "0s");
        let rung =
            |failures: i64| toml::Table::from_iter([("failures".into(), failures.into()), ("wait".into(), 1.into())]);
        settings.policy("lockout.rungs", vec![rung(1), rung(2), rung(3)]);
    })
    .await;
    // The address has an account, of somebody who reads German. Whose code it was is not looked at.
    sign_in(&world, EMAIL, "de", "").await;
    let client = world.server.client().await;
    let fail = async || {
        let request = SendOtpRequest { locale: "fr-CA".to_owned(), ..send_otp_request(EMAIL) };
        let challenge = client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
        world.advance(Duration::from_secs(2));
        // Drawn codes are of six digits.
        let refusal = client.verify_otp(&challenge.challenge_id, "0000000").await.unwrap_err();
        assert_eq!(refusal.reason, "CODE_INVALID");
    };
    fail().await;
    fail().await;
    let told = notice(&world, EMAIL, 0).await;
    assert!(told.text.starts_with("Quelqu’un a saisi trop de codes erronés"), "{}", told.text);
    world.advance(Duration::from_mins(61));
    fail().await;
    notice(&world, EMAIL, 1).await;
    assert_eq!(notices(&world, EMAIL).len(), 2, "once an hour");
    assert_eq!(world.audit().await.total("identifier.locked"), 3);
}
