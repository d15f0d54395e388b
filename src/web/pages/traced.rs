//! The span of a request for a page, and how long it took: by what the router knows of it, never by what was sent.

use super::Pages;
use crate::telemetry::{self, metrics::HTTP_REQUESTS, names::HTTP_STATUS};
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::Method;
use std::sync::Arc;
use tracing::Instrument as _;

/// Every route of the pages.
const ROUTES: [&str; 15] = [
    "/",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/resend",
    "/sign-in/standing",
    "/sign-in/collect",
    "/link",
    "/link/inspect",
    "/link/confirm",
    "/link/reject",
    "/account",
    "/account/end",
    "/account/end-others",
    "/account/sign-out",
    "/token",
];

/// Gives a request its span, and notes how long it took.
pub(super) async fn pass(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let route = ROUTES.into_iter().find(|route| *route == matched).unwrap_or("other");
    let method = word_of(request.method());
    let begun = pages.desk.now();
    let span = telemetry::http_span(method, route, telemetry::extract_parent(request.headers()));
    let answer = next.run(request).instrument(span.clone()).await;
    let status = answer.status();
    span.record(HTTP_STATUS, i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    HTTP_REQUESTS.note(method, route, status.as_u16(), pages.desk.now().since(begun));
    answer
}

fn word_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_name() {
        let routed = include_str!("mod.rs").split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        assert_eq!(routed.collect::<Vec<_>>(), ROUTES);
    }
}
