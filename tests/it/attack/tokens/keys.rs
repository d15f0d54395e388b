//! Keys: what is published, and whose tokens are accepted.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::grpc::proto::{GetJwksRequest, InactiveReason};
use serde_json::Value;

use super::objection;
use crate::both_stores::on_both_stores;
use crate::support::http;
use crate::support::server::Server;
use crate::support::settings::write_secret;
use crate::support::world::{Store, World};

on_both_stores!(a77_the_key_set_shows_public_members_only, |world| {
    let answer = http::get(world.server.addresses().http, "/.well-known/jwks.json").await;
    assert_eq!(answer.status, 200);
    let set: Value = serde_json::from_str(&answer.body).unwrap();
    let members: Vec<&String> = set.as_object().unwrap().keys().collect();
    assert_eq!(members, ["keys"]);
    let keys = set["keys"].as_array().unwrap();
    let told = world.server.client().await.tokens().get_jwks(GetJwksRequest {}).await.unwrap().into_inner().keys;
    assert_eq!((keys.len(), told.len()), (1, 1));
    let mut members: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    let told = [&told[0].alg, &told[0].e, &told[0].kid, &told[0].kty, &told[0].n, &told[0].r#use];
    assert_eq!(members.iter().map(|member| keys[0][*member].as_str().unwrap()).collect::<Vec<_>>(), told);
});

/// Only the file of dependencies tells: `make deny` asks cargo itself.
#[test]
fn a79_no_rsa_crate() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    assert!(!lock.contains("name = \"rsa\"\n"), "RUSTSEC-2023-0071");
}

/// Three processes on one store, as in the middle of a change of keys. Times of the change come with rotation itself.
#[tokio::test]
async fn a76_retired_and_unpublished_keys() {
    let world = World::on(Store::Postgres).await;
    let keys = world.settings.secrets().join("signing-keys");
    let old = fs::read_to_string(keys.join("1.pem")).unwrap();
    let new = identity::adapters::signer::generate_pem().unwrap();
    write_secret(&keys.join("2.pem"), identity::domain::secret::ExposeSecret::expose_secret(&new));
    let both = world.another().await;
    fs::remove_file(keys.join("1.pem")).unwrap();
    let after = world.another().await;

    let by_old = world.server.sign_in("a76-old@example.com").await.tokens.unwrap().access_token;
    let by_new = both.sign_in("a76-new@example.com").await.tokens.unwrap().access_token;
    let (before, both, after) = (world.server.client().await, both.client().await, after.client().await);
    assert_eq!(objection(&both, &by_old, "", "").await, None, "published beside the newest");
    assert_eq!(objection(&both, &by_new, "", "").await, None);
    assert_eq!(objection(&after, &by_new, "", "").await, None);
    assert_eq!(objection(&after, &by_old, "", "").await, Some(InactiveReason::Signature), "retired");
    assert_eq!(objection(&before, &by_new, "", "").await, Some(InactiveReason::Signature), "not published here yet");
    write_secret(&keys.join("1.pem"), &old);
}

/// The names of the keys that a service publishes, and the answer's own word on how long they may be kept.
async fn published(server: &Server) -> (BTreeSet<String>, String) {
    let answer = http::get(server.addresses().http, "/.well-known/jwks.json").await;
    let set: Value = serde_json::from_str(&answer.body).unwrap();
    let kids = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
    (kids.collect(), answer.header("cache-control").unwrap().to_owned())
}

/// The key that signed a token.
fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// The exchange of signing keys in docs/configuration.md: at no step a token is refused, by a replica or by a service that
/// keeps the key set of the step before.
#[tokio::test]
async fn a76_the_documented_exchange_of_keys_breaks_nobody() {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md")).unwrap();
    let mut world = World::on(Store::Postgres).await;
    let keys = world.settings.secrets().join("signing-keys");
    let token = async |server: &Server, n: usize| {
        server.sign_in(&format!("a76-{n}@example.com")).await.tokens.unwrap().access_token
    };
    let (first, _) = published(&world.server).await;
    let earlier = token(&world.server, 0).await;

    // 1. Published, and not signing.
    let new = identity::adapters::signer::generate_pem().unwrap();
    write_secret(&keys.join("0-next.pem"), identity::domain::secret::ExposeSecret::expose_secret(&new));
    world.server.restart_after_kill().await;
    let other = world.another().await;
    let (kept, age) = published(&world.server).await;
    assert!(kept.len() == 2 && kept.is_superset(&first) && published(&other).await.0 == kept);
    assert!(document.contains(&format!("`{}`", age.split(' ').next_back().unwrap())), "{age}");
    let by_old = token(&world.server, 1).await;
    assert!(first.contains(&kid(&by_old)));

    // 3. Signing, on one replica before the other.
    fs::rename(keys.join("0-next.pem"), keys.join("2.pem")).unwrap();
    world.server.restart_after_kill().await;
    let (by_new, meanwhile) = (token(&world.server, 2).await, token(&other, 3).await);
    assert!(
        kept.contains(&kid(&by_new)) && !first.contains(&kid(&by_new)),
        "what services have kept holds the new key"
    );
    assert!(first.contains(&kid(&meanwhile)));
    for server in [&world.server, &other] {
        for token in [&earlier, &by_old, &by_new, &meanwhile] {
            assert_eq!(objection(&server.client().await, token, "", "").await, None);
        }
    }
    assert!(
        ["0-next.pem", "`1.pem`", "`2.pem`"].iter().all(|name| document.contains(name)),
        "the names of the document"
    );
}
