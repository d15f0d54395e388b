//! The device that asked, while a link is approved on another: how the sign-in stands, and the session once it is.

use super::{
    Pages,
    code::{conclude, form, signed_in_answer},
    cookies::Cookie,
    run,
    sign_in::UnderWay,
    visit::Visit,
};
use crate::{
    domain::{progress::ApprovalState, refusal::Refusal, session::Origin},
    engine::otp::CompleteSignIn,
};
use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

/// How the sign-in stands, for the script of the page that waits: `waiting`, `over`, or `approved` when there is something
/// to fetch; and whether the newest message does not arrive.
pub(super) async fn standing(State(pages): State<Arc<Pages>>, Extension(visit): Extension<Arc<Visit>>) -> Response {
    let Some(under_way) = visit.kept::<UnderWay>(&pages, Cookie::SignIn) else {
        return (StatusCode::NOT_FOUND, Json(json!({ "standing": "over" }))).into_response();
    };
    let (otp, id, proof) = (Arc::clone(&pages.otp), under_way.challenge_id.clone(), under_way.proof());
    let looked = run(&visit, async move { Ok(otp.progress_of(&id, &proof).await) }).await;
    let undelivered = matches!(&looked, Ok(Ok(progress)) if progress.delivery.is_undelivered());
    let standing = match looked.map(|looked| looked.map(|progress| progress.approval)) {
        Ok(Ok(ApprovalState::Approved)) => "approved",
        Ok(Ok(ApprovalState::Pending) | Err(Refusal::StoreUnavailable)) => "waiting",
        _ => "over",
    };
    Json(json!({ "standing": standing, "undelivered": undelivered })).into_response()
}

/// Opens the session that was approved, for the browser that asked.
pub(super) async fn collect(State(pages): State<Arc<Pages>>, Extension(visit): Extension<Arc<Visit>>) -> Response {
    let under_way = match UnderWay::of_form(&pages, &visit) {
        Ok(under_way) => under_way,
        Err(answer) => return *answer,
    };
    let browser = visit.browser(&pages);
    let said = [&b"collect"[..], under_way.challenge_id.as_bytes(), under_way.binding_secret.as_bytes()];
    let asked = CompleteSignIn {
        challenge_id: under_way.challenge_id.clone(),
        binding_secret: under_way.proof(),
        device_token: browser.token(),
        repeatable: Some(pages.desk.repeatable(&said)),
    };
    let otp = Arc::clone(&pages.otp);
    let sign_in = async move |origin: Origin| otp.complete_sign_in(asked, &origin).await;
    match conclude(&pages, &visit, under_way.client.as_ref(), sign_in).await {
        Ok(concluded) => signed_in_answer(&pages, &visit, under_way.client.as_ref(), &browser, concluded),
        Err(refusal) => form(&pages, &visit, &under_way, None, Some(&refusal)).await,
    }
}
