//! A right code, link or number that opens no session is no wrong one: it locks nobody out (LIM-3, LIM-4).

use std::time::Duration;

use identity::grpc::proto::{DisableUserRequest, EnableUserRequest, LinkCompletion};
use tonic::Code;

use super::lockout::wrong;
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::operator;
use crate::support::world::{Store, World};

bodies_on_both_stores!(right_codes_of_a_disabled_user_lock_nobody, right_links_of_a_disabled_user_lock_nobody);

const EMAIL: &str = "right@example.com";

/// A world of a user who has been disabled, and the user's id.
async fn disabled(store: Store) -> (World, String) {
    let world = World::with_clock_and(store, |settings| {
        settings.limit("identifier", 1000, 60);
        settings.policy("lockout.first_delay", "1s");
    })
    .await;
    let user_id = world.server.sign_in(EMAIL).await.user.unwrap().user_id;
    let request = DisableUserRequest { user_id: user_id.clone(), ..DisableUserRequest::default() };
    let request = operator(request, &world.server.admin_token());
    world.server.admin().await.admin().disable_user(request).await.unwrap();
    (world, user_id)
}

async fn enable(world: &World, user_id: String) {
    let request = EnableUserRequest { user_id, ..EnableUserRequest::default() };
    let request = operator(request, &world.server.admin_token());
    world.server.admin().await.admin().enable_user(request).await.unwrap();
}

async fn right_codes_of_a_disabled_user_lock_nobody(store: Store) {
    let (world, user_id) = disabled(store).await;
    let client = world.server.client().await;
    let (challenge, code) = world.server.request_code(EMAIL).await;
    let refused = client.verify_otp(&challenge.challenge_id, &wrong(&code)).await.unwrap_err();
    assert_eq!(refused.reason, "CODE_INVALID");
    world.advance(Duration::from_secs(1));
    for _ in 0..4 {
        let refused = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
        assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "USER_DISABLED"));
        assert_eq!(world.number("SELECT COUNT(*) FROM lockouts").await, 0, "nor does it wait for the next");
    }
    // The attempts of a challenge are spent all the same.
    let refused = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert_eq!(refused.reason, "ATTEMPTS_EXHAUSTED");
    let audit = world.audit().await;
    assert_eq!((audit.count("code.verified", "USER_DISABLED"), audit.total("identifier.locked")), (4, 0));
    enable(&world, user_id).await;
    world.server.sign_in(EMAIL).await;
}

async fn right_links_of_a_disabled_user_lock_nobody(store: Store) {
    let (world, user_id) = disabled(store).await;
    let client = world.server.client().await;
    let (_, opened) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let (asked, approved) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    for _ in 0..2 {
        assert_eq!(client.redeem(&opened).await.unwrap_err().reason, "USER_DISABLED");
        assert_eq!(client.approve(&approved, &asked.match_number).await.unwrap_err().reason, "USER_DISABLED");
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM lockouts").await, 0);
    enable(&world, user_id).await;
    client.redeem(&opened).await.unwrap();
}
