//! Documents for machines and pages for people over HTTP.

mod health;
mod keys;
mod mailbox;
mod pages;
mod receipts;

pub use pages::{PagesOptions, PagesParts};

use crate::{
    engine::{
        delivery::{MailboxReader, ReceiptDesk},
        readiness::Ready,
        token::TokenIssuer,
    },
    telemetry::metrics::Exposition,
};
use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use std::{any::Any, net::SocketAddr, sync::Arc};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

/// What the pages show.
pub struct Parts {
    /// The `iss` of access tokens: an absolute URL without a closing slash.
    pub issuer: String,
    /// Whose keys are published.
    pub tokens: Arc<TokenIssuer>,
    /// What is there now.
    pub ready: watch::Receiver<Ready>,
    /// The mailbox of development; without it there is no such page.
    pub mailbox: Option<MailboxReader>,
    /// The pages for people; without them there are none.
    pub pages: Option<PagesParts>,
    /// Who takes what providers post; addresses for it are there where any does.
    pub receipts: Arc<ReceiptDesk>,
}

/// A request of the connection with `peer`, which pages have to know.
pub fn of_peer<B>(peer: SocketAddr, mut request: http::Request<B>) -> http::Request<B> {
    request.extensions_mut().insert(pages::Peer(peer));
    request
}

/// Every page.
pub fn router(parts: Parts) -> Router {
    let Parts { issuer, tokens, ready, mailbox, pages, receipts } = parts;
    let (secure, has_pages) = (issuer.starts_with("https://"), pages.is_some());
    let document = keys::discovery_document(&issuer, pages.is_some().then(|| pages::discovery(&issuer)));
    let discovery = get(async move || keys::discovery(document.clone()));
    let mut router = Router::new()
        .route("/.well-known/jwks.json", get(async move || keys::key_set(&tokens)))
        .route("/.well-known/openid-configuration", discovery.clone())
        .route("/.well-known/oauth-authorization-server", discovery)
        .route("/health/live", get(health::live))
        .route("/health/ready", get(async move || health::ready(*ready.borrow())));
    if let Some(mailbox) = mailbox {
        router = router.route("/dev/mailbox", get(async move || mailbox::page(&mailbox, has_pages).await));
    }
    if let Some(parts) = pages {
        router = router.merge(pages::router(parts));
    }
    if receipts.has_sources() {
        router = router.merge(receipts::router(receipts));
    }
    let router = router.method_not_allowed_fallback(method_not_allowed).fallback(not_found);
    let router = router.layer(CatchPanicLayer::custom(panicked));
    router.layer(from_fn(with_safe_headers)).layer(from_fn_with_state(secure, over_https_alone))
}

/// The page that Prometheus reads, for a listener of its own.
pub fn metrics(exposition: Exposition) -> Router {
    let text = get(async move || match exposition.text() {
        Some(text) => ([(header::CONTENT_TYPE, Exposition::CONTENT_TYPE)], text).into_response(),
        None => told(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the metrics cannot be written"),
    });
    let router = Router::new().route("/metrics", text);
    let router = router.method_not_allowed_fallback(method_not_allowed).fallback(not_found);
    router.layer(CatchPanicLayer::custom(panicked)).layer(from_fn(with_safe_headers))
}

async fn not_found() -> Response {
    told(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
}

async fn method_not_allowed() -> Response {
    told(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path is not used in this way")
}

/// A request that ended in a panic is answered all the same, and its connection goes on. What it was the log says.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request ended in a panic");
    told(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something broke in this service")
}

fn told(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(serde_json::json!({ "error": error, "error_description": description }))).into_response()
}

/// What every answer says to a browser, unless the page has said so itself: run nothing, frame nothing, guess nothing,
/// keep nothing.
async fn with_safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut otherwise = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    otherwise(header::CACHE_CONTROL, "no-store");
    otherwise(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    otherwise(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    otherwise(header::X_FRAME_OPTIONS, "DENY");
    otherwise(header::REFERRER_POLICY, "no-referrer");
    otherwise(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    response
}

/// Has a browser that reached this host by https come by nothing else for a year (HSTS, RFC 6797). Whether it did says the
/// issuer, for TLS may end before this listener; in clear a browser does not heed it. Other hosts of the domain are not
/// this service's to speak for.
async fn over_https_alone(State(secure): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if secure {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
