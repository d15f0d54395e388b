//! Grants over an engine.

use super::SqlStore;
use crate::{
    adapters::sql::{engine::Engine, link::Link as _, steps},
    ports::store::{Grants, NewGrant, Redemption, RedemptionOutcome, StoreFault},
};
use async_trait::async_trait;

#[async_trait]
impl<E: Engine> Grants for SqlStore<E> {
    async fn keep_grant(&self, grant: NewGrant) -> Result<(), StoreFault> {
        step!(self, "keep_grant", writer, |link| steps::grants::keep(link, &grant))
    }

    async fn redeem_grant(&self, redemption: Redemption) -> Result<RedemptionOutcome, StoreFault> {
        step!(self, "redeem_grant", transaction, |link| steps::grants::redeem(link, &redemption))
    }
}
