//! A10: every method that takes a code counts guesses on the same counters. Which methods those are is read from the
//! contract: one that is added and does not stand here fails.

use std::collections::BTreeSet;

use identity::grpc::proto::{FILE_DESCRIPTOR_SET, VerifyOtpRequest};
use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

use crate::both_stores::on_both_stores_with_clock;
use crate::support::client::Client;
use crate::support::refusal::Refusal;
use crate::support::world::World;

/// The methods that take a code or a link's token. Each has its guess in `guess`.
const GUESSABLE: [&str; 1] = ["identity.v1.IdentityService/VerifyOtp"];

/// Presents a wrong code to a method.
async fn guess(method: &str, client: &Client, challenge_id: &str, code: &str) -> Refusal {
    let (challenge_id, code) = (challenge_id.to_owned(), code.to_owned());
    match method {
        "identity.v1.IdentityService/VerifyOtp" => {
            let request = VerifyOtpRequest { challenge_id, code, ..VerifyOtpRequest::default() };
            client.identity().verify_otp(request).await.expect_err("a wrong code").into()
        }
        other => panic!("no guess at {other}: write it here, and hold it to the counters below"),
    }
}

/// Whether a field's value is one that a guesser would try: a code, or what a link carries.
fn is_guessed(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    words.contains(&"code") || words.contains(&"otp") || words.contains(&"link") || words.contains(&"pin")
}

/// Whether a message has such a field, itself or within.
fn takes_a_code(set: &FileDescriptorSet, name: &str, depth: u32) -> bool {
    let Some(message) = messages(set).find(|(full, _)| full == name).map(|(_, message)| message) else { return false };
    message.field.iter().any(|field| match field.r#type() {
        Type::String | Type::Bytes => is_guessed(field.name()),
        Type::Message if depth > 0 => takes_a_code(set, field.type_name(), depth - 1),
        _ => false,
    })
}

fn messages(set: &FileDescriptorSet) -> impl Iterator<Item = (String, &DescriptorProto)> {
    set.file.iter().flat_map(|file| {
        file.message_type.iter().map(move |message| (format!(".{}.{}", file.package(), message.name()), message))
    })
}

#[test]
fn a10_every_method_that_takes_a_code_is_in_the_table() {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut found = BTreeSet::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                if takes_a_code(&set, method.input_type(), 8) {
                    found.insert(format!("{}.{}/{}", file.package(), service.name(), method.name()));
                }
            }
        }
    }
    assert_eq!(found, GUESSABLE.iter().map(ToString::to_string).collect(), "methods that take a code, and the table");
}

#[test]
fn a10_the_search_sees_codes_by_their_names() {
    for (name, guessed) in [
        ("code", true),
        ("new_address_code", true),
        ("link_token", true),
        ("challenge_id", false),
        ("binding_secret", false),
        ("country_codes", false),
    ] {
        assert_eq!(is_guessed(name), guessed, "{name}");
    }
}

on_both_stores_with_clock!(a10_each_method_counts_on_the_same_ladder, |world| {
    for method in GUESSABLE {
        counts(&world, method).await;
    }
});

/// Three wrong codes lock the identifier, for this method and for signing in.
async fn counts(world: &World, method: &str) {
    let email = format!("a10-{}@example.com", method.rsplit('/').next().unwrap().to_lowercase());
    let (challenge, code) = world.server.request_code(&email).await;
    let client = world.server.client().await;
    let before = world.audit().await.count("code.verified", "CODE_INVALID");
    for nth in 1..=3 {
        world.advance(std::time::Duration::from_secs(20));
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + nth) % 1_000_000);
        assert_eq!(guess(method, &client, &challenge.challenge_id, &wrong).await.reason, "CODE_INVALID", "{method}");
        assert_eq!(world.number("SELECT MAX(consecutive_failures) FROM lockouts").await, i64::from(nth));
    }
    let refusal = guess(method, &client, &challenge.challenge_id, &code).await;
    assert!(["ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON"].contains(&refusal.reason.as_str()), "{method}: {}", refusal.reason);
    let refusal = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert!(["ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON"].contains(&refusal.reason.as_str()), "{}", refusal.reason);
    assert_eq!(world.audit().await.count("code.verified", "CODE_INVALID"), before + 3);
}
