//! `GetPolicy`: the policy in force.

use crate::{
    engine::policy::PolicyEngine,
    grpc::{
        convert::answers,
        layers::call::Call,
        proto::{GetPolicyRequest, GetPolicyResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn get_policy(
    engine: &Arc<PolicyEngine>,
    request: Request<GetPolicyRequest>,
) -> Result<Response<GetPolicyResponse>, Status> {
    let (call, _, _) = Call::of(request);
    let engine = Arc::clone(engine);
    let policy = call.run(|origin| async move { engine.read(&origin).await }).await;
    let policy = policy.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(GetPolicyResponse { policy: Some(answers::policy(&policy)) }))
}
