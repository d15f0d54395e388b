//! The policy file, read again while the service runs.

use super::Watched;
use crate::{
    config::{
        Config,
        policy::PolicyFile,
        problem::{Problem, Problems},
        secrets::Stamp,
    },
    domain::{client::Clients, digest::Digest, policy::PolicyInForce},
    engine::policy::PolicyEngine,
    ports::{clock::Clock, store::StoreFault},
};
use std::{path::PathBuf, sync::Arc};

/// The file, and what is done with what it says.
pub(in crate::app) struct WatchedPolicy {
    file: PathBuf,
    clients: Arc<Clients>,
    engine: Arc<PolicyEngine>,
    clock: Arc<dyn Clock>,
    seen: Stamp,
}

/// One reading of the file.
pub(in crate::app) enum Reading {
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

    async fn put_in_force(&self, reading: Reading) -> Result<(), StoreFault> {
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

impl Watched for WatchedPolicy {
    type Read = (Reading, Stamp);

    fn look(&mut self, asked: bool) -> Option<(Reading, Stamp)> {
        let now = Stamp::of([self.file.clone()].into_iter());
        (asked || now != self.seen).then(|| (read(&self.file, &self.clients), now))
    }

    async fn take(&mut self, (reading, now): (Reading, Stamp)) {
        match self.put_in_force(reading).await {
            Ok(()) => self.seen = now,
            // Without an event nothing changes; the next look tries again.
            Err(fault) => tracing::warn!(error = %fault, "a change of the policy cannot be recorded; it waits"),
        }
    }
}

/// Says what somebody should look at in what a process starts with.
pub(in crate::app) fn warn_of(config: &Config, policy: &[Problem]) {
    for warning in config.warnings() {
        tracing::warn!(%warning, "the configuration is taken as it stands");
    }
    warn(policy);
}

/// Says what somebody should look at in a policy that is in force.
fn warn(warnings: &[Problem]) {
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
