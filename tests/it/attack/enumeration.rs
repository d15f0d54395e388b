//! Group C: finding out who has an account; and codes that show up where they must not.

use std::collections::BTreeSet;

use identity::grpc::proto::{Challenge, DisableUserRequest, SendOtpResponse, VerifyOtpRequest};
use prost::Message;
use prost_types::Any;
use tonic::Response;
use tonic_types::pb;

use crate::both_stores::on_both_stores;
use crate::support::client::{Client, operator, send_otp_request};
use crate::support::world::World;

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
