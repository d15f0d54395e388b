//! `SimulatePolicy`: what a policy would have refused.

use crate::{
    engine::simulate::SimulateEngine,
    grpc::{
        convert::{limits, requests},
        layers::call::Call,
        proto::{SimulatePolicyRequest, SimulatePolicyResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn simulate_policy(
    engine: &Arc<SimulateEngine>,
    request: Request<SimulatePolicyRequest>,
) -> Result<Response<SimulatePolicyResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let (policy, span) = requests::simulate_policy(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let replay = call.run(|origin| async move { engine.simulate(&policy, span, &origin).await }).await;
    let replay = replay.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(limits::replay(replay)))
}
