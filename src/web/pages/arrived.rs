//! A form is read before anything else is held for it: whoever begins one and does not end it takes no place from others.

use super::{LONGEST_FORM, Pages, token, visit::Visit};
use crate::domain::refusal::Refusal;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::BytesMut;
use futures_util::FutureExt as _;
use http::request::Parts;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use std::{pin::pin, sync::Arc};
use tokio::time::timeout;

/// Lets a person's request on once its form is there.
pub(super) async fn on_a_page(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    match arrived(&pages, request).await {
        Ok(request) => next.run(request).await,
        Err((parts, refusal)) => pages.refused(&Visit::of(&parts, &pages), &refusal),
    }
}

/// The same of a client application's.
pub(super) async fn of_a_client(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    match arrived(&pages, request).await {
        Ok(request) => next.run(request).await,
        Err((parts, refusal)) => token::refused(&pages, &parts.headers, &refusal),
    }
}

/// The request with its form, or why it is refused.
async fn arrived(pages: &Pages, request: Request) -> Result<Request, (Parts, Refusal)> {
    let (parts, body) = request.into_parts();
    let mut reading = pin!(timeout(pages.options.request_timeout, read(body)));
    let read = match reading.as_mut().now_or_never() {
        Some(read) => Some(read),
        None => pages.arriving.wait(reading).await,
    };
    match read {
        Some(Ok(form)) => Ok(Request::from_parts(parts, form)),
        Some(Err(_)) => Err((parts, Refusal::StoreUnavailable)),
        None => Err((parts, Refusal::Overloaded)),
    }
}

/// The form, or of one that is too long so much that whoever looks at it sees so.
async fn read(mut body: Body) -> Body {
    let mut form = BytesMut::new();
    while !body.is_end_stream() && form.len() <= LONGEST_FORM {
        // What breaks off is read as far as it came, and is no form.
        let Some(Ok(frame)) = body.frame().await else { break };
        if let Ok(data) = frame.into_data() {
            form.extend_from_slice(&data);
        }
    }
    Body::from(form.freeze())
}
