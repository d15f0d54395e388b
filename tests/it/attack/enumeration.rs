//! Group C: finding out who has an account; and codes that show up where they must not.

use std::collections::BTreeSet;
use std::time::Duration;

use identity::grpc::proto::{Challenge, DisableUserRequest, SendOtpResponse, VerifyOtpRequest};
use prost::Message;
use prost_types::Any;
use tonic::Response;
use tonic_types::pb;

use crate::both_stores::{bodies_on_both_stores, on_both_stores, on_both_stores_with_clock};
use crate::support::client::{Client, operator, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::smtp::{Security, Smtp};
use crate::support::wait;
use crate::support::world::{Store, World};

/// Whose accounts are asked about; addresses are of one length.
const KNOWN: &str = "known--@example.org";
const UNKNOWN: &str = "unknown@example.org";
const LOCKED: &str = "locked-@example.org";
const DISABLED: &str = "disable@example.org";

/// A code that is not the one.
fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

async fn present(client: &Client, challenge: &Challenge, code: &str) -> tonic::Status {
    let challenge_id = challenge.challenge_id.clone();
    let request = VerifyOtpRequest { challenge_id, code: code.to_owned(), ..VerifyOtpRequest::default() };
    client.identity().verify_otp(request).await.expect_err("a refusal")
}

/// A known, an unknown, a locked and a disabled account.
async fn people(world: &World) {
    let client = world.server.client().await;
    world.server.sign_in(KNOWN).await;
    let user_id = world.server.sign_in(DISABLED).await.user.unwrap().user_id;
    let request = DisableUserRequest { user_id, ..DisableUserRequest::default() };
    let request = operator(request, &world.server.admin_token());
    world.server.admin().await.admin().disable_user(request).await.unwrap();
    let (challenge, code) = world.server.request_code(LOCKED).await;
    for _ in 0..3 {
        present(&client, &challenge, &wrong(&code)).await;
    }
}

/// Names and lengths of everything that an answer says beside its message.
fn shape(answer: &Response<SendOtpResponse>) -> BTreeSet<(String, usize)> {
    let told = answer.metadata().clone().into_headers();
    told.iter().filter(|(name, _)| *name != "date").map(|(name, value)| (name.to_string(), value.len())).collect()
}

on_both_stores!(a25_asking_for_a_code_looks_alike_for_everyone, |world| {
    people(&world).await;
    let client = world.server.client().await;
    let mut seen = BTreeSet::new();
    for email in [KNOWN, UNKNOWN, LOCKED, DISABLED] {
        let answer = client.identity().send_otp(send_otp_request(email)).await.unwrap();
        let mut headers = shape(&answer);
        // How many requests an address has left is the same for everyone after as many requests.
        headers.retain(|(name, _)| !name.starts_with("x-ratelimit"));
        let challenge = answer.get_ref().challenge.clone().unwrap();
        let fields = [
            challenge.challenge_id.len(),
            challenge.masked_destination.len(),
            challenge.binding_secret.len(),
            usize::try_from(challenge.code_length).unwrap(),
            usize::try_from(challenge.attempts_remaining).unwrap(),
        ];
        // Times have the same form; their sub-seconds differ in length by chance, so they are taken out.
        let mut plain = challenge;
        plain.expire_time = None;
        plain.resend_time = None;
        seen.insert((headers, fields, plain.encoded_len()));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    // Each of them has really been sent a code.
    for (email, count) in [(KNOWN, 2), (UNKNOWN, 1), (LOCKED, 2), (DISABLED, 2)] {
        assert!(world.server.mailbox().wait_for(email, count).await.code().is_some());
    }
});

on_both_stores!(a28_refusals_tell_the_same_to_everyone, |world| {
    people(&world).await;
    let client = world.server.client().await;
    let mut seen = BTreeSet::new();
    for email in [KNOWN, UNKNOWN, DISABLED] {
        let (challenge, code) = world.server.request_code(email).await;
        let status = present(&client, &challenge, &wrong(&code)).await;
        let names: BTreeSet<String> =
            status.metadata().clone().into_headers().keys().map(ToString::to_string).collect();
        let details = pb::Status::decode(status.details()).unwrap();
        let kinds: Vec<(String, Vec<u8>)> =
            details.details.into_iter().map(|Any { type_url, value }| (type_url, value)).collect();
        seen.insert((format!("{:?}", status.code()), status.message().to_owned(), names, kinds));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
});

on_both_stores_with_clock!(a25_locks_of_known_unknown_and_disabled_look_alike, |world| {
    people(&world).await;
    let client = world.server.client().await;
    // The lock of one who has no account looks like the lock of one who has.
    let mut seen = BTreeSet::new();
    for email in [KNOWN, UNKNOWN, DISABLED] {
        let (challenge, code) = world.server.request_code(email).await;
        for _ in 0..3 {
            world.advance(Duration::from_secs(20));
            present(&client, &challenge, &wrong(&code)).await;
        }
        let refusal = present(&client, &challenge, &code).await;
        let details = pb::Status::decode(refusal.details()).unwrap();
        let kinds: Vec<String> = details.details.iter().map(|detail| detail.type_url.clone()).collect();
        let names: BTreeSet<String> =
            refusal.metadata().clone().into_headers().keys().map(ToString::to_string).collect();
        let reason = Refusal::from(refusal.clone()).reason;
        assert!(["ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON"].contains(&reason.as_str()), "{reason}");
        seen.insert((format!("{:?}", refusal.code()), refusal.message().len(), names, kinds));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
});

bodies_on_both_stores!(a29_an_address_that_the_provider_rejects);

async fn a29_an_address_that_the_provider_rejects(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let world = World::with(store, |settings| {
        settings.remove("delivery");
        settings.set("delivery.smtp.host", "127.0.0.1");
        settings.set("delivery.smtp.port", i64::from(relay.port()));
        settings.set("delivery.smtp.tls", "disable-on-loopback");
        settings.set("delivery.smtp.from", "sign-in@example.org");
    })
    .await;
    let client = world.server.client().await;
    let mut seen = BTreeSet::new();
    for email in ["refuse-forever@example.com", "refuse-nothing@example.com"] {
        let answer = client.identity().send_otp(send_otp_request(email)).await.unwrap();
        let mut plain = answer.get_ref().challenge.clone().unwrap();
        let verdict = present(&client, &plain, "000000").await;
        plain.expire_time = None;
        plain.resend_time = None;
        let mut headers = shape(&answer);
        headers.retain(|(name, _)| !name.starts_with("x-ratelimit"));
        seen.insert((headers, plain.encoded_len(), verdict.message().to_owned(), verdict.details().to_vec()));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    // The books alone tell them apart.
    let audit = wait::until("both messages to end", Duration::from_secs(20), async || {
        let audit = world.audit().await;
        (audit.total("message.dropped") + audit.total("message.delivered") == 2).then_some(audit)
    })
    .await;
    assert_eq!((audit.count("message.dropped", "RECIPIENT_REFUSED"), audit.count("message.delivered", "")), (1, 1));
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox WHERE settle_time IS NOT NULL AND content IS NULL").await, 2);
    relay.wait_for("refuse-nothing@example.com").await;
}

on_both_stores_with_clock!(a30_guesses_on_an_unknown_address_are_counted, |world| {
    world.server.sign_in(KNOWN).await;
    let client = world.server.client().await;
    let failures = "SELECT SUM(consecutive_failures) FROM lockouts";
    for email in [KNOWN, UNKNOWN] {
        let (challenge, code) = world.server.request_code(email).await;
        let before = world.number(failures).await.max(0);
        for nth in 1..=3 {
            world.advance(Duration::from_secs(20));
            let status = present(&client, &challenge, &wrong(&code)).await;
            assert_eq!(Refusal::from(status).reason, "CODE_INVALID", "{email}");
            assert_eq!(world.number(failures).await, before + nth, "{email}");
        }
        let locked = Refusal::from(present(&client, &challenge, &code).await);
        assert!(["ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON"].contains(&locked.reason.as_str()), "{email}: {}", locked.reason);
    }
    assert_eq!(world.audit().await.count("identifier.locked", "TOO_MANY_FAILURES"), 2);
});

on_both_stores!(a24_a_code_is_in_no_answer, |world| {
    let client = world.server.client().await;
    let mut answers = Vec::new();
    let mut codes = Vec::new();
    for nth in 0..10 {
        let email = format!("a24-{nth}@example.org");
        let sent = client.identity().send_otp(send_otp_request(&email)).await.unwrap();
        let code = world.server.mailbox().wait_for(&email, 1).await.code().unwrap();
        let challenge = sent.get_ref().challenge.clone().unwrap();
        answers.push(format!("{:?}", sent.metadata()));
        answers.push(texts(&challenge));
        let status = present(&client, &challenge, &wrong(&code)).await;
        answers.push(format!("{status:?} {}", String::from_utf8_lossy(status.details())));
        let signed_in = client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
        answers.push(String::from_utf8_lossy(&signed_in.encode_to_vec()).into_owned());
        let used = present(&client, &challenge, &code).await;
        answers.push(format!("{used:?} {}", String::from_utf8_lossy(used.details())));
        codes.push(code);
    }
    for (nth, answer) in answers.iter().enumerate() {
        let code = &codes[nth / 5];
        assert!(!answer.contains(code.as_str()), "{code} in {answer}");
    }
});

/// The texts of a challenge; its times are numbers that a code could be part of by chance.
fn texts(challenge: &Challenge) -> String {
    let Challenge { challenge_id, masked_destination, binding_secret, match_number, .. } = challenge;
    format!("{challenge_id} {masked_destination} {binding_secret} {match_number}")
}
