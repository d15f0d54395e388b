//! A116: every field at its longest is taken, and one step beyond is refused by name before the store is asked.

use prost::Message;
use prost::encoding::WireType;
use prost_types::field_descriptor_proto::Type;
use tonic::Code;

use super::raw::{Callers, with, with_number, with_text};
use super::requests::{longest_redirect_uri, sound};
use super::{Field, fields, roomy};
use crate::both_stores::test_on_both_stores;
use crate::support::proxy::{Fault, Proxy};
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World};

/// The last value that is taken and the first that is not, as messages.
struct Bound {
    most: Vec<u8>,
    beyond: Vec<u8>,
}

/// An address of that many octets. Parts of a domain have 63 at the most.
fn email(octets: usize) -> String {
    let label = "d".repeat(63);
    let start = format!("{}@{label}.{label}.", "l".repeat(64));
    format!("{start}{}.org", "e".repeat(octets - start.len() - 4))
}

/// A phone number of that many octets, most of which say nothing.
fn phone(octets: usize) -> String {
    format!("+44{}7400123456", " ".repeat(octets - 13))
}

/// A policy of that many octets.
fn policy(octets: usize) -> String {
    format!("{:x<octets$}", "template = 'standard'\n#")
}

/// The bound of a field, where it can be passed at all.
fn bound(field: &Field) -> Option<Bound> {
    let message = sound(&field.method);
    let texts = |most: String, beyond: String| {
        Some(Bound { most: with_text(&message, field, &most), beyond: with_text(&message, field, &beyond) })
    };
    // Of the most octets that a character has; the bound is one of characters.
    let wide = |most: usize| texts("𠀀".repeat(most), "𠀀".repeat(most + 1));
    let narrow = |most: usize| texts("a".repeat(most), "a".repeat(most + 1));
    let uuid = "0198c3c4-0000-7000-8000-0000000000bb".to_owned();
    let name = field.path.rsplit('.').next().unwrap();
    match (name, field.r#type) {
        ("email", _) => texts(email(254), email(255)),
        ("phone_number", _) => texts(phone(96), phone(97)),
        ("client_id", _) => texts("c".repeat(64), "c".repeat(65)),
        ("device_id" | "display_name" | "challenge_id" | "binding_secret" | "token", _)
            if !field.method.ends_with("/GetDelivery") =>
        {
            wide(128)
        }
        ("platform", _) => wide(64),
        ("public_key_jwk", _) => texts(String::new(), "a".to_owned()),
        ("locale", _) => {
            texts("de-abcdefgh-abcdefgh-abcdefgh-abcde".to_owned(), "de-abcdefgh-abcdefgh-abcdefgh-abcdef".to_owned())
        }
        ("request_id" | "user_id" | "session_id" | "message_id" | "challenge_id", _) => {
            texts(uuid.clone(), format!("{uuid}0"))
        }
        ("device_token", _) => wide(512),
        ("proof" | "refresh_token" | "access_token", _) => narrow(8192),
        ("redirect_uri", _) => texts(longest_redirect_uri(), format!("{}a", longest_redirect_uri())),
        ("code", _) => texts("0".repeat(10), "0".repeat(11)),
        ("match_number", _) => texts("00".to_owned(), "000".to_owned()),
        ("audience", _) => wide(255),
        ("name", _) => wide(32),
        ("page_token", _) => texts(String::new(), "a".repeat(44)),
        ("address", _) => texts(
            "0000:0000:0000:0000:0000:ffff:255.255.255.255".to_owned(),
            "0000:0000:0000:0000:0000:ffff:255.255.255.2555".to_owned(),
        ),
        ("policy", _) => texts(policy(15_000), policy(15_001)),
        ("roles", _) => {
            let roles = |count: usize, length: usize| {
                (0..count).fold(message.clone(), |message, nth| {
                    with_text(&message, field, &format!("{nth:r<length$}").replace(|c: char| c.is_ascii_digit(), "d"))
                })
            };
            Some(Bound { most: roles(32, 64), beyond: roles(33, 64) })
        }
        ("purpose", Type::Enum) => {
            Some(Bound { most: with_number(&message, field, 1), beyond: with_number(&message, field, 4) })
        }
        ("link_completion", Type::Enum) => {
            Some(Bound { most: with_number(&message, field, 3), beyond: with_number(&message, field, 4) })
        }
        ("channel", Type::Enum) => {
            Some(Bound { most: with_number(&message, field, 2), beyond: with_number(&message, field, 3) })
        }
        // More than the most is taken as the most (AIP-158); what is refused lies on the other side.
        ("page_size" | "max_refusals", Type::Int32) => {
            let most = with_number(&message, field, i64::from(i32::MAX));
            Some(Bound { most, beyond: with_number(&message, field, -1) })
        }
        ("span", Type::Message) => {
            let span = |nanos| {
                let span = prost_types::Duration { seconds: 30 * 24 * 3600, nanos };
                with(&message, field, &span.encode_to_vec(), WireType::LengthDelimited)
            };
            Some(Bound { most: span(0), beyond: span(1) })
        }
        (_, Type::Bool) => None,
        other => panic!("{}: no bound of {other:?}: write it here", field.method),
    }
}

