//! `/token`: a client application exchanges its code for tokens (RFC 6749 sections 4.1.3, 5.1 and 5.2).

use super::{Pages, client::is_of_a_client, run, visit::Visit};
use crate::{
    domain::{
        refusal::Refusal,
        secret::{ExposeSecret as _, SecretString},
        time::whole_seconds,
    },
    edge::words::wait_of,
    engine::grant::{NotRedeemed, Redeem},
};
use axum::{
    Json,
    extract::{Form, FromRequest as _, Request, State, rejection::FormRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde_json::{Value, json};
use std::sync::Arc;

/// The longest value that is looked at.
const LONGEST: usize = 2048;

/// What is wrong with a request that cannot be understood.
const INVALID: &str = "invalid_request";

/// The fields of a form, by name.
type Fields = Vec<(String, String)>;

/// Exchanges a code for tokens. It stands in the body and nothing is sent along by a browser of itself, so that a page of
/// another site gains nothing by asking.
pub(super) async fn exchange(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut visit = Visit::of(&parts, &pages);
    let headers = parts.headers.clone();
    let form = read(&pages, parts, body).await;
    let Ok(place) = Arc::clone(&pages.running).try_acquire_owned() else {
        return refused(&pages, &headers, &Refusal::Overloaded);
    };
    visit.place = Some(Arc::new(place));
    let answer = match form {
        Ok(redeem) => {
            let (grants, origin) = (Arc::clone(&pages.grants), visit.origin.clone());
            let redeemed = run(&visit, async move { Ok(grants.redeem(redeem, &origin).await) });
            match redeemed.await {
                Ok(Ok(tokens)) => Json(json!({
                    "access_token": tokens.access_token.expose_secret(),
                    "token_type": "Bearer",
                    "expires_in": tokens.expires_in.as_secs(),
                    "refresh_token": tokens.refresh_token.expose_secret(),
                }))
                .into_response(),
                Ok(Err(NotRedeemed::UnknownClient)) => error(StatusCode::UNAUTHORIZED, "invalid_client"),
                Ok(Err(NotRedeemed::Invalid)) => error(StatusCode::BAD_REQUEST, "invalid_grant"),
                Ok(Err(NotRedeemed::Fault(refusal))) | Err(refusal) => of_fault(&refusal),
            }
        }
        Err(name) => error(StatusCode::BAD_REQUEST, name),
    };
    readable(&pages, &headers, answer)
}

/// A refusal before anything was done, as a client application reads it.
pub(super) fn refused(pages: &Arc<Pages>, headers: &HeaderMap, refusal: &Refusal) -> Response {
    readable(pages, headers, of_fault(refusal))
}

async fn read(pages: &Arc<Pages>, parts: Parts, body: axum::body::Body) -> Result<Redeem, &'static str> {
    let form: Result<Form<Fields>, FormRejection> = Form::from_request(Request::from_parts(parts, body), pages).await;
    let Form(mut fields) = form.map_err(|_| INVALID)?;
    // A name stands at most once, and an empty value is none (RFC 6749 section 3.2).
    fields.retain(|(_, value)| !value.is_empty());
    let mut take = |name: &str| {
        let mut found = fields.extract_if(.., |(key, value)| key == name && value.len() <= LONGEST);
        let value = found.next().map(|(_, value)| value);
        let again = found.next().is_some();
        value.filter(|_| !again).ok_or(INVALID)
    };
    if take("grant_type")? != "authorization_code" {
        return Err("unsupported_grant_type");
    }
    Ok(Redeem {
        code: SecretString::from(take("code")?),
        client_id: take("client_id")?,
        redirect_uri: take("redirect_uri")?,
        code_verifier: SecretString::from(take("code_verifier")?),
    })
}

fn error(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

fn of_fault(refusal: &Refusal) -> Response {
    let (status, name) = match refusal {
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
    };
    let mut answer = error(status, name);
    if let Some(wait) = wait_of(refusal) {
        answer.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait).into());
    }
    answer
}

/// Lets the page of a registered client application read the answer (CORS); nobody else's.
fn readable(pages: &Pages, headers: &HeaderMap, mut answer: Response) -> Response {
    if let Some(origin) = headers.get(header::ORIGIN)
        && is_of_a_client(origin, pages.desk.redirect_uris())
    {
        answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    answer.headers_mut().insert(header::VARY, header::HeaderValue::from_static("origin"));
    answer
}

/// What the discovery document says of signing in here (RFC 8414 section 2, RFC 9207 section 3). No ID token is issued, so
/// it says of none how it would be signed; the `sub` of a person is the same for every client.
pub(in crate::web) fn discovery(base: &str) -> Value {
    json!({
        "authorization_endpoint": format!("{base}/sign-in"),
        "token_endpoint": format!("{base}/token"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["public"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": true,
        "ui_locales_supported": super::words::all().map(|(tag, _)| tag),
    })
}
