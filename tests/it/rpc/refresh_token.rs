use identity::grpc::proto::{Device, RefreshTokenRequest};
use tonic::Code;

use super::{assert_fields, assert_refused, seconds_until};
use crate::both_stores::on_both_stores;

fn request(refresh_token: &str) -> RefreshTokenRequest {
    RefreshTokenRequest { refresh_token: refresh_token.to_owned(), ..RefreshTokenRequest::default() }
}

on_both_stores!(gives_new_tokens, |world| {
    let before = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    let after = client.identity().refresh_token(request(&before.refresh_token)).await.unwrap();
    let after = after.into_inner().tokens.unwrap();
    assert_ne!(after.refresh_token, before.refresh_token);
    assert_ne!(after.access_token, before.access_token);
    assert_eq!(after.token_type, "Bearer");
    assert!((890..=900).contains(&after.expires_in));
    assert!(seconds_until(after.refresh_token_expire_time) > 24 * 3600);
    assert!(client.validate(&after.access_token).await.unwrap().active);
    assert_eq!(world.audit().await.count("token.refreshed", ""), 1);
});

on_both_stores!(refuses_every_bad_field_and_does_nothing, |world| {
    let tokens = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    for bad in ["", "a\nb", &"x".repeat(8193)] {
        let answer = client.identity().refresh_token(request(bad)).await;
        assert_fields(answer, "INVALID_FIELD", &["refresh_token"]);
    }
    let all = RefreshTokenRequest {
        refresh_token: String::new(),
        device: Some(Device {
            device_id: "x".repeat(129),
            display_name: "x".repeat(129),
            platform: "x".repeat(65),
            public_key_jwk: "{}".to_owned(),
        }),
        request_id: "?".to_owned(),
    };
    let fields = [
        "device.device_id",
        "device.display_name",
        "device.platform",
        "device.public_key_jwk",
        "refresh_token",
        "request_id",
    ];
    assert_fields(client.identity().refresh_token(all).await, "INVALID_FIELD", &fields);
    assert_eq!(world.audit().await.total("token.refreshed"), 0);
    client.identity().refresh_token(request(&tokens.refresh_token)).await.unwrap();
});

on_both_stores!(refuses_what_is_no_live_token, |world| {
    let tokens = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    let mut changed = tokens.refresh_token.clone();
    let last = if changed.ends_with('A') { "B" } else { "A" };
    changed.replace_range(changed.len() - 1.., last);
    for bad in ["idr_", "x", changed.as_str(), tokens.access_token.get(..512).unwrap_or(&tokens.access_token)] {
        let answer = client.identity().refresh_token(request(bad)).await;
        assert_refused(answer, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
    }
    // No harm to the session.
    client.identity().refresh_token(request(&tokens.refresh_token)).await.unwrap();
});
