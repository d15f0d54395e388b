//! A clock that can be moved on, randomness that repeats itself, one key, a provider of SMS.

use super::World;
use crate::{
    domain::{
        digest::Digest,
        keyring::KeyRing,
        message::{Handover, SmsEnvelope},
        policy::{PolicyInForce, Template},
        route::Route,
        secret::{Secret32, secret32},
        time::Timestamp,
    },
    engine::delivery::{Chain, Letter, Provider},
    ports::{clock::Clock, entropy::Entropy, keys::Keys, messenger::Messenger, policy::Policies},
};
use async_trait::async_trait;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
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

impl Policies for World {
    fn current(&self) -> Arc<PolicyInForce> {
        Arc::new(PolicyInForce::of_template(Template::Standard, Timestamp::from_seconds(1)))
    }
}
