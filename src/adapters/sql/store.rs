//! The ports over an engine. Every step runs in a task of its own: a caller who hangs up does not cut it in half.

use super::{
    engine::{Access, Engine},
    fault::{self, OpenFault},
    statements::STATEMENTS,
    steps,
};
use crate::{
    domain::{
        answer::RecordedAnswer,
        audit::AuditEvent,
        challenge::Challenge,
        contact::IdentifierKey,
        device_token::KnownDevice,
        id::{ChallengeId, SessionId, UserId},
        progress::Standing,
        revocation::{FeedPlace, Revocation},
        time::Timestamp,
        user::User,
    },
    ports::store::{
        Approval, Attempt, BeginOutcome, ChallengeStore, ChargeOutcome, CountedAnswer, EndOthersOutcome, FailedAttempt,
        LinkOutcome, NewChallenge, NewCode, RejectOutcome, Rejection, ResendOutcome, Rotation, RotationOutcome,
        SessionPage, SessionStore, SignIn, SignInOutcome, SignOutOutcome, StoreFault,
    },
};
use async_trait::async_trait;
use std::{future::Future, sync::Arc};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

/// A store on one engine.
#[derive(Clone, Debug)]
pub struct SqlStore<E> {
    pub(super) engine: E,
    texts: Arc<Semaphore>,
}

/// How many steps that count text messages run at a time. They take turns at one row: more of them would keep connections
/// from everybody else while they wait for it.
const TEXTS: usize = 2;

/// Runs a common step on a connection of the kind that it needs.
macro_rules! step {
    ($store:ident, $name:literal, $access:ident, |$link:ident| $step:expr) => {{
        let engine = $store.engine.clone();
        let step = async move { engine.step(Access::$access, move |$link| Box::pin(async move { $step.await })).await };
        Self::in_own_task($name, step).await
    }};
}

mod delivery;
mod grants;
mod ledger;
mod outbox;
mod receipts;
mod users;

impl<E: Engine> SqlStore<E> {
    /// Brings the schema up to date. Safe to call again, and by several processes at once: they wait for one another.
    ///
    /// # Errors
    /// [`OpenFault::Newer`] where the schema is ahead of this program; what the database refuses.
    pub async fn migrate(&self) -> Result<(), OpenFault> {
        self.engine.migrate().await
    }

    /// How many statements have been sent to the database so far: each is a round trip, and so is each begin and
    /// commit of a transaction.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.engine.statements()
    }

    /// Every statement that this store may send, by name.
    pub fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
        let common = STATEMENTS.iter().map(|statement| {
            let text = if E::SYSTEM == "postgresql" { statement.postgres } else { statement.sqlite };
            (statement.name, text)
        });
        common.chain(E::own_statements())
    }

    pub(super) fn over(engine: E) -> Self {
        Self { engine, texts: Arc::new(Semaphore::new(TEXTS)) }
    }

    /// A step that counts a text message.
    fn text_messages_in_turn<T>(
        &self,
        step: impl Future<Output = Result<T, StoreFault>> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreFault>> + Send + 'static {
        let turns = Arc::clone(&self.texts);
        async move {
            let _turn = turns.acquire_owned().await;
            step.await
        }
    }

    /// A step in a task of its own, to its end. It is put into a box at once, here and in [`Self::hot`], for it holds what is to
    /// be written, and would be moved as a whole into each wrapping around it.
    fn in_own_task<T: Send + 'static>(
        operation: &'static str,
        step: impl Future<Output = Result<T, StoreFault>> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreFault>> + Send + 'static {
        let step = Box::pin(step);
        async move {
            let span = tracing::info_span!("store", db.system.name = E::SYSTEM, db.operation.name = operation);
            let bounded = async move {
                let done = tokio::time::timeout(E::LIMIT, step).await;
                done.unwrap_or_else(|_| Err(fault::unavailable("no answer in time")))
            };
            let joined = tokio::spawn(bounded.instrument(span)).await;
            joined.unwrap_or_else(|_| Err(fault::broken("the step broke off")))
        }
    }

    /// A step of a hot path. The engine does it in a lane or a thread of its own, and the caller only waits for it.
    fn hot<T: Send + 'static>(
        operation: &'static str,
        step: impl Future<Output = Result<T, StoreFault>> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreFault>> + Send + 'static {
        let step = Box::pin(step);
        async move {
            let span = tracing::info_span!("store", db.system.name = E::SYSTEM, db.operation.name = operation);
            let done = tokio::time::timeout(E::LIMIT, step).instrument(span).await;
            done.unwrap_or_else(|_| Err(fault::unavailable("no answer in time")))
        }
    }
}

#[async_trait]
impl<E: Engine> ChallengeStore for SqlStore<E> {
    async fn begin_challenge(&self, new: NewChallenge) -> Result<BeginOutcome, StoreFault> {
        let engine = self.engine.clone();
        if new.challenge.link.is_some() && new.text.is_none() {
            return Self::in_own_task("begin_challenge", async move { engine.begin_challenge(new).await }).await;
        }
        if new.text.is_some() {
            // A transaction on either engine, and no lane bears it.
            let step = self.text_messages_in_turn(async move { engine.begin_challenge(new).await });
            return Self::in_own_task("begin_challenge", step).await;
        }
        Self::hot("begin_challenge", async move { engine.begin_challenge(new).await }).await
    }

