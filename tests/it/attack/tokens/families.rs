//! A90: whoever or whatever ends a person's sessions ends the families of tokens with them, every generation of them, and
//! nobody else's.

use std::time::Duration;

use identity::grpc::proto::{
    DisableUserRequest, EnableUserRequest, InactiveReason, LinkCompletion, RevokeOtherSessionsRequest,
    RevokeSessionRequest, SignOutRequest, TokenSet, VerifyOtpResponse,
};
use tonic::Code;

use super::{objection, refresh};
use crate::attack::lockout::Device;
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{bearer, operator};
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(a90_what_ends_a_session_ends_its_family, a90_strangers_who_are_locked_out_end_no_session);

/// The sessions of one person on three devices, each with a token that has been replaced and may still be answered again.
struct Person {
    user_id: String,
    sessions: Vec<(String, [TokenSet; 2])>,
}

impl Person {
    async fn new(world: &World, email: &str) -> Self {
        let client = world.server.client().await;
        let (mut user_id, mut sessions) = (String::new(), Vec::new());
        for _ in 0..3 {
            let VerifyOtpResponse { tokens, user, session, .. } = world.server.sign_in(email).await;
            let first = tokens.unwrap();
            let second = refresh(&client, &first.refresh_token).await.unwrap();
            user_id = user.unwrap().user_id;
            sessions.push((session.unwrap().session_id, [first, second]));
        }
        Self { user_id, sessions }
    }

    fn access_token(&self) -> &str {
        &self.sessions[0].1[1].access_token
    }

    /// Asserts that of the sessions these are dead and the others alive.
    async fn has_lost(&self, world: &World, what: &str, dead: [bool; 3]) {
        let client = world.server.client().await;
        for ((_, generations), dead) in self.sessions.iter().zip(dead) {
            for tokens in generations {
                let reason = objection(&client, &tokens.access_token, "", "").await;
                assert_eq!(reason, dead.then_some(InactiveReason::Revoked), "{what}");
            }
            // The replaced one first: its grace gives nothing back.
            for tokens in generations {
                match refresh(&client, &tokens.refresh_token).await {
                    Ok(_) => assert!(!dead, "{what}: a token lives on"),
                    Err(refusal) => {
                        assert!(dead, "{what}: {refusal:?}");
                        assert_eq!(
                            (refusal.code, refusal.reason.as_str()),
                            (Code::Unauthenticated, "REFRESH_TOKEN_INVALID")
                        );
                    }
                }
            }
        }
    }
}

async fn a90_what_ends_a_session_ends_its_family(store: Store) {
    let world = World::with(store, |settings| {
        for layer in ["identifier", "address", "all"] {
            settings.limit(layer, 10_000, 60);
        }
        settings.set("sessions.refresh_grace", "60s");
    })
    .await;
    let (client, token) = (world.server.client().await, world.server.admin_token());
    let admin = world.server.admin().await;
    let bystander = Person::new(&world, "a90-bystander@example.com").await;

    let one = Person::new(&world, "a90-device@example.com").await;
    let end = RevokeSessionRequest { session_id: one.sessions[2].0.clone(), ..RevokeSessionRequest::default() };
    client.sessions().revoke_session(bearer(end, one.access_token())).await.unwrap();
    one.has_lost(&world, "a device is removed", [false, false, true]).await;

    let one = Person::new(&world, "a90-others@example.com").await;
    let end = RevokeOtherSessionsRequest::default();
    client.sessions().revoke_other_sessions(bearer(end, one.access_token())).await.unwrap();
    one.has_lost(&world, "the other devices are removed", [false, true, true]).await;

    let one = Person::new(&world, "a90-all@example.com").await;
    let refresh_token = one.sessions[1].1[1].refresh_token.clone();
    let end = SignOutRequest { refresh_token, all_sessions: true, ..SignOutRequest::default() };
    client.identity().sign_out(end).await.unwrap();
    one.has_lost(&world, "signed out everywhere", [true; 3]).await;

    let email = "a90-link@example.com";
    let one = Person::new(&world, email).await;
    let (_, link) = world.server.request_link(email, LinkCompletion::AskingDevice).await;
    client.reject(&link, true).await.unwrap();
    one.has_lost(&world, "this was not me", [true; 3]).await;

    let one = Person::new(&world, "a90-operator@example.com").await;
    let end = DisableUserRequest { user_id: one.user_id.clone(), ..DisableUserRequest::default() };
    admin.admin().disable_user(operator(end, &token)).await.unwrap();
    one.has_lost(&world, "an operator ends the user", [true; 3]).await;
    let back = EnableUserRequest { user_id: one.user_id.clone(), ..EnableUserRequest::default() };
    admin.admin().enable_user(operator(back, &token)).await.unwrap();
    one.has_lost(&world, "the user is back, and no session with it", [true; 3]).await;
    world.server.sign_in("a90-operator@example.com").await;

    bystander.has_lost(&world, "nobody else is concerned", [false; 3]).await;
    assert_eq!(world.audit().await.total("refresh_token.reused"), 0, "what is dead is not stolen");
}

/// They could otherwise sign out whomever they like: see `docs/decisions/0180`.
async fn a90_strangers_who_are_locked_out_end_no_session(store: Store) {
    let world = World::with_clock_and(store, |settings| {
        for layer in ["identifier", "address", "all"] {
            settings.limit(layer, 10_000, 60);
        }
        settings.policy("lockout.disable_at", 12);
        settings.set("sessions.refresh_grace", "60s");
    })
    .await;
    let mut owner = Device::new(&world, "a90-locked@example.com").await;
    let session = owner.sign_in().await.unwrap();
    Device::new(&world, "a90-locked@example.com").await.fail(12).await;
    assert_eq!(world.audit().await.count("identifier.locked", "SUSPENDED"), 1);
    let client = world.server.client().await;
    let mut tokens = session.tokens.unwrap();
    for _ in 0..3 {
        tokens = refresh(&client, &tokens.refresh_token).await.unwrap();
        // After a leap of the clock it is first to be read again who has been signed out.
        let known = async || client.validate(&tokens.access_token).await.ok();
        let answer = wait::until("the feed is read", Duration::from_secs(5), known).await;
        assert!(answer.active, "{answer:?}");
        world.advance(Duration::from_mins(1));
    }
}
