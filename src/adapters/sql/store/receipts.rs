//! Receipts and suppressions over an engine.

use super::SqlStore;
use crate::{
    adapters::sql::{
        engine::{Access, Engine},
        steps,
    },
    domain::{contact::IdentifierKey, suppression::Suppression, time::Timestamp},
    ports::store::{Lift, LiftOutcome, NewReceipt, ReceiptOutcome, Receipts, StoreFault, SuppressedKey},
};
use async_trait::async_trait;

#[async_trait]
impl<E: Engine> Receipts for SqlStore<E> {
    async fn take_receipts(&self, receipts: Vec<NewReceipt>) -> Result<Vec<ReceiptOutcome>, StoreFault> {
        let engine = self.engine.clone();
        Self::in_own_task("take_receipts", async move { engine.take_receipts(receipts).await }).await
    }

    async fn suppression(&self, key: IdentifierKey, now: Timestamp) -> Result<Option<Suppression>, StoreFault> {
        step!(self, "suppression", Read, |link| steps::receipts::suppression(link, key, now))
    }

    async fn suppressions_after(
        &self,
        after: (Timestamp, IdentifierKey),
        limit: u32,
    ) -> Result<Vec<SuppressedKey>, StoreFault> {
        step!(self, "suppressions_after", Read, |link| steps::receipts::after(link, after, limit))
    }

    async fn lift_suppression(&self, lift: Lift) -> Result<LiftOutcome, StoreFault> {
        step!(self, "lift_suppression", Transaction, |link| steps::receipts::lift(link, &lift))
    }
}
