//! `/token`: a client application exchanges its code for tokens (RFC 6749 sections 4.1.3, 5.1 and 5.2).

use super::{Pages, client::is_of_a_client, fault::Fault, run, visit::Visit};
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
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde_json::{Value, json};
use std::sync::Arc;

/// The longest value that is looked at.
const LONGEST: usize = 2048;

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
                Ok(Err(NotRedeemed::UnknownClient)) => unknown_client(),
                Ok(Err(NotRedeemed::Invalid)) => {
                    let description = "code is not good, or not with this client_id, redirect_uri and code_verifier";
                    error(StatusCode::BAD_REQUEST, "invalid_grant", description)
                }
                Ok(Err(NotRedeemed::Fault(refusal))) | Err(refusal) => of_fault(&refusal),
            }
        }
        Err(fault) => error(StatusCode::BAD_REQUEST, fault.error, &fault.description),
    };
    readable(&pages, &headers, answer)
}

/// A refusal before anything was done, as a client application reads it.
pub(super) fn refused(pages: &Arc<Pages>, headers: &HeaderMap, refusal: &Refusal) -> Response {
    readable(pages, headers, of_fault(refusal))
}

async fn read(pages: &Arc<Pages>, parts: Parts, body: axum::body::Body) -> Result<Redeem, Fault> {
    let form: Result<Form<Fields>, FormRejection> = Form::from_request(Request::from_parts(parts, body), pages).await;
    let Form(mut fields) = form.map_err(|rejection| match rejection {
        FormRejection::InvalidFormContentType(_) => {
            Fault::invalid("the body has to be a form, application/x-www-form-urlencoded")
        }
        _ => Fault::invalid("the body is no form, or is too long"),
    })?;
    // A name stands at most once, and an empty value is none (RFC 6749 section 3.2).
    fields.retain(|(_, value)| !value.is_empty());
    let mut take = |name: &str| {
        let mut found = fields.extract_if(.., |(key, _)| key == name);
        let (_, value) = found.next().ok_or_else(|| Fault::missing(name))?;
        match found.next() {
            Some(_) => Err(Fault::repeated(name)),
            None if value.len() > LONGEST => Err(Fault::too_long(name, LONGEST)),
            None => Ok(value),
        }
    };
    if take("grant_type")? != "authorization_code" {
        let description = "grant_type has to be authorization_code; a refresh token goes to RefreshToken";
        return Err(Fault::new("unsupported_grant_type", description));
    }
    Ok(Redeem {
        code: SecretString::from(take("code")?),
        client_id: take("client_id")?,
        redirect_uri: take("redirect_uri")?,
        code_verifier: SecretString::from(take("code_verifier")?),
    })
}

fn error(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}

/// The answer to a client application that nobody registered. A 401 has to name a way to prove oneself (RFC 9110 section
/// 15.5.2), though none is asked for here; for `Basic` a browser would ask its person for a password.
fn unknown_client() -> Response {
    let mut answer = error(StatusCode::UNAUTHORIZED, "invalid_client", "client_id is that of no registered client");
    let challenge = HeaderValue::from_static("Bearer realm=\"token\"");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    answer
}

fn of_fault(refusal: &Refusal) -> Response {
    let (status, name, description) = match refusal {
        Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the service failed"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "the service is busy; try again"),
    };
    let mut answer = error(status, name, description);
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
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("origin"));
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
