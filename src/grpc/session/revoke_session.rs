//! `RevokeSession`: ends one of the person's sessions.

use crate::{
    domain::secret::ExposeSecret,
    engine::account::AccountEngine,
    grpc::{
        convert::requests,
        layers::{authorization, call::Call},
        proto::{RevokeSessionRequest, RevokeSessionResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn revoke_session(
    accounts: &Arc<AccountEngine>,
    request: Request<RevokeSessionRequest>,
) -> Result<Response<RevokeSessionResponse>, Status> {
    let (call, metadata, message) = Call::of(request);
    let token = authorization::required_access_token(&metadata).map_err(|refusal| status::of(&refusal))?;
    let session = requests::revoke_session(&message).map_err(|refusal| status::of(&refusal))?;
    let accounts = Arc::clone(accounts);
    let work = |origin| async move { accounts.revoke_session(token.expose_secret(), session, &origin).await };
    call.run(work).await.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(RevokeSessionResponse {}))
}
