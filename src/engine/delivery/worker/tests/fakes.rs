//! An outbox in memory, a provider that does as it is told, and the rest of the world.

use crate::{
    domain::{
        audit::AuditEvent,
        contact::IdentifierKey,
        id::{ChallengeId, MessageId},
        keyring::{KeyId, KeyRing},
        message::{ClaimedMessage, Content, Envelope, Handover, NewMessage, Recipient},
        secret::secret32,
        suppression::Suppression,
        time::Timestamp,
    },
    engine::{
        delivery::{
            Handoff, LEASE_MARGIN, Messengers, Place, SuppressedAddresses, Templates, Worker, WorkerOptions,
            WorkerParts, sealed_message,
        },
        funnel::Funnel,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        messenger::Messenger,
        store::{Settlement, Withheld},
    },
};
use async_trait::async_trait;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

mod outbox;
mod rest;

pub(super) use rest::Running;

/// One row of the outbox.
pub(super) struct Row {
    pub(super) message: ClaimedMessage,
    pub(super) due: Timestamp,
    pub(super) end: Option<Settlement>,
    pub(super) event: Option<AuditEvent>,
}

/// What a test looks at and turns.
pub(super) struct World {
    start: Instant,
    ahead: AtomicU64,
    draws: AtomicU64,
    ring: Arc<KeyRing>,
    pub(super) rows: Mutex<Vec<Row>>,
    pub(super) store_down: AtomicBool,
    pub(super) settle_down: AtomicBool,
    pub(super) suppressed_down: AtomicBool,
    /// The recipients of what was handed over, in the order of its end.
    pub(super) sent: Mutex<Vec<String>>,
    /// What the store says of text messages that are notices.
    pub(super) withheld: Mutex<Option<Withheld>>,
    /// Who gets no message, as the store has it.
    pub(super) suppressions: Mutex<Vec<(IdentifierKey, Suppression)>>,
    pub(super) tries: AtomicU64,
    /// How often the outbox was looked into.
    pub(super) looks: AtomicU64,
    pub(super) handoff: Handoff,
    pub(super) time_limit: Duration,
}

/// How long a hand-over takes at most.
const TIME_LIMIT: Duration = Duration::from_secs(2);

fn ring() -> Arc<KeyRing> {
    Arc::new(KeyRing::new([(KeyId::new("1").unwrap(), secret32([3; 32]))].into()).unwrap())
}

