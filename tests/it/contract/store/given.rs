//! Values to give to a store: each call makes new ones, so that tests say only what matters to them.

use super::{
    inspect::Inspect,
    peers::{Engine, Held, Peer, migrated},
};
use identity::{
    adapters::system::SystemEntropy,
    domain::{
        answer::{AnswerKey, RecordedAnswer},
        audit::{Act, AuditEvent},
        challenge::{Challenge, ChargedAttempt, LiveCode, Purpose, Scope},
        client::ClientId,
        contact::{Channel, IdentifierKey},
        digest::Digest,
        id::{ChallengeId, EventId, MessageId, SessionId, UserId},
        keyring::KeyId,
        link::{Asker, Completion, Link, LinkState, MatchNumber},
        lockout::Ladder,
        message::NewMessage,
        policy::SecurityEvent,
        sealed::Sealed,
        session::{Device, Method, Origin, Session},
        time::Timestamp,
        user::SealedContact,
    },
    ports::{
        entropy::Entropy as _,
        store::{
            Attempt, ChargeOutcome, NewChallenge, NewCode, NewUser, Notice, Response, Rotation, RotationEvents, SignIn,
            SignInOutcome, SignInUser, Store,
        },
    },
};
use std::{sync::Arc, time::Duration};

/// The time at which everything begins: not a whole second, nor a whole millisecond.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_123_457);

/// A store, and makers of values.
pub(crate) struct Given {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) statements: Box<dyn Fn() -> u64 + Send + Sync>,
    pub(crate) inspect: Inspect,
    pub(crate) engine: Engine,
    pub(crate) held: Held,
}

