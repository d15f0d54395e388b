//! What differs between the engines: how a step gets its connection, and which steps have a form of their own.

use super::{fault::OpenFault, link::Link, steps};
use crate::{
    domain::{audit::AuditEvent, id::MessageId, time::Timestamp},
    ports::store::{
        Attempt, BeginOutcome, ChargeOutcome, NewChallenge, Rotation, RotationOutcome, Settlement, SignIn,
        SignInOutcome, StoreFault,
    },
};
use std::{future::Future, time::Duration};

/// A database engine.
#[expect(private_bounds, reason = "the engines are those of this module; nobody else adds one or calls its parts")]
pub trait Engine: Parts {}

impl<T: Parts> Engine for T {}

/// The parts of an engine. The provided methods are the common steps; an engine overrides those that it does in one go.
pub(super) trait Parts: Clone + Send + Sync + 'static {
    /// The engine's name in telemetry.
    const SYSTEM: &'static str;

    /// A step that takes longer than this, the wait for a connection included, is given up: the store does not answer.
    const LIMIT: Duration;

    /// Whether the steps of the hot paths run in lanes of their own, so that a caller who hangs up cannot cut them off.
    const LANES: bool;

    /// A connection in use.
    type Link: Link;

    /// A connection for a statement that only reads.
    fn reader(&self) -> impl Future<Output = Result<Self::Link, StoreFault>> + Send;

    /// A connection for one statement that writes.
    fn writer(&self) -> impl Future<Output = Result<Self::Link, StoreFault>> + Send;

    /// A connection within a transaction that writes.
    fn transaction(&self) -> impl Future<Output = Result<Self::Link, StoreFault>> + Send;

    /// Brings the schema up to date.
    fn migrate(&self) -> impl Future<Output = Result<(), OpenFault>> + Send;

    /// How many statements have been sent.
    fn statements(&self) -> u64;

    /// The statements that only this engine runs, by name.
    fn own_statements() -> &'static [(&'static str, &'static str)];

    fn begin_challenge(&self, new: NewChallenge) -> impl Future<Output = Result<BeginOutcome, StoreFault>> + Send {
        async move {
            let mut link = self.transaction().await?;
            let outcome = steps::begin::begin(&mut link, &new).await?;
            link.finish().await?;
            Ok(outcome)
        }
    }

    fn charge_attempt(&self, attempt: Attempt) -> impl Future<Output = Result<ChargeOutcome, StoreFault>> + Send {
        async move {
            let mut link = self.transaction().await?;
            let outcome = steps::charge::charge(&mut link, &attempt).await?;
            link.finish().await?;
            Ok(outcome)
        }
    }

    fn complete_sign_in(&self, sign_in: SignIn) -> impl Future<Output = Result<SignInOutcome, StoreFault>> + Send {
        async move {
            let mut link = self.transaction().await?;
            let outcome = steps::sign_in::complete(&mut link, &sign_in).await?;
            link.finish().await?;
            Ok(outcome)
        }
    }

    fn rotate(&self, rotation: Rotation) -> impl Future<Output = Result<RotationOutcome, StoreFault>> + Send {
        async move {
            let mut link = self.transaction().await?;
            let outcome = steps::rotate::rotate(&mut link, &rotation).await?;
            link.finish().await?;
            Ok(outcome)
        }
    }

    fn record(&self, events: Vec<AuditEvent>) -> impl Future<Output = Result<(), StoreFault>> + Send {
        async move {
            let mut link = self.transaction().await?;
            link.record(&events).await?;
            link.finish().await
        }
    }

    fn settle(
        &self,
        id: MessageId,
        settlement: Settlement,
        now: Timestamp,
        event: Option<AuditEvent>,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send {
        async move {
            let mut link = self.transaction().await?;
            steps::outbox::settle(&mut link, id, &settlement, now, event.as_ref()).await?;
            link.finish().await
        }
    }
}