/// A role of more than 64 characters, which the count of roles does not show.
fn too_long_a_role(field: &Field) -> Vec<u8> {
    with_text(&sound(&field.method), field, &"r".repeat(65))
}

async fn is_refused(callers: &Callers, field: &Field, message: Vec<u8>) {
    let what = format!("{} {}", field.method, field.path);
    let refusal = match callers.call(&field.method, message).await {
        Ok(_) => panic!("{what} is taken beyond its bound"),
        Err(status) => Refusal::from(status),
    };
    assert_eq!(refusal.code, Code::InvalidArgument, "{what}: {}", refusal.message);
    assert_eq!(refusal.field_names(), [field.path.as_str()], "{what}");
}

/// Events that callers leave: messages and signs of life have theirs when they come.
const EVENTS: &str = "SELECT COUNT(*) FROM audit_events WHERE act NOT LIKE 'message.%' AND act NOT LIKE 'limiter.%'";

test_on_both_stores!(a116_every_field_at_its_longest_and_beyond, room, |world| {
    let tokens = world.server.sign_in("a116@example.com").await.tokens.unwrap();
    let callers = Callers::of(&world, &tokens.access_token).await;
    for field in fields() {
        let Some(Bound { most, beyond }) = bound(&field) else { continue };
        if let Err(status) = callers.call(&field.method, most).await {
            let ours = [Code::Unauthenticated, Code::NotFound, Code::FailedPrecondition];
            assert!(ours.contains(&status.code()), "{} {} at its longest: {status:?}", field.method, field.path);
        }
        let events = world.number(EVENTS).await;
        is_refused(&callers, &field, beyond).await;
        if field.repeated {
            is_refused(&callers, &field, too_long_a_role(&field)).await;
        }
        assert_eq!(world.number(EVENTS).await, events, "{} {}", field.method, field.path);
    }
});

impl World {
    async fn room(store: Store) -> Self {
        roomy(store).await
    }
}

/// The store is away, and nobody notices who asks for too much.
#[tokio::test]
async fn a116_before_the_store() {
    let proxy = Proxy::to_postgres().await;
    let world = World::with(Store::Postgres, |settings| {
        settings.postgres_through(&proxy);
        settings.set("sessions.max_feed_age", "60s");
        settings.redirects(&[&longest_redirect_uri()]);
        settings.offer_sms();
    })
    .await;
    let tokens = world.server.sign_in("a116@example.com").await.tokens.unwrap();
    let callers = Callers::of(&world, &tokens.access_token).await;
    proxy.set(Fault::Refuse);
    for field in fields() {
        if let Some(Bound { beyond, .. }) = bound(&field) {
            is_refused(&callers, &field, beyond).await;
        }
    }
    let away = callers.call("identity.v1.AdminService/GetUser", sound("/GetUser")).await.unwrap_err();
    assert_eq!(away.code(), Code::Unavailable, "the store was away");
}
