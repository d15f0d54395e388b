//! Tokens checked by somebody else: jsonwebtoken, with the keys that the service publishes.

use anyhow::{Context as _, ensure};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::clients::Clients;
use super::settings::{AUDIENCE, ISSUER};
use identity::grpc::proto::GetJwksRequest;

#[derive(Deserialize)]
struct Claims {
    sub: String,
    session_id: String,
}

/// Checks up to `sample` of the tokens, spread over all of them, and gives how many were checked.
pub(crate) async fn check(clients: &Clients, tokens: &[String], sample: usize) -> anyhow::Result<usize> {
    let published = clients.token(0).get_jwks(GetJwksRequest {}).await.context("GetJwks")?.into_inner();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    let mut checked = 0;
    for token in tokens.iter().step_by((tokens.len() / sample).max(1)) {
        let header = decode_header(token)?;
        let key_id = header.kid.context("the token names no key")?;
        let key = published.keys.iter().find(|key| key.kid == key_id).context("the token's key is not published")?;
        let key = DecodingKey::from_rsa_components(&key.n, &key.e)?;
        let claims = decode::<Claims>(token, &key, &validation).context("jsonwebtoken refuses the token")?.claims;
        ensure!(!claims.sub.is_empty() && !claims.session_id.is_empty(), "the token names nobody");
        checked += 1;
    }
    Ok(checked)
}
