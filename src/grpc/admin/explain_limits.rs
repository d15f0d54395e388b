//! `ExplainLimits`: where limits stand, and why it was refused.

use crate::{
    engine::explain::ExplainEngine,
    grpc::{
        convert::{limits, requests},
        layers::call::Call,
        proto::{ExplainLimitsRequest, ExplainLimitsResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn explain_limits(
    engine: &Arc<ExplainEngine>,
    request: Request<ExplainLimitsRequest>,
) -> Result<Response<ExplainLimitsResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let objections = engine.objections(&message.client_id);
    let asked = requests::explain_limits(message, objections).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let explained = call.run(|origin| async move { engine.explain(asked, &origin).await }).await;
    let explained = explained.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(limits::explanation(&explained)))
}