/// A time so many seconds after the beginning.
pub(crate) fn at(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

/// A digest of a text.
pub(crate) fn digest(text: &str) -> Digest {
    Digest::sha256(&[text.as_bytes()])
}

pub(crate) fn identifier(address: &str) -> IdentifierKey {
    IdentifierKey(digest(address))
}

pub(crate) fn sealed(text: &str) -> Sealed {
    Sealed { key_id: KeyId::new("2026-01").unwrap(), bytes: text.as_bytes().to_vec() }
}

pub(crate) fn origin() -> Origin {
    Origin { address: Some("2001:db8::1".parse().unwrap()), trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned() }
}

pub(crate) fn event(time: Timestamp, act: Act) -> AuditEvent {
    AuditEvent::new(EventId::new(SystemEntropy.uuid()), time, act, &origin())
}

pub(crate) fn answer(request_id: &str, request: &str, time: Timestamp) -> RecordedAnswer {
    let key = AnswerKey { call: digest(request_id), fingerprint: digest(request) };
    RecordedAnswer { key, body: sealed(request), expire_time: time.after(Duration::from_mins(10)) }
}

/// An attempt of a device that is not known, under a ladder alone.
pub(crate) fn an_attempt(challenge_id: ChallengeId, now: Timestamp, ladder: &Ladder) -> Attempt {
    Attempt { challenge_id, now, lockout: Arc::new(ladder.clone().into()), by_link: false, device: None }
}

pub(crate) fn message(challenge_id: Option<ChallengeId>, time: Timestamp) -> NewMessage {
    let message_id = MessageId::new(SystemEntropy.uuid());
    let expire_time = time.after(Duration::from_mins(5));
    NewMessage { message_id, challenge_id, content: sealed("content"), create_time: time, expire_time, lease_end: None }
}

pub(crate) fn code(text: &str, time: Timestamp) -> LiveCode {
    let expire_time = time.after(Duration::from_mins(5));
    LiveCode { mac: digest(text), pepper_id: KeyId::new("p-1").unwrap(), expire_time }
}

/// A challenge of five attempts for an address, begun at `time`, with the code `first`.
pub(crate) fn challenge(address: &str, time: Timestamp) -> NewChallenge {
    let scope = Scope {
        purpose: Purpose::SignIn,
        channel: Channel::Email,
        client_id: ClientId::new("Shop.Web_1").unwrap(),
        identifier_key: identifier(address),
        challenge_id: ChallengeId::new(SystemEntropy.uuid()),
        salt: SystemEntropy.bytes16(),
    };
    let code = code("first", time);
    let mut event = event(time, Act::CodeSent);
    event.challenge_id = Some(scope.challenge_id);
    NewChallenge {
        message: message(Some(scope.challenge_id), time),
        event,
        answer: None,
        text: None,
        challenge: Challenge {
            scope,
            destination: sealed(address),
            locale: "de-AT".to_owned(),
            binding_hash: digest("binding"),
            code_length: 6,
            max_attempts: 5,
            attempts: 0,
            create_time: time,
            resend_time: time.after(Duration::from_secs(30)),
            expire_time: code.expire_time,
            used: false,
            link: None,
        },
        code,
    }
}

/// A link that lives for a quarter of an hour.
pub(crate) fn linked(text: &str, time: Timestamp) -> LiveCode {
    LiveCode { expire_time: time.after(Duration::from_mins(15)), ..code(text, time) }
}

/// The same challenge with a link beside its code, to be approved on another device.
pub(crate) fn linked_challenge(address: &str, time: Timestamp) -> NewChallenge {
    let mut new = challenge(address, time);
    new.challenge.link = Some(Box::new(Link {
        completion: Completion::AskingDevice,
        state: LinkState::Pending,
        redirect_uri: "https://app.example.com/signed-in".to_owned(),
        match_number: MatchNumber::from_draw(7),
        asker: Asker { device: session(UserId::new(SystemEntropy.uuid()), time).device, address: origin().address },
        sent: vec![linked("first link", time)],
    }));
    new
}

/// A further code of a challenge.
pub(crate) fn further(challenge_id: ChallengeId, text: &str, now: Timestamp) -> NewCode {
    NewCode {
        challenge_id,
        now,
        code: code(text, now),
        link: None,
        resend_time: now.after(Duration::from_secs(30)),
        message: message(Some(challenge_id), now),
        event: event(now, Act::CodeResent),
        answer: None,
        text: None,
    }
}

/// A session of a user, whose first refresh token has the secret `token 0`.
pub(crate) fn session(user_id: UserId, now: Timestamp) -> Session {
    Session {
        session_id: SessionId::new(SystemEntropy.uuid()),
        user_id,
        client_id: ClientId::new("Shop.Web_1").unwrap(),
        device: Device {
            device_id: "Phone 1 ".to_owned(),
            display_name: "Adas Téléphone\u{301} 📱".to_owned(),
            platform: "ios".to_owned(),
        },
        channel: Channel::Email,
        method: Method::Code,
        create_time: now,
        auth_time: now,
        last_use_time: now,
        last_use_address: origin().address,
        idle_expire_time: now.after(Duration::from_hours(7 * 24)),
        absolute_expire_time: now.after(Duration::from_hours(30 * 24)),
        counter: 0,
        refresh_hash: digest("token 0"),
    }
}

fn contact() -> SealedContact {
    SealedContact { email: Some(sealed("users.email")), phone: None }
}

/// The completion of a charged attempt: of its user where there is one, of a new user else.
pub(crate) fn completion(attempt: &ChargedAttempt, now: Timestamp) -> SignIn {
    let scope = &attempt.challenge.scope;
    let (user_id, user) = if let Some(user) = &attempt.user {
        (user.user_id, SignInUser::Existing { user_id: user.user_id, roles: user.roles.clone() })
    } else {
        let user_id = UserId::new(SystemEntropy.uuid());
        let locale = "de-AT".to_owned();
        (user_id, SignInUser::New(NewUser { user_id, contact: contact(), create_time: now, locale }))
    };
    SignIn {
        challenge_id: scope.challenge_id,
        identifier_key: scope.identifier_key,
        counter_key: attempt.counter_key,
        device_key: SystemEntropy.uuid(),
        now,
        link: None,
        user,
        session: session(user_id, now),
        notice: None,
        revoke: None,
        events: vec![event(now, Act::CodeVerified), event(now, Act::SessionStarted)],
        answer: None,
    }
}

/// The rotation of token number `counter` of a session.
pub(crate) fn rotation(session_id: SessionId, counter: u32, now: Timestamp) -> Rotation {
    let refreshed = event(now, Act::TokenRefreshed);
    let another = |act| AuditEvent { event_id: EventId::new(SystemEntropy.uuid()), act, ..refreshed.clone() };
    Rotation {
        session_id,
        counter,
        presented: digest(&format!("token {counter}")),
        authentic: true,
        successor: digest(&format!("token {}", counter + 1)),
        now,
        device_id: String::new(),
        address: Some("192.0.2.7".parse().unwrap()),
        idle_lifetime: Duration::from_hours(7 * 24),
        grace: Duration::from_secs(10),
        retry_grace: Duration::from_mins(5),
        request_key: None,
        events: RotationEvents {
            repeated: AuditEvent { reason: "ANSWERED_AGAIN".into(), ..another(Act::TokenRefreshed) },
            reused: another(Act::RefreshTokenReused).failed("REFRESH_TOKEN_REUSED"),
            reuse_responded: another(Act::SecurityResponded),
            mismatch_responded: another(Act::SecurityResponded),
            device_mismatch: another(Act::TokenRefreshed).failed("DEVICE_MISMATCH"),
            refused: another(Act::TokenRefreshed).failed("REFRESH_TOKEN_INVALID"),
            rotated: refreshed,
        },
        reused: Response { notice: Some(notice(SecurityEvent::ReplayedToken, now)), revoke: true },
        mismatched: Response::default(),
    }
}

/// A notice of a kind.
pub(crate) fn notice(event: SecurityEvent, now: Timestamp) -> Notice {
    Notice { event, message: message(None, now) }
}

impl Given {
    /// A store of the test's own.
    pub(crate) async fn on(engine: Engine) -> Self {
        let Peer { store, statements, inspect, held } = migrated(engine).await;
        Self { store, statements, inspect, engine, held }
    }

    /// A challenge that has begun.
    pub(crate) async fn begun(&self, address: &str, time: Timestamp) -> ChallengeId {
        let new = challenge(address, time);
        let id = new.challenge.scope.challenge_id;
        self.store.begin_challenge(new).await.unwrap();
        id
    }

    /// What charging gives, under the ladder of the defaults.
    pub(crate) async fn charge(&self, id: ChallengeId, now: Timestamp) -> ChargeOutcome {
        self.store.charge_attempt(an_attempt(id, now, &Ladder::default())).await.unwrap()
    }

    /// An attempt that has been charged.
    pub(crate) async fn charged(&self, id: ChallengeId, now: Timestamp) -> ChargedAttempt {
        match self.charge(id, now).await {
            ChargeOutcome::Charged(attempt) => *attempt,
            other => panic!("not charged: {other:?}"),
        }
    }

    /// A session that has been opened by a sign-in.
    pub(crate) async fn signed_in(&self, address: &str, now: Timestamp) -> Session {
        let id = self.begun(address, now).await;
        let sign_in = completion(&self.charged(id, now).await, now);
        let session = sign_in.session.clone();
        assert_eq!(self.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
        session
    }
}