    async fn challenge(&self, id: ChallengeId) -> Result<Option<Challenge>, StoreFault> {
        step!(self, "challenge", Read, |link| steps::begin::read(link, id))
    }

    async fn add_code(&self, code: NewCode) -> Result<ResendOutcome, StoreFault> {
        let (engine, is_text) = (self.engine.clone(), code.text.is_some());
        let step = async move {
            let step = engine.step(Access::Transaction, move |link| {
                Box::pin(async move { steps::resend::add_code(link, &code).await })
            });
            step.await
        };
        if is_text {
            return Self::in_own_task("add_code", self.text_messages_in_turn(step)).await;
        }
        Self::in_own_task("add_code", step).await
    }

    async fn charge_attempt(&self, attempt: Attempt) -> Result<ChargeOutcome, StoreFault> {
        let engine = self.engine.clone();
        Self::hot("charge_attempt", async move { engine.charge_attempt(attempt).await }).await
    }

    async fn device_stands(&self, device: KnownDevice) -> Result<bool, StoreFault> {
        step!(self, "device_stands", Read, |link| steps::charge::stands(link, &device))
    }

    async fn unlock(
        &self,
        key: IdentifierKey,
        now: Timestamp,
        event: AuditEvent,
        answer: Option<RecordedAnswer>,
    ) -> Result<bool, StoreFault> {
        step!(self, "unlock", Transaction, |link| steps::charge::unlock(link, key, now, event, answer.as_ref()))
    }

    async fn record_failure(&self, failure: FailedAttempt) -> Result<(), StoreFault> {
        if failure.notice.is_some() || failure.pardon.is_some() {
            return step!(self, "record_failure", Transaction, |link| steps::charge::fail(link, &failure));
        }
        let engine = self.engine.clone();
        Self::hot("record_failure", async move { engine.record(failure.events).await }).await
    }

    async fn standings(&self, ids: &[ChallengeId]) -> Result<Vec<(ChallengeId, Standing)>, StoreFault> {
        let ids = ids.to_vec();
        step!(self, "standings", Read, |link| steps::links::standings(link, &ids))
    }

    async fn approve_link(&self, approval: Approval) -> Result<LinkOutcome, StoreFault> {
        step!(self, "approve_link", Transaction, |link| steps::links::approve(link, &approval))
    }

    async fn reject_link(&self, rejection: Rejection) -> Result<RejectOutcome, StoreFault> {
        step!(self, "reject_link", Transaction, |link| steps::links::reject(link, &rejection))
    }

    async fn complete_sign_in(&self, sign_in: SignIn) -> Result<SignInOutcome, StoreFault> {
        let engine = self.engine.clone();
        if sign_in.revoke.is_some() {
            // A transaction on either engine, and no lane bears it.
            return Self::in_own_task("complete_sign_in", async move { engine.complete_sign_in(sign_in).await }).await;
        }
        Self::hot("complete_sign_in", async move { engine.complete_sign_in(sign_in).await }).await
    }

    async fn note_text_message_use(&self, id: ChallengeId) -> Result<(), StoreFault> {
        step!(self, "note_text_message_use", Transaction, |link| steps::text_messages::note_use(link, id))
    }

    async fn user_of(&self, key: IdentifierKey) -> Result<Option<User>, StoreFault> {
        step!(self, "user_of", Read, |link| steps::users::user_of(link, key))
    }
}

#[async_trait]
impl<E: Engine> SessionStore for SqlStore<E> {
    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StoreFault> {
        let engine = self.engine.clone();
        Self::in_own_task("rotate", async move { engine.rotate(rotation).await }).await
    }

    async fn end_session(
        &self,
        user_id: UserId,
        session_id: SessionId,
        now: Timestamp,
        event: AuditEvent,
    ) -> Result<Vec<SessionId>, StoreFault> {
        step!(self, "end_session", Transaction, |link| steps::sessions::end(link, user_id, session_id, now, event))
    }

    async fn end_others(
        &self,
        user_id: UserId,
        kept: SessionId,
        now: Timestamp,
        event: AuditEvent,
        answer: Option<CountedAnswer>,
    ) -> Result<EndOthersOutcome, StoreFault> {
        step!(self, "end_others", Transaction, |link| steps::sessions::end_others(
            link,
            user_id,
            kept,
            now,
            event,
            answer.as_ref()
        ))
    }

    async fn sign_out(
        &self,
        session_id: SessionId,
        refreshed: Option<u32>,
        all: bool,
        now: Timestamp,
        event: AuditEvent,
    ) -> Result<SignOutOutcome, StoreFault> {
        step!(self, "sign_out", Transaction, |link| steps::sessions::sign_out(
            link, session_id, refreshed, all, now, event
        ))
    }

    async fn sessions(
        &self,
        user_id: UserId,
        before: Option<SessionId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<SessionPage, StoreFault> {
        step!(self, "sessions", Read, |link| steps::sessions::page(link, user_id, before, limit, now))
    }

    async fn revocations(&self, from: FeedPlace, limit: u32) -> Result<Vec<Revocation>, StoreFault> {
        step!(self, "revocations", Read, |link| steps::sessions::revocations(link, from, limit))
    }
}
