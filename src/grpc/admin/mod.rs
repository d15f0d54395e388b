//! `AdminService`: for operators. The front has checked their token.

mod delete_suppression;
mod disable_user;
mod drain_provider;
mod enable_user;
mod explain_limits;
mod find_user;
mod get_delivery;
mod get_lockout;
mod get_policy;
mod get_suppression;
mod get_user;
mod list_providers;
mod resume_provider;
mod set_user_roles;
mod simulate_policy;
mod unlock;

use super::proto::{
    DeleteSuppressionRequest, DeleteSuppressionResponse, DisableUserRequest, DisableUserResponse, DrainProviderRequest,
    DrainProviderResponse, EnableUserRequest, EnableUserResponse, ExplainLimitsRequest, ExplainLimitsResponse,
    FindUserRequest, FindUserResponse, GetDeliveryRequest, GetDeliveryResponse, GetLockoutRequest, GetLockoutResponse,
    GetPolicyRequest, GetPolicyResponse, GetSuppressionRequest, GetSuppressionResponse, GetUserRequest,
    GetUserResponse, ListProvidersRequest, ListProvidersResponse, ResumeProviderRequest, ResumeProviderResponse,
    SetUserRolesRequest, SetUserRolesResponse, SimulatePolicyRequest, SimulatePolicyResponse, UnlockRequest,
    UnlockResponse, admin_service_server::AdminService,
};
use crate::engine::{
    account::AdminEngine, delivery::DeliveryDesk, explain::ExplainEngine, policy::PolicyEngine,
    simulate::SimulateEngine,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

/// The service.
pub(super) struct Admin {
    pub(super) engine: Arc<AdminEngine>,
    pub(super) policy: Arc<PolicyEngine>,
    pub(super) explain: Arc<ExplainEngine>,
    pub(super) simulate: Arc<SimulateEngine>,
    pub(super) desk: Arc<DeliveryDesk>,
}

#[async_trait]
impl AdminService for Admin {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserResponse>, Status> {
        get_user::get_user(&self.engine, request).await
    }

    async fn find_user(&self, request: Request<FindUserRequest>) -> Result<Response<FindUserResponse>, Status> {
        find_user::find_user(&self.engine, request).await
    }

    async fn set_user_roles(
        &self,
        request: Request<SetUserRolesRequest>,
    ) -> Result<Response<SetUserRolesResponse>, Status> {
        set_user_roles::set_user_roles(&self.engine, request).await
    }

    async fn disable_user(
        &self,
        request: Request<DisableUserRequest>,
    ) -> Result<Response<DisableUserResponse>, Status> {
        disable_user::disable_user(&self.engine, request).await
    }

    async fn get_lockout(&self, request: Request<GetLockoutRequest>) -> Result<Response<GetLockoutResponse>, Status> {
        get_lockout::get_lockout(&self.engine, request).await
    }

    async fn unlock(&self, request: Request<UnlockRequest>) -> Result<Response<UnlockResponse>, Status> {
        unlock::unlock(&self.engine, request).await
    }

    async fn enable_user(&self, request: Request<EnableUserRequest>) -> Result<Response<EnableUserResponse>, Status> {
        enable_user::enable_user(&self.engine, request).await
    }

    async fn get_policy(&self, request: Request<GetPolicyRequest>) -> Result<Response<GetPolicyResponse>, Status> {
        get_policy::get_policy(&self.policy, request).await
    }

    async fn explain_limits(
        &self,
        request: Request<ExplainLimitsRequest>,
    ) -> Result<Response<ExplainLimitsResponse>, Status> {
        explain_limits::explain_limits(&self.explain, request).await
    }

    async fn simulate_policy(
        &self,
        request: Request<SimulatePolicyRequest>,
    ) -> Result<Response<SimulatePolicyResponse>, Status> {
        simulate_policy::simulate_policy(&self.simulate, request).await
    }

    async fn list_providers(
        &self,
        request: Request<ListProvidersRequest>,
    ) -> Result<Response<ListProvidersResponse>, Status> {
        list_providers::list_providers(&self.desk, request).await
    }

    async fn drain_provider(
        &self,
        request: Request<DrainProviderRequest>,
    ) -> Result<Response<DrainProviderResponse>, Status> {
        drain_provider::drain_provider(&self.desk, request).await
    }

    async fn resume_provider(
        &self,
        request: Request<ResumeProviderRequest>,
    ) -> Result<Response<ResumeProviderResponse>, Status> {
        resume_provider::resume_provider(&self.desk, request).await
    }

    async fn get_delivery(
        &self,
        request: Request<GetDeliveryRequest>,
    ) -> Result<Response<GetDeliveryResponse>, Status> {
        get_delivery::get_delivery(&self.desk, request).await
    }

    async fn get_suppression(
        &self,
        request: Request<GetSuppressionRequest>,
    ) -> Result<Response<GetSuppressionResponse>, Status> {
        get_suppression::get_suppression(&self.desk, request).await
    }

    async fn delete_suppression(
        &self,
        request: Request<DeleteSuppressionRequest>,
    ) -> Result<Response<DeleteSuppressionResponse>, Status> {
        delete_suppression::delete_suppression(&self.desk, request).await
    }
}
