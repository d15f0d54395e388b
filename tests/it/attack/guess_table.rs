//! A10: every method that takes a code counts guesses on the same counters. Which methods those are is read from the
//! contract: one that is added and does not stand here fails.

use std::collections::BTreeSet;

use identity::grpc::proto::{FILE_DESCRIPTOR_SET, LinkCompletion, SendOtpRequest, VerifyOtpRequest};
use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

use crate::both_stores::on_both_stores_with_clock;
use crate::support::client::{Client, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::world::World;

/// The methods that take a code or a number that could be guessed. Each has its guess in `guess`.
const GUESSABLE: [&str; 2] = ["identity.v1.IdentityService/RedeemMagicLink", "identity.v1.IdentityService/VerifyOtp"];

/// The methods that take a link's token and nothing shorter. Its 256 bits are nobody's to guess, and a wrong one is
/// charged to nobody: `attack::links` shows that, and that all of them look alike.
const UNGUESSABLE: [&str; 2] =
    ["identity.v1.IdentityService/InspectMagicLink", "identity.v1.IdentityService/RejectMagicLink"];

/// Presents a wrong code, or a wrong number with a right link, to a method.
async fn guess(method: &str, client: &Client, challenge_id: &str, code: &str, token: &str) -> Refusal {
    let (challenge_id, code) = (challenge_id.to_owned(), code.to_owned());
    match method {
        "identity.v1.IdentityService/RedeemMagicLink" => {
            client.approve(token, &code[code.len() - 2..]).await.expect_err("a wrong number")
        }
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
    ["code", "otp", "link", "pin", "match"].iter().any(|word| words.contains(word)) || name == "token"
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
    let table = GUESSABLE.iter().chain(&UNGUESSABLE).map(ToString::to_string).collect();
    assert_eq!(found, table, "methods that take a code, and the table");
}

#[test]
fn a10_the_search_sees_codes_by_their_names() {
    for (name, guessed) in [
        ("code", true),
        ("new_address_code", true),
        ("link_token", true),
        ("token", true),
        ("match_number", true),
        ("device_token", false),
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

const FAILURES: &str = "SELECT SUM(consecutive_failures) FROM lockouts";
const ATTEMPTS: &str = "SELECT SUM(attempts) FROM challenges";

/// Three wrong codes lock the identifier, for this method and for signing in.
async fn counts(world: &World, method: &str) {
    let email = format!("a10-{}@example.com", method.rsplit('/').next().unwrap().to_lowercase());
    let client = world.server.client().await;
    let request = SendOtpRequest {
        include_magic_link: true,
        link_completion: LinkCompletion::AskingDevice.into(),
        ..send_otp_request(&email)
    };
    let send = async || client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let (challenge, token) = world.server.link_of(&email, send).await;
    let code = world.server.mailbox().to(&email)[0].code().unwrap();
    let (failures, attempts) = (world.number(FAILURES).await.max(0), world.number(ATTEMPTS).await);
    let number = challenge.match_number.parse::<u32>().unwrap();
    for nth in 1..=3 {
        world.advance(std::time::Duration::from_secs(20));
        // Neither its six digits nor its last two are right.
        let wrong = (1..).map(|step| (code.parse::<u32>().unwrap() + nth + step) % 1_000_000);
        let wrong = wrong.into_iter().find(|wrong| wrong % 100 != number).unwrap();
        let refusal = guess(method, &client, &challenge.challenge_id, &format!("{wrong:06}"), &token).await;
        assert_eq!(refusal.reason, "CODE_INVALID", "{method}");
        assert_eq!(world.number(FAILURES).await, failures + i64::from(nth), "{method}");
        assert_eq!(world.number(ATTEMPTS).await, attempts + i64::from(nth), "{method}");
    }
    for refusal in [
        client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err(),
        client.approve(&token, &challenge.match_number).await.unwrap_err(),
    ] {
        assert!(
            ["ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON"].contains(&refusal.reason.as_str()),
            "{method}: {}",
            refusal.reason
        );
    }
    let audit = world.audit().await;
    let evaluated = audit.count("code.verified", "CODE_INVALID") + audit.count("link.redeemed", "MATCH_NUMBER_INVALID");
    assert_eq!(evaluated % 3, 0, "three of each method");
}
