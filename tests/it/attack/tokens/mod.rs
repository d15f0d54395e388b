//! Groups F and H: access tokens, keys and refresh tokens.

mod claims;
mod ended;
mod expiry;
mod families;
mod forge;
mod grace;
mod header;
mod keys;
mod refresh;
mod refresh_races;
mod signature;

use identity::grpc::proto::{
    Device, InactiveReason, RefreshTokenRequest, SignOutRequest, TokenSet, ValidateTokenRequest,
};
use tonic::Code;

use crate::support::client::{Client, bearer};
use crate::support::refusal::Refusal;
use crate::support::world::World;

/// Whether a token is active for an audience and a device: `None` where it is, else why not.
pub(super) async fn objection(client: &Client, token: &str, audience: &str, device: &str) -> Option<InactiveReason> {
    let request = ValidateTokenRequest {
        access_token: token.to_owned(),
        audience: audience.to_owned(),
        device_id: device.to_owned(),
    };
    let answer = client.tokens().validate_token(request).await.unwrap().into_inner();
    assert_eq!(answer.claims.is_some(), answer.active);
    assert_eq!(answer.inactive_reason() == InactiveReason::Unspecified, answer.active);
    (!answer.active).then(|| answer.inactive_reason())
}

/// Asserts that a token is refused for `reason` by `ValidateToken`, and for no reason at all where a person shows it.
async fn assert_refused(client: &Client, token: &str, reason: InactiveReason) {
    let shown: String = token.chars().take(120).collect();
    assert_eq!(objection(client, token, "", "").await, Some(reason), "{shown}");
    if token.bytes().all(|byte| byte.is_ascii_graphic()) && token.len() < 4096 {
        let request = bearer(identity::grpc::proto::GetCurrentUserRequest {}, token);
        let refusal = Refusal::from(client.sessions().get_current_user(request).await.unwrap_err());
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "TOKEN_INVALID"), "{shown}");
        assert!(refusal.metadata.is_empty(), "{:?}", refusal.metadata);
    }
}

/// Asserts that what was presented stands in no log of the service.
fn assert_unseen(world: &World, secret: &str) {
    for log in [world.server.log(), world.server.output()] {
        assert!(!log.text().contains(secret), "a token stands in a log");
    }
}

/// Asks for the successor of a refresh token.
pub(super) async fn refresh(client: &Client, token: &str) -> Result<TokenSet, Refusal> {
    refresh_with(client, RefreshTokenRequest { refresh_token: token.to_owned(), ..Default::default() }).await
}

pub(super) async fn refresh_with(client: &Client, request: RefreshTokenRequest) -> Result<TokenSet, Refusal> {
    Ok(client.identity().refresh_token(request).await?.into_inner().tokens.unwrap())
}

async fn sign_out(client: &Client, token: &str) -> Result<(), Refusal> {
    let request = SignOutRequest { refresh_token: token.to_owned(), ..Default::default() };
    client.identity().sign_out(request).await?;
    Ok(())
}

fn device(id: &str) -> Device {
    Device { device_id: id.to_owned(), ..Default::default() }
}
