//! A store that answers as it is told, a signer without a key, and the rest of the world.

use crate::{
    domain::{
        answer::AnswerKey,
        audit::AuditEvent,
        claims::AccessClaims,
        digest::Digest,
        id::{SessionId, UserId},
        keyring::{KeyId, KeyRing},
        policy::{PolicyInForce, Template},
        revocation::{FeedPlace, Revocation},
        secret::{Secret32, SecretString, secret32},
        time::Timestamp,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        policy::Policies,
        signer::{OpenedToken, PublicKey, Signer, SignerFault, SigningPlace, TokenFlaw},
        store::{
            CountedAnswer, EndOthersOutcome, KnownAnswer, Ledger, Rotation, RotationOutcome, SessionPage, SessionStore,
            SignOutOutcome, StoreFault, Swept,
        },
    },
};
use async_trait::async_trait;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

/// What a test looks at and turns.
pub(super) struct World {
    now: AtomicI64,
    draws: AtomicU64,
    refresh_ring: Mutex<Arc<KeyRing>>,
    pub(super) down: AtomicBool,
    pub(super) overloaded: AtomicBool,
    pub(super) template: Mutex<Template>,
    /// How often a token was opened, and so not found in the cache.
    pub(super) opened: AtomicU64,
    pub(super) kids: Mutex<Vec<String>>,
    /// What the next rotation ends in, and the last that was asked for.
    pub(super) rotation_outcome: Mutex<Option<RotationOutcome>>,
    pub(super) rotation: Mutex<Option<Rotation>>,
    /// What the feed holds, and from when on it was last read.
    pub(super) feed: Mutex<Vec<Revocation>>,
    pub(super) since: Mutex<Option<Timestamp>>,
    pub(super) sign_out_outcome: Mutex<Option<SignOutOutcome>>,
    /// What was ended: whose token's, whether all, the event.
    pub(super) ended: Mutex<Vec<(String, AuditEvent)>>,
    /// Events that go with nothing else.
    pub(super) recorded: Mutex<Vec<AuditEvent>>,
}

fn ring(names: &[&str]) -> Arc<KeyRing> {
    let key = |name: &&str| (KeyId::new(name).unwrap(), secret32([name.as_bytes()[0]; 32]));
    Arc::new(KeyRing::new(names.iter().map(key).collect()).unwrap())
}

impl World {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(1_800_000_000_000_000),
            draws: AtomicU64::new(1),
            refresh_ring: Mutex::new(ring(&["a"])),
            down: AtomicBool::new(false),
            overloaded: AtomicBool::new(false),
            template: Mutex::new(Template::Standard),
            opened: AtomicU64::new(0),
            kids: Mutex::new(vec!["k1".to_owned()]),
            rotation_outcome: Mutex::default(),
            rotation: Mutex::default(),
            feed: Mutex::default(),
            since: Mutex::default(),
            sign_out_outcome: Mutex::default(),
            ended: Mutex::default(),
            recorded: Mutex::default(),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    pub(super) fn pass(&self, span: Duration) {
        self.now.store(self.now().after(span).micros(), Ordering::SeqCst);
    }

    pub(super) fn set_back(&self, span: Duration) {
        self.now.store(self.now().before(span).micros(), Ordering::SeqCst);
    }

    pub(super) fn refresh_keys(&self, names: &[&str]) {
        *self.refresh_ring.lock().unwrap() = ring(names);
    }

    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::SeqCst)
    }

    fn told<T>(&self, answer: T) -> Result<T, StoreFault> {
        if self.down.load(Ordering::SeqCst) { Err(StoreFault::Unavailable("down".into())) } else { Ok(answer) }
    }
}

/// The text of a token of the fake signer.
pub(super) fn text(kid: &str, claims: &AccessClaims) -> String {
    format!("{kid} {}", serde_json::to_string(claims).unwrap())
}

#[async_trait]
impl Signer for World {
    async fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignerFault> {
        if self.overloaded.load(Ordering::SeqCst) {
            return Err(SignerFault::Overloaded);
        }
        Ok(text(&self.kids.lock().unwrap()[0], claims).into())
    }

    /// No test of this module takes a place.
    fn reserve(&self) -> Result<Box<dyn SigningPlace>, SignerFault> {
        Err(SignerFault::Overloaded)
    }

