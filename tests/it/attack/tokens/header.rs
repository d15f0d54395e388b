//! What a header may not say. Every token here but those of A63 carries a signature of the service's own key over just
//! that header: nothing but the header can refuse it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::grpc::proto::{GetJwksRequest, InactiveReason};
use serde_json::{Value, json};

use super::{assert_refused, assert_unseen, forge::Forge, objection};
use crate::both_stores::on_both_stores;

fn changed(forge: &Forge, member: &str, value: Value) -> String {
    let mut header = forge.header();
    header[member] = value;
    forge.with_header(&header.to_string())
}

fn without(forge: &Forge, member: &str) -> String {
    let mut header = forge.header();
    header.as_object_mut().unwrap().remove(member);
    forge.with_header(&header.to_string())
}

on_both_stores!(a62_no_algorithm, |world| {
    let forge = Forge::new(&world, "a62@example.com").await;
    let client = world.server.client().await;
    assert_eq!(objection(&client, &forge.with_header(&forge.header().to_string()), "", "").await, None);
    for alg in ["none", "None", "NONE", "nOnE", "", " ", "RS256 ", "rs256", "RS384", "RS512", "PS256", "ES256", "EdDSA"]
    {
        let signed = changed(&forge, "alg", json!(alg));
        assert_refused(&client, &signed, InactiveReason::Malformed).await;
        let (message, _) = signed.rsplit_once('.').unwrap();
        assert_refused(&client, &format!("{message}."), InactiveReason::Malformed).await;
        assert_unseen(&world, message);
    }
    for alg in [Value::Null, json!(0), json!(["RS256"]), json!({"alg": "RS256"})] {
        assert_refused(&client, &changed(&forge, "alg", alg), InactiveReason::Malformed).await;
    }
    assert_refused(&client, &without(&forge, "alg"), InactiveReason::Malformed).await;
});

on_both_stores!(a63_our_public_key_as_a_secret, |world| {
    let forge = Forge::new(&world, "a63@example.com").await;
    let client = world.server.client().await;
    let keys = client.tokens().get_jwks(GetJwksRequest {}).await.unwrap().into_inner().keys;
    let modulus = URL_SAFE_NO_PAD.decode(&keys[0].n).unwrap();
    let jwk = json!({"e": keys[0].e, "kty": "RSA", "n": keys[0].n}).to_string();
    let [_, payload, _] = forge.parts();
    for secret in [keys[0].n.as_bytes(), &modulus, jwk.as_bytes(), keys[0].kid.as_bytes(), b""] {
        for alg in ["HS256", "HS384", "HS512", "RS256"] {
            let mut header = forge.header();
            header["alg"] = json!(alg);
            let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header.to_string()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            let reason = if alg == "RS256" { InactiveReason::Signature } else { InactiveReason::Malformed };
            assert_refused(&client, &format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag)), reason).await;
        }
    }
});

on_both_stores!(a64_names_of_keys, |world| {
    let forge = Forge::new(&world, "a64@example.com").await;
    let client = world.server.client().await;
    let pem = world.settings.secrets().join("signing-keys/1.pem").to_str().unwrap().to_owned();
    let long = "k".repeat(5000);
    let kids = ["", "../../x", &pem, "1.pem", "' OR 1=1 --", "http://127.0.0.1:9/jwks", "\u{0}", "é", &long];
    for kid in kids {
        assert_refused(&client, &changed(&forge, "kid", json!(kid)), InactiveReason::Malformed).await;
    }
    for kid in [Value::Null, json!(1), json!([forge.kid]), json!(format!("{}=", forge.kid))] {
        assert_refused(&client, &changed(&forge, "kid", kid), InactiveReason::Malformed).await;
    }
    assert_refused(&client, &without(&forge, "kid"), InactiveReason::Malformed).await;
    let unknown = "A".repeat(43);
    assert_refused(&client, &changed(&forge, "kid", json!(unknown)), InactiveReason::Signature).await;
});

on_both_stores!(a65_keys_from_the_header, |world| {
    let forge = Forge::new(&world, "a65@example.com").await;
    let client = world.server.client().await;
    let lure = TcpListener::bind("127.0.0.1:0").unwrap();
    lure.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", lure.local_addr().unwrap());
    let jwk = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
    for (member, value) in
        [("jku", json!(url)), ("x5u", json!(url)), ("jwk", jwk), ("x5c", json!(["MIIB"])), ("x5t", json!("AQAB"))]
    {
        assert_refused(&client, &changed(&forge, member, value.clone()), InactiveReason::Malformed).await;
        assert_refused(&client, &changed(&forge, &member.to_uppercase(), value), InactiveReason::Malformed).await;
    }
    // Stands in for a network namespace: what would be fetched is never asked for.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(lure.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
});

on_both_stores!(a69_other_kinds_of_token, |world| {
    let forge = Forge::new(&world, "a69-typ@example.com").await;
    let client = world.server.client().await;
    for typ in ["JWT", "jwt", "dpop+jwt", "id_token", "logout+jwt", "", "at+jwt;v=2"] {
        assert_refused(&client, &changed(&forge, "typ", json!(typ)), InactiveReason::Malformed).await;
    }
    assert_refused(&client, &without(&forge, "typ"), InactiveReason::Malformed).await;
    let spelled = changed(&forge, "typ", json!("application/at+jwt"));
    assert_eq!(objection(&client, &spelled, "", "").await, None, "RFC 9068 section 4");
});

on_both_stores!(a72_extensions_and_nesting, |world| {
    let forge = Forge::new(&world, "a72@example.com").await;
    let client = world.server.client().await;
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A256GCM")),
        ("unheard-of", json!(1)),
    ] {
        assert_refused(&client, &changed(&forge, member, value), InactiveReason::Malformed).await;
    }
    let kid = &forge.kid;
    let twice = format!(r#"{{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"{kid}"}}"#);
    assert_refused(&client, &forge.with_header(&twice), InactiveReason::Malformed).await;
    let nested = forge.with_payload(&forge.token);
    assert_refused(&client, &nested, InactiveReason::Malformed).await;
});

on_both_stores!(a73_heavy_tokens, |world| {
    let forge = Forge::new(&world, "a73@example.com").await;
    let client = world.server.client().await;
    let [header, _, signature] = forge.parts();
    let deep = format!("{}{}", "[".repeat(2800), "]".repeat(2800));
    let wide = format!("{{{}}}", (0..650).map(|n| format!(r#""{n}":0"#)).collect::<Vec<_>>().join(","));
    for payload in [deep, wide] {
        // Not signed: the payload is never looked at. 10^4 claims or levels are longer than a token may be.
        let token = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(payload));
        assert!(token.len() <= 8192, "{}", token.len());
        assert_refused(&client, &token, InactiveReason::Signature).await;
    }
    let request = identity::grpc::proto::ValidateTokenRequest {
        access_token: format!("{}{}", forge.token, "A".repeat(8192)),
        ..Default::default()
    };
    let start = Instant::now();
    let refusal = crate::support::refusal::Refusal::from(client.tokens().validate_token(request).await.unwrap_err());
    assert_eq!((refusal.code, refusal.field_names()), (tonic::Code::InvalidArgument, vec!["access_token"]));
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
});
