//! `ListSessions`: the person's running sessions, page by page.

use crate::{
    domain::secret::ExposeSecret,
    engine::account::AccountEngine,
    grpc::{
        convert::{answers, requests},
        layers::{authorization, call::Call},
        proto::{ListSessionsRequest, ListSessionsResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn list_sessions(
    accounts: &Arc<AccountEngine>,
    request: Request<ListSessionsRequest>,
) -> Result<Response<ListSessionsResponse>, Status> {
    let (call, metadata, message) = Call::of(request);
    let token = authorization::required_access_token(&metadata).map_err(|refusal| status::of(&refusal))?;
    let page = requests::page(&message).map_err(|refusal| status::of(&refusal))?;
    let accounts = Arc::clone(accounts);
    let work = |_| async move { accounts.list_sessions(token.expose_secret(), page.size, page.token).await };
    let list = call.run(work).await.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(answers::session_list(list)))
}
