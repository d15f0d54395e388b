//! What runs beside the calls: revocations, expiry, keys, messages.

mod keys;
mod limiter;
mod policy;
mod review;
mod watch;

pub(super) use keys::{InForce, KeyFiles, KeyStamp};
pub(super) use limiter::record_changes;
pub(super) use policy::{WatchedPolicy, warn_of};
pub(super) use review::WatchedReview;
pub(super) use watch::Watched;

use crate::{
    engine::{
        clocks::Clocks,
        delivery::{DRAIN_POLL, DeliveryDesk, SUPPRESSION_POLL, SuppressedAddresses},
        funnel::Funnel,
        otp::OtpEngine,
        token::TokenIssuer,
    },
    ports::{
        clock::Clock,
        store::{Store, Swept},
    },
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How often files that may change are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How often revocations of other processes are read: four times in the second that a revocation may take.
const FEED: Duration = Duration::from_millis(250);
/// How often challenges that somebody watches are looked at: twice in the second that a change may take to be told.
const WATCHED: Duration = Duration::from_millis(500);
/// How often it is asked whether wrong codes over all accounts are too many.
const GUARD: Duration = Duration::from_secs(1);
/// How often what has expired is removed.
const SWEEP: Duration = Duration::from_mins(1);
/// And how soon again where there was more than one sweep removes.
const SWEEP_ON: Duration = Duration::from_secs(1);

/// Jobs that run until they are told to stop.
pub(super) struct Jobs {
    tasks: TaskTracker,
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Jobs {
    /// No job yet. `failed` is cancelled when one ends before it is told to: a service that has lost a job is better
    /// started anew.
    pub(super) fn new(failed: CancellationToken) -> Self {
        Self { tasks: TaskTracker::new(), stop: CancellationToken::new(), failed }
    }

    /// Begins a job.
    pub(super) fn begin<F>(&self, name: &'static str, job: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, failed) = (self.stop.clone(), self.failed.clone());
        let running = tokio::spawn(job(stop.clone()));
        self.tasks.spawn(async move {
            let ended = running.await;
            if ended.is_err() || !stop.is_cancelled() {
                tracing::error!(job = name, "a job has ended that must not");
                failed.cancel();
            }
        });
    }

    /// Tells every job to stop and waits for their ends.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Keeps the set of revoked sessions current.
pub(super) async fn follow_revocations(tokens: Arc<TokenIssuer>, stop: CancellationToken) {
    let mut ticks = interval(FEED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut behind = false;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match tokens.poll_revocations().await {
            Ok(()) if behind => {
                tracing::info!("revocations are read again");
                behind = false;
            }
            Err(fault) if !behind => {
                tracing::warn!(error = %fault, "revocations cannot be read; soon no token will be called active");
                behind = true;
            }
            Ok(()) | Err(_) => {}
        }
    }
}

/// Learns of the guard against wrong codes over all accounts where other replicas raised it.
pub(super) async fn follow_guard(otp: Arc<OtpEngine>, stop: CancellationToken) {
    let mut ticks = interval(GUARD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(refusal) = otp.look_at_guard().await {
            // Whoever counts instead says so already, and the next wrong code tells too.
            tracing::debug!(reason = refusal.reason(), "the budget of wrong codes cannot be looked at");
        }
    }
}

/// Tells those who watch challenges what has changed.
pub(super) async fn follow_watched(otp: Arc<OtpEngine>, stop: CancellationToken) {
    let mut ticks = interval(WATCHED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(refusal) = otp.look_at_watched().await {
            tracing::debug!(reason = refusal.reason(), "challenges that are watched cannot be looked at");
        }
    }
}

/// Learns which providers operators drained in other processes.
pub(super) async fn follow_drains(desk: Arc<DeliveryDesk>, stop: CancellationToken) {
    let mut ticks = interval(DRAIN_POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(fault) = desk.take_drains().await {
            // The worker says that the store is away; what was drained stays so.
            tracing::debug!(error = %fault, "it cannot be read which providers are drained");
        }
    }
}

/// Learns which addresses get no message, where other processes heard of it.
pub(super) async fn follow_suppressions(suppressed: Arc<SuppressedAddresses>, stop: CancellationToken) {
    let mut ticks = interval(SUPPRESSION_POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(fault) = suppressed.poll().await {
            tracing::debug!(error = %fault, "it cannot be read which addresses get no message");
        }
    }
}

/// Removes what has expired; nothing while it is not known by which clock.
pub(super) async fn sweep(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    clocks: Arc<Clocks>,
    funnel: Funnel,
    stop: CancellationToken,
) {
    let mut pause = Duration::ZERO;
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = SWEEP;
        if clocks.are_apart() {
            continue;
        }
        match store.sweep(clock.now()).await {
            Ok(Swept { rows: 0, .. }) => {}
            Ok(Swept { rows, full, abandoned }) => {
                tracing::debug!(rows, full, "removed what had expired");
                funnel.abandoned(&abandoned);
                // What comes in faster than a sweep a minute removes would stay for ever.
                if full {
                    pause = SWEEP_ON;
                }
            }
            Err(fault) => tracing::warn!(error = %fault, "what has expired cannot be removed"),
        }
    }
}
