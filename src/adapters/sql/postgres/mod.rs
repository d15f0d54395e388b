//! PostgreSQL: the steps of the hot paths as one statement each.

mod begin;
mod charge;
mod complete;
mod events;
mod link;
mod rotate;
mod settle;

use super::link::Link as _;
use super::{
    engine::Parts, fault::OpenFault, migrations, options::PostgresOptions, pool::Pool, steps, store::SqlStore,
};
use crate::{
    domain::{
        audit::AuditEvent,
        id::{ChallengeId, MessageId},
        lockout::Ladder,
        time::Timestamp,
    },
    ports::store::{
        BeginOutcome, ChargeOutcome, NewChallenge, Rotation, RotationOutcome, Settlement, SignIn, SignInOutcome,
        StoreFault,
    },
};
use link::{Kind, PgLink};
use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The PostgreSQL engine.
#[derive(Clone)]
pub struct Postgres {
    migration_options: PgConnectOptions,
    pool: Arc<Pool<sqlx::Postgres>>,
    statements: Arc<AtomicU64>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres")
    }
}

impl SqlStore<Postgres> {
    /// Connects.
    ///
    /// # Errors
    /// Where the settings do not fit together, or the server does not let us in.
    pub async fn connect(options: PostgresOptions) -> Result<Self, OpenFault> {
        let pool = Pool::new(options.for_requests()?, options.connections);
        pool.open().await?;
        Ok(Self { engine: Postgres { migration_options: options.for_migrations()?, pool, statements: Arc::default() } })
    }
}

impl Postgres {
    async fn link(&self, kind: Kind) -> Result<PgLink, StoreFault> {
        PgLink::begin(self.pool.lease().await?, Arc::clone(&self.statements), kind).await
    }
}

impl Parts for Postgres {
    const SYSTEM: &'static str = "postgresql";

    const LIMIT: Duration = Duration::from_millis(900);

    type Link = PgLink;

    async fn reader(&self) -> Result<PgLink, StoreFault> {
        self.link(Kind::Single).await
    }

    async fn writer(&self) -> Result<PgLink, StoreFault> {
        self.link(Kind::Single).await
    }

    async fn transaction(&self) -> Result<PgLink, StoreFault> {
        self.link(Kind::Transaction).await
    }

    async fn migrate(&self) -> Result<(), OpenFault> {
        let mut connection = self.migration_options.connect().await.map_err(OpenFault::Connect)?;
        let done = migrations::postgres().run_direct(None, &mut connection, false).await;
        // The lock of the migrator goes with the connection, also where a step failed.
        connection.close().await.map_err(OpenFault::Connect)?;
        Ok(done?)
    }

    fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    fn own_statements() -> &'static [(&'static str, &'static str)] {
        &[
            ("BEGIN_CHALLENGE", begin::BEGIN),
            ("CHARGE_ATTEMPT", charge::CHARGE),
            ("COMPLETE_SIGN_IN", complete::COMPLETE),
            ("ROTATE_LIVE", rotate::ROTATE),
            ("RECORD_EVENTS", events::RECORD),
            ("SETTLE_MESSAGE", settle::SETTLE),
        ]
    }

    async fn begin_challenge(&self, new: NewChallenge) -> Result<BeginOutcome, StoreFault> {
        let mut link = self.link(Kind::Single).await?;
        let outcome = begin::begin(&mut link, &new).await?;
        link.finish().await?;
        Ok(outcome)
    }

    async fn charge_attempt(
        &self,
        id: ChallengeId,
        now: Timestamp,
        ladder: Ladder,
    ) -> Result<ChargeOutcome, StoreFault> {
        let mut link = self.link(Kind::Single).await?;
        let outcome = charge::charge(&mut link, id, now, &ladder).await?;
        link.finish().await?;
        Ok(outcome)
    }

    async fn complete_sign_in(&self, sign_in: SignIn) -> Result<SignInOutcome, StoreFault> {
        let mut link = self.link(Kind::Single).await?;
        let outcome = complete::complete(&mut link, &sign_in).await?;
        link.finish().await?;
        Ok(outcome)
    }

    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StoreFault> {
        let mut link = self.link(Kind::Single).await?;
        let rotated = if rotation.authentic { rotate::rotate(&mut link, &rotation).await? } else { None };
        if let Some(live) = rotated {
            link.finish().await?;
            return Ok(RotationOutcome::Rotated(Box::new(live)));
        }
        // Nothing was written. The common step finds out why, under locks and with a view of what has come between.
        link.transact().await?;
        let outcome = steps::rotate::rotate(&mut link, &rotation).await?;
        link.finish().await?;
        Ok(outcome)
    }

    async fn record(&self, events: Vec<AuditEvent>) -> Result<(), StoreFault> {
        let mut link = self.link(Kind::Single).await?;
        link.record(&events).await?;
        link.finish().await
    }

    async fn settle(
        &self,
        id: MessageId,
        settlement: Settlement,
        now: Timestamp,
        event: Option<AuditEvent>,
    ) -> Result<(), StoreFault> {
        let mut link = self.link(Kind::Single).await?;
        settle::settle(&mut link, id, &settlement, now, event.as_ref()).await?;
        link.finish().await
    }
}
