//! PostgreSQL: the steps of the hot paths as one statement each, which does all that come together in one go.

/// One value of each step: a column of the input of a statement.
macro_rules! column {
    ($steps:ident, $step:ident => $value:expr) => {
        $steps.iter().map(|$step| $value)
    };
}

mod answers;
mod begin;
mod charge;
mod complete;
mod connections;
mod events;
mod link;
mod notices;
mod ping;
mod receipts;
mod record;
mod rotate;
mod settle;
mod shaped;

use super::{
    engine::{Access, Parts, StepOf},
    fault::OpenFault,
    lane::{Lane, Turns},
    migrations,
    options::PostgresOptions,
    pool::Pool,
    steps,
    store::SqlStore,
};
use crate::{
    domain::{audit::AuditEvent, id::MessageId, time::Timestamp},
    ports::store::{
        Attempt, BeginOutcome, ChargeOutcome, NewChallenge, NewReceipt, ReceiptOutcome, Rotation, RotationOutcome,
        Settlement, SignIn, SignInOutcome, StoreFault,
    },
};
use begin::Begin;
use charge::{Charge, ChargeSimple};
use complete::{Complete, CompleteSimple};
use connections::Connections;
use link::PgLink;
use record::Record;
use rotate::Rotate;
use settle::{Settle, Settling};
use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use std::{fmt, future::Future, sync::Arc, time::Duration};
use tokio::time::timeout;

/// The PostgreSQL engine.
#[derive(Clone)]
pub struct Postgres {
    migration_options: Arc<PgConnectOptions>,
    connections: Connections,
    lanes: Arc<Lanes>,
}

/// How long what became of a message waits for that of others. A crash in this time sends the message once more, as a
/// crash before it would.
const SETTLE_PAUSE: Duration = Duration::from_millis(20);

/// How long the server may take to let us in at the start.
const CONNECT: Duration = Duration::from_secs(10);

/// A lane for each step of the hot paths.
struct Lanes {
    begin: Lane<Begin>,
    charge: Lane<Charge>,
    charge_plain: Lane<ChargeSimple>,
    charge_known: Lane<ChargeSimple>,
    complete: Lane<Complete>,
    complete_known: Lane<CompleteSimple>,
    complete_told: Lane<CompleteSimple>,
    complete_new: Lane<CompleteSimple>,
    rotate: Lane<Rotate>,
    settle: Lane<Settle>,
    record: Lane<Record>,
}

impl Lanes {
    fn start(connections: &Connections) -> Self {
        let (limit, turns, at_once) = (Postgres::LIMIT, Turns::new(), Duration::ZERO);
        let charging = |kind| ChargeSimple { connections: connections.clone(), kind };
        let completing = |kind| CompleteSimple { connections: connections.clone(), kind };
        Self {
            begin: Lane::start(Begin(connections.clone()), limit, &turns, at_once),
            charge: Lane::start(Charge(connections.clone()), limit, &turns, at_once),
            charge_plain: Lane::start(charging(charge::Kind::Plain), limit, &turns, at_once),
            charge_known: Lane::start(charging(charge::Kind::Known), limit, &turns, at_once),
            complete: Lane::start(Complete(connections.clone()), limit, &turns, at_once),
            complete_known: Lane::start(completing(complete::Kind::Known), limit, &turns, at_once),
            complete_told: Lane::start(completing(complete::Kind::Told), limit, &turns, at_once),
            complete_new: Lane::start(completing(complete::Kind::New), limit, &turns, at_once),
            rotate: Lane::start(Rotate(connections.clone()), limit, &turns, at_once),
            settle: Lane::start(Settle(connections.clone()), limit, &turns, SETTLE_PAUSE),
            record: Lane::start(Record(connections.clone()), limit, &turns, at_once),
        }
    }
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
    /// Where the settings do not fit together, or the server does not let us in, or does not answer.
    pub async fn connect(options: PostgresOptions) -> Result<Self, OpenFault> {
        let pool = Pool::new(options.for_requests()?, options.connections);
        answered(pool.open()).await?;
        let connections = Connections::new(pool);
        let lanes = Arc::new(Lanes::start(&connections));
        Ok(Self::over(Postgres { migration_options: Arc::new(options.for_migrations()?), connections, lanes }))
    }
}

/// What comes of connecting at the start, within the time that an operator waits for a word.
async fn answered<T>(connect: impl Future<Output = Result<T, OpenFault>>) -> Result<T, OpenFault> {
    timeout(CONNECT, connect).await.unwrap_or(Err(OpenFault::Silent(CONNECT)))
}

impl Parts for Postgres {
    const SYSTEM: &'static str = "postgresql";

    type Link = PgLink;

