//! How long a lost answer is given again, by a clock that the test moves.

use std::time::Duration;

use identity::grpc::proto::RefreshTokenRequest;

use super::{refresh, refresh_with};
use crate::both_stores::on_both_stores_with_clock;

on_both_stores_with_clock!(a83_the_grace_ends, |world| {
    let client = world.server.client().await;
    let request_id = "0198c3c4-0000-7000-8000-0000000000aa";
    let named = |token: &str, id: &str| RefreshTokenRequest {
        refresh_token: token.to_owned(),
        request_id: id.to_owned(),
        ..Default::default()
    };
    let first = world.server.sign_in("a83-grace@example.com").await.tokens.unwrap();
    let second = refresh_with(&client, named(&first.refresh_token, request_id)).await.unwrap();
    world.advance(Duration::from_mins(4));
    let again = refresh_with(&client, named(&first.refresh_token, request_id)).await.unwrap();
    assert_eq!((&again.refresh_token, &again.access_token), (&second.refresh_token, &second.access_token));
    assert_eq!(again.refresh_token_expire_time, second.refresh_token_expire_time, "the grace extends nothing");
    assert!(again.expires_in <= 660 && again.expires_in > 600, "{}", again.expires_in);
    let third = refresh(&client, &second.refresh_token).await.unwrap();
    world.advance(Duration::from_secs(8));
    assert_eq!(refresh(&client, &second.refresh_token).await.unwrap().refresh_token, third.refresh_token);
    world.advance(Duration::from_secs(3));
    let refusal = refresh(&client, &second.refresh_token).await.unwrap_err();
    assert_eq!(refusal.reason, "REFRESH_TOKEN_REUSED");
    let refusal = refresh(&client, &third.refresh_token).await.unwrap_err();
    assert_eq!(refusal.reason, "REFRESH_TOKEN_INVALID");
});