impl World {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            ahead: AtomicU64::new(0),
            draws: AtomicU64::new(1),
            ring: ring(),
            rows: Mutex::default(),
            store_down: AtomicBool::new(false),
            settle_down: AtomicBool::new(false),
            suppressed_down: AtomicBool::new(false),
            sent: Mutex::default(),
            withheld: Mutex::default(),
            suppressions: Mutex::default(),
            tries: AtomicU64::new(0),
            looks: AtomicU64::new(0),
            handoff: Handoff::new(TIME_LIMIT + LEASE_MARGIN),
            time_limit: TIME_LIMIT,
        })
    }

    /// Moves the clock on.
    pub(super) fn go_on(&self, span: Duration) {
        self.ahead.fetch_add(u64::try_from(span.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Accepts a code for `name`@example.com that lives five minutes.
    pub(super) fn accept(&self, name: &str) -> MessageId {
        let content = Content::Code {
            destination: format!("{name}@example.com"),
            code: "123456".to_owned(),
            link: String::new(),
            client_name: "Shop".to_owned(),
            minutes: 5,
            link_minutes: 0,
            locale: String::new(),
            address: String::new(),
            asked_at: 0,
        };
        let id = MessageId::new(self.uuid());
        let challenge = Some(ChallengeId::new(self.uuid()));
        let expire = self.now().after(Duration::from_mins(5));
        let new = sealed_message(&self.ring, self.nonce(), id, challenge, &content, "", self.now(), expire).unwrap();
        self.put(new, Recipient::InContent);
        id
    }

    pub(super) fn put(&self, new: NewMessage, recipient: Recipient) {
        let message = ClaimedMessage {
            message_id: new.message_id,
            challenge_id: new.challenge_id,
            recipient,
            content: new.content,
            attempts: 0,
            unanswered: 0,
            create_time: new.create_time,
            expire_time: new.expire_time,
        };
        self.rows.lock().unwrap().push(Row { message, due: new.create_time, end: None, event: None });
    }

    /// Accepts a code for `name`@example.com as one that this process's worker has claimed, and hands it on.
    pub(super) fn hand(&self, name: &str) -> MessageId {
        let (new, place) = self.accept_as_claimed(name);
        let id = new.message_id;
        self.handoff.pass(new, place);
        id
    }

    /// The same, and its acceptor does not hear of it.
    pub(super) fn leave_in_doubt(&self, name: &str) -> MessageId {
        let (new, _) = self.accept_as_claimed(name);
        self.handoff.doubt(&new);
        new.message_id
    }

    fn accept_as_claimed(&self, name: &str) -> (NewMessage, Option<Place>) {
        let id = self.accept(name);
        let mut rows = self.rows.lock().unwrap();
        let row = rows.last_mut().unwrap();
        let message = &row.message;
        let mut new = NewMessage {
            message_id: id,
            challenge_id: message.challenge_id,
            content: message.content.clone(),
            create_time: message.create_time,
            expire_time: message.expire_time,
            lease_end: None,
        };
        let place = self.handoff.claim(&mut new);
        row.due = new.due_time();
        row.message.attempts = u32::from(new.is_claimed());
        (new, place)
    }

    pub(super) fn parts(self: &Arc<Self>) -> WorkerParts {
        WorkerParts {
            outbox: self.clone(),
            messengers: Messengers { email: self.chain(), sms: None },
            keys: self.clone(),
            clock: self.clone(),
            entropy: self.clone(),
            policies: self.clone(),
            handoff: self.handoff.clone(),
            funnel: Funnel::new(None, self.clone()),
            templates: Arc::new(Templates::built_in().unwrap()),
            suppressed: Arc::new(SuppressedAddresses::new(self.clone(), self.clone(), self.clone())),
            clocks: Arc::default(),
        }
    }

    /// Starts a worker that looks into the outbox every `poll`.
    pub(super) fn work(self: &Arc<Self>, concurrency: u32, poll: Duration) -> Running {
        Self::work_with(self.parts(), concurrency, poll)
    }

    /// The same, of other parts.
    pub(super) fn work_with(parts: WorkerParts, concurrency: u32, poll: Duration) -> Running {
        let options = WorkerOptions { concurrency, poll, stop_limit: Duration::from_secs(5) };
        let stop = CancellationToken::new();
        let task = tokio::spawn(Worker::new(parts, options).run(stop.clone()));
        Running::of(stop, task)
    }

    /// Waits until the message has ended, at most ten seconds, and gives its end, event and number of claims.
    pub(super) async fn end(&self, id: MessageId) -> (Settlement, AuditEvent, u32) {
        for _ in 0..2000 {
            if let Some(ended) = self.ended(id) {
                return ended;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the message does not end");
    }

    fn ended(&self, id: MessageId) -> Option<(Settlement, AuditEvent, u32)> {
        let rows = self.rows.lock().unwrap();
        let row = rows.iter().find(|row| row.message.message_id == id).unwrap();
        Some((row.end.clone()?, row.event.clone().unwrap(), row.message.attempts))
    }
}

#[async_trait]
impl Messenger for World {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    /// The local part says what happens.
    async fn hand_over(&self, envelope: &Envelope) -> Handover {
        let first = self.tries.fetch_add(1, Ordering::SeqCst) == 0;
        let (local, _) = envelope.to.as_str().split_once('@').unwrap();
        match local.split('+').next().unwrap() {
            "refuse" => return Handover::Refused { reason: "RECIPIENT_REFUSED" },
            "defer" => return Handover::Deferred { reason: "PROVIDER_UNREACHABLE" },
            "misconfigured" => return Handover::Misconfigured { reason: "LOGIN_REFUSED" },
            "defer-once" if first => return Handover::Deferred { reason: "PROVIDER_UNREACHABLE" },
            "panic-once" => assert!(!first, "as asked"),
            "slow" => tokio::time::sleep(Duration::from_millis(400)).await,
            "hang" => std::future::pending().await,
            _ => {}
        }
        assert!(!envelope.text.is_empty() && !envelope.html.is_empty());
        self.sent.lock().unwrap().push(local.to_owned());
        Handover::Accepted { provider_message_id: "p".to_owned() }
    }
}
