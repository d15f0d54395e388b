//! Grants over an engine.

use super::SqlStore;
use crate::{
    adapters::sql::{
        engine::{Access, Engine},
        steps,
    },
    ports::store::{Grants, NewGrant, Redemption, RedemptionOutcome, StoreFault},
};
use async_trait::async_trait;

#[async_trait]
impl<E: Engine> Grants for SqlStore<E> {
    async fn keep_grant(&self, grant: NewGrant) -> Result<(), StoreFault> {
        step!(self, "keep_grant", Write, |link| steps::grants::keep(link, &grant))
    }

    async fn redeem_grant(&self, redemption: Redemption) -> Result<RedemptionOutcome, StoreFault> {
        step!(self, "redeem_grant", Transaction, |link| steps::grants::redeem(link, &redemption))
    }
}
