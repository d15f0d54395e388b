//! `WatchChallenge`: tells the device that asked how its challenge stands.

use crate::{
    engine::otp::OtpEngine,
    grpc::{
        convert::{links, requests},
        layers::call::Call,
        proto::{WatchChallengeRequest, WatchChallengeResponse},
        status,
    },
};
use futures_util::stream::{Stream, StreamExt as _, unfold};
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio::time::sleep;
use tonic::{Request, Response, Status};

/// A stream lasts no longer: as long as a link may live.
const LONGEST: Duration = Duration::from_mins(15);

/// What is told, as it changes.
pub(super) type Changes = Pin<Box<dyn Stream<Item = Result<WatchChallengeResponse, Status>> + Send>>;

pub(super) async fn watch_challenge(
    engine: &Arc<OtpEngine>,
    request: Request<WatchChallengeRequest>,
) -> Result<Response<Changes>, Status> {
    let (call, _, message) = Call::of(request);
    let (challenge_id, secret) = requests::watch_challenge(message).map_err(|refusal| status::of(&refusal))?;
    let engine = Arc::clone(engine);
    let watched = call.run(|origin| async move { engine.watch(&challenge_id, &secret, &origin).await }).await;
    let watching = watched.map_err(|refusal| status::of(&refusal))?;
    let changes = unfold((watching, true), |(mut watching, first)| async move {
        if !first {
            // Where nobody tells any more, the last that was told is the end.
            watching.changes.changed().await.ok()?;
        }
        let progress = *watching.changes.borrow_and_update();
        Some((Ok(links::progress(progress)), (watching, false)))
    });
    Ok(Response::new(Box::pin(changes.take_until(sleep(LONGEST)))))
}
