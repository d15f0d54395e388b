//! A form is read before anything is held for it: whoever begins one and does not end it takes no place from others.

use super::{LONGEST_FORM, Pages, TOKEN, token, visit::Visit};
use crate::domain::refusal::Refusal;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::BytesMut;
use futures_util::FutureExt as _;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use std::{pin::pin, sync::Arc};
use tokio::time::timeout;

/// Lets a request on once its form is there. One that is not is refused in the words of its page, or of `/token`.
pub(super) async fn pass(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut reading = pin!(timeout(pages.options.request_timeout, read(body)));
    let read = match reading.as_mut().now_or_never() {
        Some(read) => Some(read),
        None => pages.arriving.wait(reading).await,
    };
    let refusal = match read {
        Some(Ok(form)) => return next.run(Request::from_parts(parts, form)).await,
        Some(Err(_)) => Refusal::StoreUnavailable,
        None => Refusal::Overloaded,
    };
    if parts.uri.path() == TOKEN {
        return token::refused(&pages, &parts.headers, &refusal);
    }
    pages.refused(&Visit::of(&parts, &pages), &refusal)
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
