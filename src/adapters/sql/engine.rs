//! What differs between the engines: how a step gets its connection, and which steps have a form of their own.

use super::{fault::OpenFault, link::Link, steps};
use crate::{
    domain::{audit::AuditEvent, id::MessageId, time::Timestamp},
    ports::store::{
        Attempt, BeginOutcome, ChargeOutcome, NewChallenge, NewReceipt, ReceiptOutcome, Rotation, RotationOutcome,
        Settlement, SignIn, SignInOutcome, StoreFault,
    },
};
use futures_util::future::BoxFuture;
use std::{future::Future, time::Duration};

/// A database engine.
#[expect(private_bounds, reason = "the engines are those of this module; nobody else adds one or calls its parts")]
pub trait Engine: Parts {}

impl<T: Parts> Engine for T {}

/// What a step asks of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It only reads, by one statement.
    Read,
    /// It is one statement that writes.
    Write,
    /// Several statements, all or nothing.
    Transaction,
}

/// A step over a connection.
pub(super) trait StepOf<L, T>:
    for<'l> FnOnce(&'l mut L) -> BoxFuture<'l, Result<T, StoreFault>> + Send + 'static
{
}

impl<L, T, F> StepOf<L, T> for F where
    F: for<'l> FnOnce(&'l mut L) -> BoxFuture<'l, Result<T, StoreFault>> + Send + 'static
{
}

/// The parts of an engine. The provided methods are the common steps; an engine overrides those that it does in one go.
pub(super) trait Parts: Clone + Send + Sync + 'static {
    /// The engine's name in telemetry.
    const SYSTEM: &'static str;

    /// A step that takes longer than this, the wait for a connection included, is given up: the store does not answer.
    const LIMIT: Duration = Duration::from_millis(900);

    /// A connection in use.
    type Link: Link;

    /// Runs a step on a connection of the kind that it needs: all of it is committed, or nothing.
    fn step<T: Send + 'static>(
        &self,
        access: Access,
        step: impl StepOf<Self::Link, T>,
    ) -> impl Future<Output = Result<T, StoreFault>> + Send;

    /// Brings the schema up to date.
    fn migrate(&self) -> impl Future<Output = Result<(), OpenFault>> + Send;

    /// How many statements have been sent.
    fn statements(&self) -> u64;

    /// The statements that only this engine runs, by name.
    fn own_statements() -> Vec<(&'static str, &'static str)>;

    fn ping(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreFault>> + Send;

    fn begin_challenge(&self, new: NewChallenge) -> impl Future<Output = Result<BeginOutcome, StoreFault>> + Send {
        self.step(Access::Transaction, move |link| Box::pin(async move { steps::begin::begin(link, &new).await }))
    }

    fn charge_attempt(&self, attempt: Attempt) -> impl Future<Output = Result<ChargeOutcome, StoreFault>> + Send {
        self.step(Access::Transaction, move |link| Box::pin(async move { steps::charge::charge(link, &attempt).await }))
    }

    fn complete_sign_in(&self, sign_in: SignIn) -> impl Future<Output = Result<SignInOutcome, StoreFault>> + Send {
        self.step(Access::Transaction, move |link| {
            Box::pin(async move { steps::sign_in::complete(link, &sign_in).await })
        })
    }

    fn rotate(&self, rotation: Rotation) -> impl Future<Output = Result<RotationOutcome, StoreFault>> + Send {
        self.step(Access::Transaction, move |link| {
            Box::pin(async move { steps::rotate::rotate(link, &rotation).await })
        })
    }

    fn record(&self, events: Vec<AuditEvent>) -> impl Future<Output = Result<(), StoreFault>> + Send {
        self.step(Access::Transaction, move |link| Box::pin(async move { link.record(&events).await }))
    }

    fn settle(
        &self,
        id: MessageId,
        settlement: Settlement,
        now: Timestamp,
        event: Option<AuditEvent>,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send {
        self.step(Access::Transaction, move |link| {
            Box::pin(async move { steps::outbox::settle(link, id, &settlement, now, event.as_ref()).await })
        })
    }

    fn take_receipts(
        &self,
        receipts: Vec<NewReceipt>,
    ) -> impl Future<Output = Result<Vec<ReceiptOutcome>, StoreFault>> + Send {
        self.step(Access::Transaction, move |link| {
            Box::pin(async move { steps::receipts::take(link, &receipts).await })
        })
    }
}