    fn open(&self, token: &str) -> Result<OpenedToken, TokenFlaw> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let (kid, claims) = token.split_once(' ').ok_or(TokenFlaw::Malformed)?;
        if !self.kids.lock().unwrap().iter().any(|known| known == kid) {
            return Err(TokenFlaw::Signature);
        }
        let claims = serde_json::from_str(claims).map_err(|_| TokenFlaw::Malformed)?;
        Ok(OpenedToken { key_id: kid.into(), claims })
    }

    fn public_keys(&self) -> Arc<[PublicKey]> {
        let key = |kid: &String| PublicKey {
            kty: "RSA",
            usage: "sig",
            alg: "RS256",
            kid: kid.clone(),
            n: String::new(),
            e: String::new(),
        };
        self.kids.lock().unwrap().iter().map(key).collect()
    }
}

#[async_trait]
impl SessionStore for World {
    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StoreFault> {
        let refused = RotationOutcome::Refused(Box::new(rotation.events.refused.clone()));
        *self.rotation.lock().unwrap() = Some(rotation);
        self.told(self.rotation_outcome.lock().unwrap().take().unwrap_or(refused))
    }

    /// No test of this module ends sessions but by a token.
    async fn end_session(
        &self,
        _user_id: UserId,
        _session_id: SessionId,
        _now: Timestamp,
        _event: AuditEvent,
    ) -> Result<Vec<SessionId>, StoreFault> {
        Ok(Vec::new())
    }

    async fn end_others(
        &self,
        _user_id: UserId,
        _kept: SessionId,
        _now: Timestamp,
        _event: AuditEvent,
        _answer: Option<CountedAnswer>,
    ) -> Result<EndOthersOutcome, StoreFault> {
        Ok(EndOthersOutcome::Ended(Vec::new()))
    }

    async fn sign_out(
        &self,
        session_id: SessionId,
        _refreshed: Option<u32>,
        all: bool,
        _now: Timestamp,
        event: AuditEvent,
    ) -> Result<SignOutOutcome, StoreFault> {
        self.ended.lock().unwrap().push((format!("{session_id} all={all}"), event));
        self.told(self.sign_out_outcome.lock().unwrap().take().unwrap_or(SignOutOutcome::Unknown))
    }

    async fn sessions(
        &self,
        _user_id: UserId,
        _before: Option<SessionId>,
        _limit: u32,
        _now: Timestamp,
    ) -> Result<SessionPage, StoreFault> {
        self.told(SessionPage { sessions: Vec::new(), more: false })
    }

    async fn revocations(&self, from: FeedPlace, limit: u32) -> Result<Vec<Revocation>, StoreFault> {
        if from == FeedPlace::before(from.time) {
            *self.since.lock().unwrap() = Some(from.time);
        }
        let place = |end: &Revocation| (end.revoke_time, *end.session_id.bytes());
        let mut feed = self.feed.lock().unwrap().clone();
        feed.sort_by_key(place);
        let behind = feed.into_iter().filter(|end| place(end) > (from.time, *from.session_id.bytes()));
        self.told(behind.take(limit as usize).collect())
    }
}

#[async_trait]
impl Ledger for World {
    async fn answer(&self, _key: &AnswerKey, _now: Timestamp) -> Result<KnownAnswer, StoreFault> {
        self.told(KnownAnswer::None)
    }

    async fn record(&self, event: &AuditEvent) -> Result<(), StoreFault> {
        self.recorded.lock().unwrap().push(event.clone());
        self.told(())
    }

    async fn ping(&self) -> Result<Option<Timestamp>, StoreFault> {
        self.told(None)
    }

    async fn sweep(&self, _now: Timestamp) -> Result<Swept, StoreFault> {
        self.told(Swept::default())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.now()
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
        ring(&["p"])
    }

    fn sealing(&self) -> Arc<KeyRing> {
        ring(&["s"])
    }

    fn refresh(&self) -> Arc<KeyRing> {
        self.refresh_ring.lock().unwrap().clone()
    }

    fn index(&self) -> Arc<Secret32> {
        Arc::new(secret32([4; 32]))
    }
}

impl Policies for World {
    fn current(&self) -> Arc<PolicyInForce> {
        Arc::new(PolicyInForce::of_template(*self.template.lock().unwrap(), Timestamp::from_seconds(1)))
    }
}
