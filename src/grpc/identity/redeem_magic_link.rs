//! `RedeemMagicLink`: exchanges a link for a session, or approves one for the device that asked.

use crate::{
    engine::otp::OtpEngine,
    grpc::{
        convert::{links, requests},
        layers::call::Call,
        proto::{RedeemMagicLinkRequest, RedeemMagicLinkResponse},
        status,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn redeem_magic_link(
    engine: &Arc<OtpEngine>,
    request: Request<RedeemMagicLinkRequest>,
) -> Result<Response<RedeemMagicLinkResponse>, Status> {
    let (call, _, message) = Call::of(request);
    let asked = requests::redeem_magic_link(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let redeemed = call.run(|origin| async move { engine.redeem_link(asked, &origin).await }).await;
    let redeemed = redeemed.map_err(|refusal| status::of(&refusal))?;
    Ok(Response::new(links::redeemed(redeemed)))
}
