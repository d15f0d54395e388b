//! The public keys and where they are: what a service needs to check tokens by itself.

use crate::engine::token::TokenIssuer;
use axum::{
    Json,
    http::{HeaderName, header},
    response::IntoResponse,
};
use serde_json::{Value, json};

/// Public documents: any page may read them, and they may be kept for five minutes.
const PUBLIC: [(HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "public, max-age=300"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];

/// A JSON Web Key Set (RFC 7517 section 5).
pub(super) fn key_set(tokens: &TokenIssuer) -> impl IntoResponse + use<> {
    (PUBLIC, Json(json!({ "keys": *tokens.public_keys() })))
}

/// The discovery document (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3). It says only what is true: of an authorization endpoint
/// where there are pages, by what `pages` says.
pub(super) fn discovery_document(issuer: &str, pages: Option<Value>) -> Value {
    let mut document = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/.well-known/jwks.json") });
    if let (Value::Object(document), Some(Value::Object(pages))) = (&mut document, pages) {
        document.extend(pages);
    }
    document
}

/// The document as an answer.
pub(super) fn discovery(document: Value) -> impl IntoResponse {
    (PUBLIC, Json(document))
}
