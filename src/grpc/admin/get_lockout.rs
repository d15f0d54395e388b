//! `GetLockout`: how many wrong codes in a row an address counts, and what they have brought.

use crate::{
    engine::account::AdminEngine,
    grpc::{
        convert::{answers, requests},
        layers::call::Call,
        proto::{GetLockoutRequest, GetLockoutResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn get_lockout(
    engine: &Arc<AdminEngine>,
    request: Request<GetLockoutRequest>,
) -> Result<Response<GetLockoutResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let identifier = requests::get_lockout(&message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let lockout = call.run(|origin| async move { engine.lockout(&identifier, &origin).await }).await;
    Ok(Response::new(answers::lockout(lockout.map_err(|refusal| status::of(&refusal))?)))
}
