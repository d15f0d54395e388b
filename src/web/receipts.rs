//! `/receipts`: what providers post of messages that they took.

use super::{not_found, told};
use crate::{
    domain::{refusal::Refusal, session::Origin},
    edge::work::to_its_end,
    engine::delivery::{BadPost, Counted, NotTaken, Post, ReceiptDesk},
    telemetry::{self, metrics::RECEIPTS},
};
use axum::{
    Router,
    body::to_bytes,
    extract::{Path, Request, State},
    response::{IntoResponse as _, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tracing::Span;

/// How long a post may take to arrive. Providers send from a data centre.
const ARRIVES: Duration = Duration::from_secs(10);

/// The addresses of the providers that post.
pub(super) fn router(desk: Arc<ReceiptDesk>) -> Router {
    Router::new().route("/receipts/{channel}/{name}", post(take)).with_state(desk)
}

async fn take(
    State(desk): State<Arc<ReceiptDesk>>,
    Path((channel, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(source) = desk.source(&channel, &name) else { return not_found().await };
    let (kind, reader, places) = (source.reader.kind(), Arc::clone(&source.reader), Arc::clone(&source.places));
    let (head, body) = request.into_parts();
    // What is not even signed is not read.
    if reader.headers().iter().any(|name| header(&head.headers, name).is_none()) {
        return answer(kind, &Err(NotTaken::Bad(BadPost::Forged)));
    }
    let Ok(place) = places.try_acquire_owned() else {
        return answer(kind, &Err(NotTaken::Fault(Refusal::Overloaded)));
    };
    if body.size_hint().lower() > u64::try_from(reader.max_body()).unwrap_or(u64::MAX) {
        return answer(kind, &Err(NotTaken::Bad(BadPost::TooMuch)));
    }
    let body = match timeout(ARRIVES, to_bytes(body, reader.max_body())).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return answer(kind, &Err(NotTaken::Bad(BadPost::TooMuch))),
        Err(_) => return answer(kind, &Err(NotTaken::Bad(BadPost::Malformed))),
    };
    let work = async move {
        let Some(source) = desk.source(&channel, &name) else { return Ok(Err(NotTaken::Bad(BadPost::Forged))) };
        let named = |name: &str| header(&head.headers, name);
        let query = head.uri.query().unwrap_or_default();
        let post = Post { header: &named, query, body: &body, now: desk.now() };
        // Whom it is about was never at the provider's address.
        let trace_id = telemetry::trace_id(&Span::current(), &telemetry::extract_parent(&head.headers));
        Ok(desk.take(source, &post, &Origin { address: None, trace_id }).await)
    };
    // A provider that hangs up cuts nothing in half.
    let taken = to_its_end(work, Some(place)).await.unwrap_or_else(|refusal| Err(NotTaken::Fault(refusal)));
    answer(kind, &taken)
}

/// A header that is there once, as text.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// What the provider is answered: 2xx where there is nothing to repeat, 5xx where there is.
fn answer(kind: &str, taken: &Result<Counted, NotTaken>) -> Response {
    let outcome = match taken {
        Ok(Counted { taken, no_news }) => {
            RECEIPTS.add_labelled(kind, "taken", *taken);
            RECEIPTS.add_labelled(kind, "no_news", *no_news);
            return StatusCode::NO_CONTENT.into_response();
        }
        Err(NotTaken::Bad(BadPost::Forged)) => "forged",
        Err(NotTaken::Bad(BadPost::Stale)) => "stale",
        Err(NotTaken::Bad(BadPost::Malformed)) => "malformed",
        Err(NotTaken::Bad(BadPost::TooMuch)) => "too_much",
        Err(NotTaken::Fault(_)) => "failed",
    };
    RECEIPTS.add_labelled(kind, outcome, 1);
    let (status, error, description) = match outcome {
        "forged" => (StatusCode::FORBIDDEN, "forged", "the signature is wrong"),
        "stale" => (StatusCode::FORBIDDEN, "stale", "the time of the signature is not now"),
        "too_much" => (StatusCode::PAYLOAD_TOO_LARGE, "too_much", "this is more than is read at once"),
        "malformed" => (StatusCode::BAD_REQUEST, "malformed", "this has another form than the provider documents"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "this could not be written down; post it again"),
    };
    told(status, error, description)
}
