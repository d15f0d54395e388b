//! `RevokeOtherSessions`: ends all of the person's sessions but the one that asks.

use crate::{
    domain::secret::ExposeSecret,
    engine::account::AccountEngine,
    grpc::{
        convert::requests,
        layers::{authorization, call::Call},
        proto::{RevokeOtherSessionsRequest, RevokeOtherSessionsResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn revoke_other_sessions(
    accounts: &Arc<AccountEngine>,
    request: Request<RevokeOtherSessionsRequest>,
) -> Result<Response<RevokeOtherSessionsResponse>, Status> {
    let (call, metadata, message) = Call::of(request);
    let token = authorization::required_access_token(&metadata).map_err(|refusal| status::of(&refusal))?;
    let repeatable = requests::revoke_other_sessions(&message).map_err(|refusal| status::of(&refusal))?;
    let accounts = Arc::clone(accounts);
    let work = |origin| async move { accounts.revoke_other_sessions(token.expose_secret(), repeatable, &origin).await };
    let ended = call.run(work).await.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(RevokeOtherSessionsResponse { revoked_count: i32::try_from(ended).unwrap_or(i32::MAX) }))
}
