//! Charges what is simple to charge: attempts by code, to challenges that stand.
//!
//! In the order of `CHARGE`, and with its locks: the challenges (`c`), which are judged as they are then, the counters (`l`), and
//! what is charged. It tells of nothing else, so that it has less to set up: that is most of what a statement costs PostgreSQL
//! which is about a few rows.

use super::{
    super::{
        connections::{Connections, in_order, place},
        shaped::{Rows, Shaped},
    },
    Charge, bind_devices, bind_locks, lock_of,
};
use crate::{
    adapters::sql::{
        fields::Fields as _,
        lane::{Broken, Mark, Work},
        rows::{self, StoredChallenge},
        statements::{challenge_columns, user_columns},
        steps::{self, charge::Charged},
    },
    domain::{digest::Digest, lockout::Lockout, time::Timestamp},
    ports::store::{Attempt, ChargeOutcome, StoreFault},
};
use sqlx::postgres::PgRow;

/// Whether a challenge `h` can be charged by its code.
macro_rules! stands {
    () => {
        "NOT h.used AND h.attempts < h.max_attempts AND h.code1_expire_time > i.now \
        AND h.link_state IS DISTINCT FROM 'approved'"
    };
}

/// Charges what `c` has: `op`, `id` of the challenge, `counter_key`, and what the other columns of a counter are taken from.
macro_rules! charged {
    ($columns:literal, $values:literal) => {
        concat!(
            "one AS MATERIALIZED (SELECT DISTINCT ON (counter_key) counter_key, op, id",
            $values,
            " FROM c ORDER BY counter_key, op), \
            l AS (INSERT INTO lockouts AS l (identifier_key, consecutive_failures, locked_until",
            $columns,
            ") SELECT counter_key, 1, ",
            lock_at!("1"),
            $values,
            " FROM one ORDER BY counter_key \
            ON CONFLICT (identifier_key) DO UPDATE SET consecutive_failures = l.consecutive_failures + 1, \
            locked_until = GREATEST(l.locked_until, ",
            lock_at!("l.consecutive_failures + 1"),
            ") WHERE l.locked_until <= $1 RETURNING l.identifier_key AS counter_key, l.locked_until AS new_lock, \
            l.consecutive_failures AS failures), \
            charged AS (UPDATE challenges SET attempts = attempts + 1 FROM one JOIN l USING (counter_key) \
            WHERE challenge_id = one.id RETURNING op, new_lock, failures, ",
            challenge_columns!(),
            ") SELECT charged.*, u.* FROM charged LEFT JOIN (SELECT identifier_key AS whose, ",
            user_columns!(),
            " FROM users) AS u ON u.whose = charged.identifier_key"
        )
    };
}

/// Attempts of devices that are not known.
pub(in super::super) static CHARGE_PLAIN: Shaped = Shaped { text: PLAIN_TEXT, singles: 3, input: attempt_columns!() };

const PLAIN_TEXT: &str = concat!(
    "WITH c AS MATERIALIZED (SELECT i.op, h.challenge_id AS id, h.identifier_key AS counter_key FROM {input} \
    JOIN challenges AS h ON h.challenge_id = i.challenge_id WHERE ",
    stands!(),
    " FOR NO KEY UPDATE OF h), ",
    charged!("", "")
);

/// Attempts of known devices, charged to their own counters: who comes back to sign in does so mostly from one.
pub(in super::super) static CHARGE_KNOWN: Shaped =
    Shaped { text: KNOWN_TEXT, singles: 3, input: attempt_columns!(device) };

