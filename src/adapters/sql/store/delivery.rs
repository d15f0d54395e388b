//! Drains and the fate of messages over an engine.

use super::SqlStore;
use crate::{
    adapters::sql::{
        engine::{Access, Engine},
        steps,
    },
    domain::delivery::Delivery,
    ports::store::{DeliveryOf, DeliveryStore, DrainChange, DrainedProvider, StoreFault},
};
use async_trait::async_trait;

#[async_trait]
impl<E: Engine> DeliveryStore for SqlStore<E> {
    async fn drained_providers(&self) -> Result<Vec<DrainedProvider>, StoreFault> {
        step!(self, "drained_providers", Read, |link| steps::delivery::drained(link))
    }

    async fn set_drained(&self, change: DrainChange) -> Result<bool, StoreFault> {
        step!(self, "set_drained", Transaction, |link| steps::delivery::set_drained(link, &change))
    }

    async fn deliveries(&self, of: DeliveryOf, limit: u32) -> Result<Vec<Delivery>, StoreFault> {
        step!(self, "deliveries", Read, |link| steps::delivery::deliveries(link, of, limit))
    }
}
