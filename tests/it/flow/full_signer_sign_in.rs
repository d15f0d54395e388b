//! A right code that comes while the signer takes no more: it stays as good as it was, and is no wrong one.

use super::full_signer::{Narrow, Parts, Stopped, parts};
use crate::contract::store::{Given, given::origin, on_both};
use identity::{
    adapters::{memory::MemoryLimiter, review::SwappedReview, system::SystemEntropy},
    domain::{
        challenge::Code, client::ClientId, contact::Identifier, link::Completion, policy::SessionPolicy,
        proof::ProofPolicy, refusal::Refusal, session::Device,
    },
    engine::{
        delivery::{Handoff, SuppressedAddresses},
        funnel::Funnel,
        otp::{LinkBase, OtpEngine, OtpParts, ProofParts, SendOtp, VerifyOtp, WantedLink},
    },
    ports::entropy::Entropy,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use uuid::Uuid;

on_both!(a_right_code_is_refused_as_often_as_it_takes_and_stays_good);

/// Draws the same code each time.
struct SameCode;

impl Entropy for SameCode {
    fn bytes32(&self) -> [u8; 32] {
        SystemEntropy.bytes32()
    }

    fn below(&self, _: u64) -> u64 {
        48_213
    }

    fn uuid(&self) -> Uuid {
        SystemEntropy.uuid()
    }
}

fn engine(given: &Given, signer: Arc<Narrow>) -> OtpEngine {
    let Parts { keys, clients, policies, guesses, tokens } = parts(given, ClientId::new("shop").unwrap(), signer);
    OtpEngine::new(OtpParts {
        store: given.store.clone(),
        limiter: Arc::new(MemoryLimiter::new(Arc::new(Stopped), 16)),
        clock: Arc::new(Stopped),
        entropy: Arc::new(SameCode),
        clients,
        policies,
        proof: ProofParts { policy: Arc::new(ProofPolicy::default()), judge: None },
        review: Arc::new(SwappedReview::default()),
        sessions: Arc::new(SessionPolicy::for_issuer("https://id.example.com".to_owned())),
        tokens,
        handoff: Handoff::new(Duration::from_secs(30)),
        funnel: Funnel::new(None, keys.clone()),
        sms: false,
        links: Arc::new(LinkBase::at("https://id.example.com")),
        guesses,
        suppressed: Arc::new(SuppressedAddresses::new(given.store.clone(), Arc::new(Stopped), Arc::new(SystemEntropy))),
        keys,
    })
}

async fn a_right_code_is_refused_as_often_as_it_takes_and_stays_good(given: &Given) {
    let signer = Arc::new(Narrow::default());
    let engine = engine(given, signer.clone());
    let wanted = WantedLink { completion: Completion::OpeningDevice, redirect_uri: String::new(), alone: false };
    let send = SendOtp {
        identifier: Identifier::stored("ada@example.com").unwrap(),
        client_id: "shop".to_owned(),
        device: Device::default(),
        device_token: None,
        locale: String::new(),
        link: Some(wanted),
        proof: None,
        repeatable: None,
    };
    let challenge_id = engine.send(send, &origin()).await.unwrap().challenge.challenge_id;
    let verify = async || {
        let request = VerifyOtp {
            challenge_id: challenge_id.clone(),
            code: Code::parse("048213").unwrap(),
            device: Device::default(),
            binding_secret: None,
            device_token: None,
            repeatable: None,
        };
        engine.verify(request, &origin()).await
    };
    signer.0.store(true, Ordering::SeqCst);
    // More often than a challenge has attempts, and a counter failures before it locks.
    for _ in 0..6 {
        let refused = verify().await;
        assert!(matches!(refused, Err(Refusal::Overloaded)), "{refused:?}");
    }
    assert_eq!(given.inspect.number("SELECT attempts FROM challenges").await, 0);
    assert_eq!(given.inspect.count("lockouts").await, 0);
    let events = given.inspect.events().await;
    let told = events.iter().filter(|event| event.act == "code.verified" && event.reason == "OVERLOADED");
    assert_eq!(told.count(), 6, "each attempt leaves its event");
    signer.0.store(false, Ordering::SeqCst);
    assert!(verify().await.unwrap().new_user);
}