const KNOWN_TEXT: &str = concat!(
    "WITH c AS MATERIALIZED (SELECT i.op, h.challenge_id AS id, i.own_counter AS counter_key, i.known_identifier AS owner \
    FROM {input} JOIN challenges AS h ON h.challenge_id = i.challenge_id AND h.identifier_key = i.known_identifier \
    JOIN users AS k ON k.identifier_key = i.known_identifier AND k.device_epoch <= i.issue_time WHERE ",
    stands!(),
    " AND NOT EXISTS (SELECT 1 FROM revoked_devices AS r WHERE r.device_key = i.device_key) FOR NO KEY UPDATE OF h), ",
    charged!(", owner_key", ", owner")
);

/// What is simple to charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// An attempt of a device that is not known.
    Plain,
    /// One of a known device.
    Known,
}

impl Kind {
    /// What an attempt may be; `None` where it is not that simple.
    pub(in super::super) const fn of(attempt: &Attempt) -> Option<Self> {
        match (attempt.by_link, &attempt.device) {
            (true, _) => None,
            (false, None) => Some(Self::Plain),
            (false, Some(_)) => Some(Self::Known),
        }
    }

    const fn statement(self) -> &'static Shaped {
        match self {
            Self::Plain => &CHARGE_PLAIN,
            Self::Known => &CHARGE_KNOWN,
        }
    }
}

/// Charges attempts, all of one kind; `None`, and nothing written, where it is not that simple.
pub(in super::super) struct ChargeSimple {
    /// Where to.
    pub(in super::super) connections: Connections,
    /// What.
    pub(in super::super) kind: Kind,
}

impl Work for ChargeSimple {
    const OPERATION: &'static str = "charge_attempt";

    type Step = Attempt;
    type Outcome = Option<ChargeOutcome>;

    fn marks(step: &Attempt) -> impl Iterator<Item = Mark> {
        Charge::marks(step)
    }

    fn together(first: &Attempt, next: &Attempt) -> bool {
        Charge::together(first, next)
    }

    async fn run(&self, steps: &[&Attempt]) -> Result<Vec<Option<Self::Outcome>>, Broken> {
        let own = |step: &Attempt| step.device.map(|(_, own)| own);
        let mut each: Vec<_> = steps.iter().map(|step| (step.now, own(step))).collect();
        let mut outcomes: Vec<_> = steps.iter().map(|_| Some(None)).collect();
        let Some(first) = steps.first() else { return Ok(outcomes) };
        // The challenges are locked as they are given.
        let (places, sorted) = in_order(steps, |step| step.challenge_id.uuid());
        let sorted: Vec<&Attempt> = sorted.into_iter().copied().collect();
        let query = bind_locks(self.kind.statement().query(0, steps.len()), first, steps);
        let rows = Rows::of(query, steps.len())
            .column(column!(sorted, s => s.challenge_id.uuid()))
            .column(column!(sorted, s => s.now.micros()));
        let rows = match self.kind {
            Kind::Plain => rows,
            Kind::Known => bind_devices(rows, &sorted),
        };
        // In the order in which they came: of several of one counter the first is charged.
        let query = rows.numbers(places.into_iter().map(|place| i64::try_from(place + 1).unwrap_or(i64::MAX)));
        for row in &self.connections.run(query).await? {
            let (now, own) = *place(row, &mut each)?;
            *place(row, &mut outcomes)? = Some(Some(charged(row, now, own, &first.lockout).map_err(Broken::Lost)?));
        }
        Ok(outcomes)
    }
}

/// What was charged, to the counter `own` of a device or to the identifier's.
fn charged(row: &PgRow, now: Timestamp, own: Option<Digest>, lockout: &Lockout) -> Result<ChargeOutcome, StoreFault> {
    let StoredChallenge { challenge, codes } = rows::challenge(row)?;
    let user = if row.id_or_none("user_id")?.is_some() { Some(rows::user(row)?) } else { None };
    let locked_until = lock_of(row, lockout)?;
    let counter_key = own.unwrap_or(challenge.scope.identifier_key.0);
    let failures = row.count("failures")?;
    Ok(steps::charge::charged(Charged { challenge, codes, user, locked_until, failures, counter_key }, now))
}
