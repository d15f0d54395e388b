//! A128: callers who hang up in the middle.

use std::time::Duration;

use identity::grpc::proto::{RefreshTokenRequest, VerifyOtpRequest};
use tokio::time::timeout;

use crate::both_stores::test_on_both_stores;
use crate::support::client::send_otp_request;
use crate::support::wait;
use crate::support::world::{Store, World};

impl World {
    /// A service that lets one address ask for many codes.
    async fn roomy(store: Store) -> Self {
        Self::with(store, |settings| settings.limit("address", 10_000, 60)).await
    }
}

/// Each caller hangs up a little later than the one before.
fn patience(nth: u64) -> Duration {
    Duration::from_micros(nth * 97 % 6000)
}

test_on_both_stores!(a128_codes_are_asked_for_and_left, roomy, |world| {
    let client = world.server.client().await;
    for nth in 0..400 {
        let request = send_otp_request(&format!("a128-{nth}@example.org"));
        let _ = timeout(patience(nth), client.identity().send_otp(request)).await;
    }
    // Every challenge that was begun has its message, its event, and no more.
    let sent = wait::until("as many messages as challenges", Duration::from_secs(20), async || {
        let sent = world.audit().await.count("code.sent", "");
        (sent > 0 && world.server.mailbox().all().len() == sent).then_some(sent)
    })
    .await;
    assert!(sent <= 400);
    world.server.sign_in("a128-after@example.org").await;
});

test_on_both_stores!(a128_codes_are_presented_and_left, roomy, |world| {
    let client = world.server.client().await;
    for nth in 0..60 {
        let email = format!("a128-{nth}@example.org");
        let (challenge, code) = world.server.request_code(&email).await;
        let request = VerifyOtpRequest { challenge_id: challenge.challenge_id, code, ..VerifyOtpRequest::default() };
        let _ = timeout(patience(nth), client.identity().verify_otp(request.clone())).await;
        // Whether it was done or not: it is done once at most.
        let again = client.identity().verify_otp(request.clone()).await.is_ok();
        let third = client.identity().verify_otp(request).await;
        assert!(third.is_err(), "a code worked twice ({again})");
    }
    let audit = world.audit().await;
    assert_eq!(audit.count("code.verified", ""), 60);
    assert_eq!((audit.count("session.started", ""), audit.count("user.created", "")), (60, 60));
});

test_on_both_stores!(a128_refreshes_are_left, on, |world| {
    let client = world.server.client().await;
    let mut tokens = world.server.sign_in("a128@example.org").await.tokens.unwrap();
    for nth in 0..100 {
        let request = RefreshTokenRequest { refresh_token: tokens.refresh_token, ..RefreshTokenRequest::default() };
        let _ = timeout(patience(nth), client.identity().refresh_token(request.clone())).await;
        // The lost answer is given again: no branch, no end of the session.
        let again = client.identity().refresh_token(request).await.unwrap();
        // The call that was left may still be under way. Two refreshes later it would be a replay, and be treated as one.
        tokio::time::sleep(Duration::from_millis(30)).await;
        tokens = again.into_inner().tokens.unwrap();
    }
    assert!(client.validate(&tokens.access_token).await.unwrap().active);
    assert_eq!(world.audit().await.total("refresh_token.reused"), 0);
});
