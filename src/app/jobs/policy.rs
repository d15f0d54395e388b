//! The policy file, read again while the service runs.

use super::LOOK;
use crate::{
    config::{
        policy::PolicyFile,
        problem::{Problem, Problems},
        secrets::Stamp,
    },
    domain::{client::Clients, digest::Digest, policy::PolicyInForce},
    engine::policy::PolicyEngine,
    ports::{clock::Clock, store::StoreFault},
};
use std::{path::PathBuf, sync::Arc};
use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// The file, and what is done with what it says.
pub(in crate::app) struct WatchedPolicy {
    file: PathBuf,
    clients: Arc<Clients>,
    engine: Arc<PolicyEngine>,
    clock: Arc<dyn Clock>,
    seen: Stamp,
}

/// One reading of the file.
enum Reading {
    Sound(Box<PolicyFile>),
    /// With the SHA-256 of what it holds, where it could be read.
    Wrong(Option<Digest>, Problems),
}

impl WatchedPolicy {
    /// Watches the file that the policy in force was read from. `seen` is its state before it was read, so that a
    /// change between the two is not missed.
    pub(in crate::app) const fn new(
        file: PathBuf,
        clients: Arc<Clients>,
        engine: Arc<PolicyEngine>,
        clock: Arc<dyn Clock>,
        seen: Stamp,
    ) -> Self {
        Self { file, clients, engine, clock, seen }
    }

    /// Reads the file again when it has changed or `hang_up` (SIGHUP) comes, until told to stop.
    pub(in crate::app) async fn follow(mut self, mut hang_up: Signal, stop: CancellationToken) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                _ = hang_up.recv() => true,
                _ = ticks.tick() => false,
            };
            let (file, clients, seen) = (self.file.clone(), Arc::clone(&self.clients), self.seen.clone());
            let look = tokio::task::spawn_blocking(move || {
                let now = Stamp::of([file.clone()].into_iter());
                (asked || now != seen).then(|| (read(&file, &clients), now))
            });
            // The file is read elsewhere, for a disk may be slow; what panics there ends this job.
            let Ok(looked) = look.await else { return };
            let Some((reading, now)) = looked else { continue };
            match self.take(reading).await {
                Ok(()) => self.seen = now,
                // Without an event nothing changes; the next look tries again.
                Err(fault) => tracing::warn!(error = %fault, "a change of the policy cannot be recorded; it waits"),
            }
        }
    }

    async fn take(&self, reading: Reading) -> Result<(), StoreFault> {
        match reading {
            Reading::Sound(read) => {
                let PolicyFile { policy, version, warnings } = *read;
                let name = policy.name.clone();
                if self.engine.change(PolicyInForce::new(policy, version, self.clock.now())).await? {
                    tracing::info!(policy = name, version = version.hex(), "another policy is in force");
                    warn(&warnings);
                } else {
                    tracing::info!(policy = name, "the policy has been read again and is the same");
                }
                Ok(())
            }
            Reading::Wrong(version, problems) => {
                for problem in problems.0 {
                    tracing::error!(%problem, "the policy file is wrong; the earlier policy stays in force");
                }
                self.engine.refuse(version).await
            }
        }
    }
}

/// Says what somebody should look at in a policy that is in force.
pub(in crate::app) fn warn(warnings: &[Problem]) {
    for warning in warnings {
        tracing::warn!(%warning, "the policy has a contradiction");
    }
}

fn read(file: &std::path::Path, clients: &Clients) -> Reading {
    let text = match PolicyFile::text(file) {
        Ok(text) => text,
        Err(problems) => return Reading::Wrong(None, problems),
    };
    let version = Digest::of_file(text.as_bytes());
    match PolicyFile::parse(file, text, Some(clients)) {
        Ok(read) => Reading::Sound(Box::new(read)),
        Err(problems) => Reading::Wrong(Some(version), problems),
    }
}
