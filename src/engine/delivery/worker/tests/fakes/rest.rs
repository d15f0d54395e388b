//! A clock that can be moved on, randomness that repeats itself, one key, a provider of SMS.

use super::World;
use crate::{
    domain::{
        contact::IdentifierKey,
        digest::Digest,
        keyring::KeyRing,
        message::{Handover, SmsEnvelope},
        policy::{PolicyInForce, Template},
        route::Route,
        secret::{Secret32, secret32},
        suppression::Suppression,
        time::Timestamp,
    },
    engine::delivery::{Chain, Letter, Provider},
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        messenger::Messenger,
        policy::Policies,
        store::{Lift, LiftOutcome, NewReceipt, NewSuppression, ReceiptOutcome, Receipts, StoreFault, SuppressedKey},
    },
};
use async_trait::async_trait;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

impl World {
    /// A chain of this provider alone.
    pub(in super::super) fn chain<E: Letter>(self: &Arc<Self>) -> Arc<Chain<E>>
    where
        Self: Messenger<E>,
    {
        let provider = Provider { name: "fake".to_owned(), route: Route::Everyone, messenger: self.clone() };
        Arc::new(Chain::new(vec![provider], 16))
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        let passed = self.start.elapsed() + Duration::from_micros(self.ahead.load(Ordering::SeqCst));
        Timestamp::from_seconds(1_795_201_476).after(passed)
    }
}

impl Entropy for World {
    fn bytes32(&self) -> [u8; 32] {
        *Digest::sha256(&[&self.draws.fetch_add(1, Ordering::SeqCst).to_be_bytes()]).bytes()
    }

    fn below(&self, _bound: u64) -> u64 {
        0
    }

    fn uuid(&self) -> Uuid {
        Uuid::from_bytes(self.bytes16())
    }
}

impl Keys for World {
    fn peppers(&self) -> Arc<KeyRing> {
        self.ring.clone()
    }

    fn sealing(&self) -> Arc<KeyRing> {
        self.ring.clone()
    }

    fn refresh(&self) -> Arc<KeyRing> {
        self.ring.clone()
    }

    fn index(&self) -> Arc<Secret32> {
        Arc::new(secret32([4; 32]))
    }
}

#[async_trait]
impl Messenger<SmsEnvelope> for World {
    fn name(&self) -> &'static str {
        "fake-sms"
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    async fn hand_over(&self, envelope: &SmsEnvelope) -> Handover {
        self.sent.lock().unwrap().push(format!("{}: {}", envelope.to.as_str(), envelope.text));
        Handover::Accepted { provider_message_id: "s".to_owned() }
    }
}

#[async_trait]
impl Receipts for World {
    /// Slowly: each call takes eight seconds.
    async fn take_receipts(&self, receipts: Vec<NewReceipt>) -> Result<Vec<ReceiptOutcome>, StoreFault> {
        self.go_on(Duration::from_secs(8));
        let mut kept = self.suppressions.lock().unwrap();
        for NewReceipt { message_id, provider, now, suppression, .. } in &receipts {
            let Some(NewSuppression { cause, expire_time, .. }) = suppression else { continue };
            let suppression = Suppression {
                cause: *cause,
                provider: provider.clone(),
                message_id: *message_id,
                challenge_id: None,
                create_time: *now,
                expire_time: *expire_time,
            };
            kept.push((IdentifierKey(Digest::sha256(&[message_id.uuid().as_bytes()])), suppression));
        }
        Ok(vec![ReceiptOutcome::Taken { suppressed: None }; receipts.len()])
    }

    async fn suppression(&self, key: IdentifierKey, now: Timestamp) -> Result<Option<Suppression>, StoreFault> {
        if self.store_down.load(Ordering::SeqCst) || self.suppressed_down.load(Ordering::SeqCst) {
            return Err(StoreFault::Unavailable("down".into()));
        }
        let all = self.suppressions.lock().unwrap();
        let found = all.iter().find(|(of, suppression)| *of == key && suppression.expire_time > now);
        Ok(found.map(|(_, suppression)| suppression.clone()))
    }

    async fn suppressions_after(
        &self,
        after: (Timestamp, IdentifierKey),
        _limit: u32,
    ) -> Result<Vec<SuppressedKey>, StoreFault> {
        let all = self.suppressions.lock().unwrap();
        let later = all.iter().filter(|(_, suppression)| suppression.create_time > after.0);
        Ok(later
            .map(|(key, Suppression { create_time, expire_time, .. })| SuppressedKey {
                key: *key,
                create_time: *create_time,
                expire_time: *expire_time,
            })
            .collect())
    }

    async fn lift_suppression(&self, _lift: Lift) -> Result<LiftOutcome, StoreFault> {
        unreachable!("the worker lifts none")
    }
}

impl Policies for World {
    fn current(&self) -> Arc<PolicyInForce> {
        Arc::new(PolicyInForce::of_template(Template::Standard, Timestamp::from_seconds(1)))
    }
}

/// A worker that runs.
pub(in super::super) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) fn of(stop: CancellationToken, task: JoinHandle<()>) -> Self {
        Self { stop, task }
    }

    pub(in super::super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends it as a crash would.
    pub(in super::super) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}