    async fn step<T: Send + 'static>(&self, access: Access, step: impl StepOf<PgLink, T>) -> Result<T, StoreFault> {
        let mut link = self.connections.link(access).await?;
        let outcome = step(&mut link).await?;
        link.finish().await?;
        Ok(outcome)
    }

    async fn migrate(&self) -> Result<(), OpenFault> {
        let connect = async { self.migration_options.connect().await.map_err(OpenFault::Connect) };
        let mut connection = answered(Box::pin(connect)).await?;
        let done = migrations::postgres().run_direct(None, &mut connection, false).await;
        // The lock of the migrator goes with the connection, also where a step failed.
        connection.close().await.map_err(OpenFault::Connect)?;
        Ok(done?)
    }

    fn statements(&self) -> u64 {
        self.connections.sent()
    }

    fn own_statements() -> Vec<(&'static str, &'static str)> {
        let statements = [
            ("BEGIN_CHALLENGE", &begin::BEGIN),
            ("BEGIN_ANSWERED_CHALLENGE", &begin::BEGIN_ANSWERED),
            ("CHARGE_PLAIN_ATTEMPT", &charge::CHARGE_PLAIN),
            ("CHARGE_KNOWN_ATTEMPT", &charge::CHARGE_KNOWN),
            ("CHARGE_ATTEMPT", &charge::CHARGE),
            ("COMPLETE_KNOWN_SIGN_IN", &complete::KNOWN),
            ("COMPLETE_TOLD_SIGN_IN", &complete::TOLD),
            ("COMPLETE_FIRST_SIGN_IN", &complete::NEW),
            ("COMPLETE_SIGN_IN", &complete::ANY),
            ("ROTATE_LIVE", &rotate::ROTATE),
            ("RECORD_EVENTS", &events::RECORD),
            ("SETTLE_MESSAGE", &settle::SETTLE),
            ("TAKE_RECEIPTS", &receipts::TAKE),
        ];
        let shapes = statements.into_iter().flat_map(|(name, statement)| {
            // Alone, and in company.
            [1, 8].map(|rows| (name, statement.text_for(rows, rows)))
        });
        shapes.chain([("COMMIT_NOTHING", ping::COMMIT)]).collect()
    }

    async fn ping(&self) -> Result<Option<Timestamp>, StoreFault> {
        ping::ping(self).await.map(Some)
    }

    async fn begin_challenge(&self, new: NewChallenge) -> Result<BeginOutcome, StoreFault> {
        if new.text.is_none() && new.challenge.link.is_none() {
            return self.lanes.begin.run(new).await;
        }
        // A link has columns that the lane would carry for everybody. What text messages may be sent is counted under a lock that batches would hold for each other.
        Box::pin(
            self.step(Access::Transaction, move |link| Box::pin(async move { steps::begin::begin(link, &new).await })),
        )
        .await
    }

    async fn charge_attempt(&self, attempt: Attempt) -> Result<ChargeOutcome, StoreFault> {
        let simple = charge::Kind::of(&attempt).map(|kind| match kind {
            charge::Kind::Plain => &self.lanes.charge_plain,
            charge::Kind::Known => &self.lanes.charge_known,
        });
        if let Some(lane) = simple
            && let Some(charged) = lane.run(attempt.clone()).await?
        {
            return Ok(charged);
        }
        // Nothing was written. The statement for every case tells why, or charges it.
        self.lanes.charge.run(attempt).await
    }

    async fn complete_sign_in(&self, sign_in: SignIn) -> Result<SignInOutcome, StoreFault> {
        if sign_in.revoke.is_some() {
            // It ends other sessions of the user, for which it has to hold the user's row.
            let done = self.step(Access::Transaction, move |link| {
                Box::pin(async move { steps::sign_in::complete(link, &sign_in).await })
            });
            return Box::pin(done).await;
        }
        let sign_in = Arc::new(sign_in);
        let simple = complete::Kind::of(&sign_in).map(|kind| match kind {
            complete::Kind::Known => &self.lanes.complete_known,
            complete::Kind::Told => &self.lanes.complete_told,
            complete::Kind::New => &self.lanes.complete_new,
        });
        if let Some(lane) = simple
            && let Some(outcome) = lane.run(Arc::clone(&sign_in)).await?
        {
            return Ok(outcome);
        }
        self.lanes.complete.run(sign_in).await
    }

    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StoreFault> {
        let rotation = Arc::new(rotation);
        if rotation.authentic
            && let Some(live) = self.lanes.rotate.run(Arc::clone(&rotation)).await?
        {
            return Ok(RotationOutcome::Rotated(live));
        }
        // Nothing was written. The common step finds out why, under locks and with a view of what has come between.
        Box::pin(self.step(Access::Transaction, move |link| {
            Box::pin(async move { steps::rotate::rotate(link, &rotation).await })
        }))
        .await
    }

    async fn record(&self, events: Vec<AuditEvent>) -> Result<(), StoreFault> {
        self.lanes.record.run(events).await
    }

    async fn settle(
        &self,
        message_id: MessageId,
        settlement: Settlement,
        now: Timestamp,
        event: Option<AuditEvent>,
    ) -> Result<(), StoreFault> {
        self.lanes.settle.run(Settling { message_id, settlement, now, event }).await
    }

    async fn take_receipts(&self, receipts: Vec<NewReceipt>) -> Result<Vec<ReceiptOutcome>, StoreFault> {
        receipts::take(&self.connections, &receipts).await
    }
}
