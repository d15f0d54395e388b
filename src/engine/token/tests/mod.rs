mod fakes;
mod refresh;
mod revoked;
mod sign_out;
mod validate;

use super::*;
use crate::adapters::memory::MemoryLimiter;
use crate::domain::{
    client::{Client, ClientId},
    contact::Channel,
    id::UserId,
    secret::ExposeSecret,
    session::{Device, Method, Origin, Session},
    user::Role,
};
use crate::engine::guesses::GuessParts;
use fakes::World;
use uuid::Uuid;

const ISSUER: &str = "https://id.example";

fn issuer(world: &Arc<World>) -> TokenIssuer {
    let client = |name: &str, audience: &str| Client {
        client_id: ClientId::new(name).unwrap(),
        display_name: name.to_owned(),
        audiences: vec![audience.to_owned()],
        redirect_uris: Vec::new(),
    };
    TokenIssuer::new(TokenParts {
        signer: world.clone(),
        store: world.clone(),
        keys: world.clone(),
        clock: world.clone(),
        entropy: world.clone(),
        clients: Arc::new(Clients::new(vec![client("default", "api"), client("shop", "shop-api")]).unwrap()),
        policies: world.clone(),
        policy: Arc::new(SessionPolicy::for_issuer(ISSUER.to_owned())),
        guesses: Arc::new(Guesses::new(GuessParts {
            ledger: world.clone(),
            limiter: Arc::new(MemoryLimiter::new(world.clone(), 16)),
            keys: world.clone(),
            entropy: world.clone(),
            policies: world.clone(),
        })),
    })
}

/// An issuer whose feed has been read.
async fn ready(world: &Arc<World>) -> TokenIssuer {
    let issuer = issuer(world);
    issuer.poll_revocations().await.unwrap();
    issuer
}

fn session_id(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(number))
}

fn user_id() -> UserId {
    UserId::new(Uuid::from_u128(77))
}

/// A session of the present moment whose live token is `token`.
fn live(world: &World, token: &RefreshToken) -> LiveSession {
    let now = world.now();
    LiveSession {
        session: Session {
            session_id: token.session_id,
            user_id: user_id(),
            client_id: ClientId::new("default").unwrap(),
            device: Device { device_id: "phone".to_owned(), ..Device::default() },
            channel: Channel::Email,
            method: Method::Code,
            create_time: now,
            auth_time: now,
            last_use_time: now,
            last_use_address: None,
            idle_expire_time: now.after(Duration::from_hours(168)),
            absolute_expire_time: now.after(Duration::from_hours(720)),
            counter: token.counter,
            refresh_hash: token.hash(),
        },
        roles: vec![Role::new("viewer").unwrap()],
    }
}

async fn access_token(world: &World, issuer: &TokenIssuer, session: SessionId) -> String {
    let first = issuer.first_token(session);
    let tokens = issuer.issue(&live(world, &first), &first).await.unwrap();
    tokens.access_token.expose_secret().to_owned()
}

fn origin() -> Origin {
    Origin { address: Some([192, 0, 2, 7].into()), trace_id: String::new() }
}

#[tokio::test]
async fn tokens_say_when_they_end() {
    let world = World::new();
    let issuer = issuer(&world);
    let first = issuer.first_token(session_id(1));
    let live = live(&world, &first);
    let tokens = issuer.issue(&live, &first).await.unwrap();
    assert_eq!(tokens.access_token_expire_time.seconds(), world.now().seconds() + 900);
    assert_eq!(tokens.expires_in, Duration::from_mins(15));
    assert_eq!(tokens.refresh_token_expire_time, live.session.idle_expire_time);
    let shown = format!("{tokens:?}");
    assert!(!shown.contains("idr_") && !shown.contains(tokens.access_token.expose_secret()), "{shown}");

    world.pass(Duration::from_secs(100));
    let again = issuer.issue(&live, &first).await.unwrap();
    assert_eq!(again.access_token.expose_secret(), tokens.access_token.expose_secret());
    assert_eq!(again.refresh_token.expose_secret(), tokens.refresh_token.expose_secret());
    assert_eq!(again.expires_in, Duration::from_secs(800), "counted from now");
}

#[tokio::test]
async fn a_client_that_is_gone_gets_nothing() {
    let world = World::new();
    let issuer = issuer(&world);
    let first = issuer.first_token(session_id(1));
    let mut live = live(&world, &first);
    live.session.client_id = ClientId::new("gone").unwrap();
    assert_eq!(issuer.issue(&live, &first).await.unwrap_err(), Refusal::RefreshTokenInvalid);
}

#[test]
fn first_tokens_differ() {
    let world = World::new();
    let issuer = issuer(&world);
    let (one, two) = (issuer.first_token(session_id(1)), issuer.first_token(session_id(1)));
    assert_eq!((one.counter, one.session_id), (0, session_id(1)));
    assert_ne!(one.hash(), two.hash());
}
