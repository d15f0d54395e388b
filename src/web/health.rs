//! Whether the process lives, and whether it can do its work.

use crate::engine::readiness::Ready;
use axum::{Json, http::StatusCode, response::IntoResponse};
use serde_json::json;

/// Answers as long as the process does.
pub(super) async fn live() -> impl IntoResponse {
    Json(json!({ "status": "live" }))
}

/// 200 where every needed part is there, else 503; the parts are told either way, and who counts requests: `shared`,
/// `share` while the shared limiter is away, or `memory`.
pub(super) fn ready(ready: Ready) -> impl IntoResponse {
    let (code, status) =
        if ready.all() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    let Ready { store, clock, revocations, limits, .. } = ready;
    let parts = json!({
        "status": status, "store": store, "clock": clock, "revocations": revocations, "limits": limits
    });
    (code, Json(parts))
}
