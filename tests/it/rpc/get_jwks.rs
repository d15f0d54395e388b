use identity::grpc::proto::GetJwksRequest;
use serde_json::{Value, json};

use crate::both_stores::on_both_stores;
use crate::support::http;

on_both_stores!(gives_the_same_keys_as_the_page, |world| {
    let keys = world.server.client().await.tokens().get_jwks(GetJwksRequest {}).await.unwrap().into_inner().keys;
    assert_eq!(keys.len(), 1);
    let key = &keys[0];
    assert_eq!((key.kty.as_str(), key.r#use.as_str(), key.alg.as_str()), ("RSA", "sig", "RS256"));
    assert!(key.kid.len() == 43 && key.n.len() >= 342 && key.e == "AQAB");

    let answer = http::get(world.server.addresses().http, "/.well-known/jwks.json").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("public, max-age=300")));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let page: Value = serde_json::from_str(&answer.body).unwrap();
    let same = json!({ "kty": key.kty, "use": key.r#use, "alg": key.alg, "kid": key.kid, "n": key.n, "e": key.e });
    assert_eq!(page, json!({ "keys": [same] }), "public members and no other");
});
