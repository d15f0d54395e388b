//! What a token may not say. Every token here is signed with the service's own key.

use std::time::{SystemTime, UNIX_EPOCH};

use identity::grpc::proto::InactiveReason;
use serde_json::{Value, json};

use super::{assert_refused, forge::Forge, objection};
use crate::both_stores::on_both_stores;

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

on_both_stores!(a66_times, |world| {
    let forge = Forge::new(&world, "a66@example.com").await;
    let client = world.server.client().await;
    let at = |claim: &'static str, time: i64| forge.with_claims(|claims| claims[claim] = json!(time));
    // Five seconds of difference between clocks are allowed, and no more.
    for (claim, time) in [("exp", now() - 2), ("nbf", now() + 3), ("iat", now() + 3)] {
        assert_eq!(objection(&client, &at(claim, time), "", "").await, None, "{claim} within the leeway");
    }
    for (claim, time, reason) in [
        ("exp", now() - 6, InactiveReason::Expired),
        ("exp", 0, InactiveReason::Expired),
        ("exp", -1, InactiveReason::Expired),
        ("exp", i64::MIN, InactiveReason::Expired),
        ("nbf", now() + 10, InactiveReason::NotYetValid),
        ("nbf", i64::MAX, InactiveReason::NotYetValid),
        ("iat", now() + 10, InactiveReason::NotYetValid),
        ("iat", i64::MAX, InactiveReason::NotYetValid),
    ] {
        assert_refused(&client, &at(claim, time), reason).await;
    }
    for claim in ["exp", "nbf", "iat"] {
        let missing = forge.with_claims(|claims| drop(claims.remove(claim)));
        assert_refused(&client, &missing, InactiveReason::Malformed).await;
        for value in [Value::Null, json!("1900000000"), json!(1.9e9), json!(1e300), json!(true)] {
            let odd = forge.with_claims(|claims| claims[claim] = value);
            assert_refused(&client, &odd, InactiveReason::Malformed).await;
        }
    }
});

on_both_stores!(a69_issuer_audience_and_subject, |world| {
    let forge = Forge::new(&world, "a69@example.com").await;
    let client = world.server.client().await;
    let with = |claim: &'static str, value: Value| forge.with_claims(|claims| claims[claim] = value);
    for iss in
        ["", "http://localhost:8081", "http://localhost:8080/", "HTTP://localhost:8080", "http://localhost:8080\u{0}"]
    {
        assert_refused(&client, &with("iss", json!(iss)), InactiveReason::Issuer).await;
    }
    for aud in [json!([]), json!([""]), json!(["Identity"]), json!(["identity "]), json!(["elsewhere"])] {
        assert_refused(&client, &with("aud", aud), InactiveReason::Audience).await;
    }
    for audience in ["elsewhere", "identity ", "IDENTITY", "ident"] {
        assert_eq!(objection(&client, &forge.token, audience, "").await, Some(InactiveReason::Audience), "{audience}");
    }
    assert_eq!(objection(&client, &forge.token, "identity", "").await, None);
    for claim in ["iss", "aud", "sub", "client_id", "session_id", "jti"] {
        let missing = forge.with_claims(|claims| drop(claims.remove(claim)));
        assert_refused(&client, &missing, InactiveReason::Malformed).await;
        assert_refused(&client, &with(claim, json!({"a": 1})), InactiveReason::Malformed).await;
    }
    for sub in ["", "admin", "../../x"] {
        assert_refused(&client, &with("sub", json!(sub)), InactiveReason::Malformed).await;
        assert_refused(&client, &with("session_id", json!(sub)), InactiveReason::Malformed).await;
    }
});
