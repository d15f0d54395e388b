//! `SessionService`: a signed-in person's own account.

mod get_current_user;
mod list_sessions;
mod revoke_other_sessions;
mod revoke_session;

use super::proto::{
    GetCurrentUserRequest, GetCurrentUserResponse, ListSessionsRequest, ListSessionsResponse,
    RevokeOtherSessionsRequest, RevokeOtherSessionsResponse, RevokeSessionRequest, RevokeSessionResponse,
    session_service_server::SessionService,
};
use crate::engine::account::AccountEngine;
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

/// The service.
pub(super) struct Sessions {
    pub(super) accounts: Arc<AccountEngine>,
}

#[async_trait]
impl SessionService for Sessions {
    async fn get_current_user(
        &self,
        request: Request<GetCurrentUserRequest>,
    ) -> Result<Response<GetCurrentUserResponse>, Status> {
        get_current_user::get_current_user(&self.accounts, request).await
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        list_sessions::list_sessions(&self.accounts, request).await
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        revoke_session::revoke_session(&self.accounts, request).await
    }

    async fn revoke_other_sessions(
        &self,
        request: Request<RevokeOtherSessionsRequest>,
    ) -> Result<Response<RevokeOtherSessionsResponse>, Status> {
        revoke_other_sessions::revoke_other_sessions(&self.accounts, request).await
    }
}
