//! Charges what is simple to charge: attempts by code, from no known device, to challenges without a link.

use super::super::{
    connections::{Connections, in_order, place},
    shaped::{Rows, Shaped},
};
use crate::{
    adapters::sql::{
        fields::Fields as _,
        lane::{Broken, Mark, Work},
        rows::{self, StoredChallenge},
        statements::{unlinked_challenge_columns, user_columns},
        steps::{self, charge::Charged},
    },
    domain::time::Timestamp,
    ports::store::{Attempt, ChargeOutcome, StoreFault},
};
use sqlx::postgres::PgRow;

/// In the order of `CHARGE`, and with its locks: the challenges (`c`), which are judged as they are then, the counters (`l`),
/// and what is charged. It tells of nothing else, so that it has less to set up: that is most of what a statement costs
/// PostgreSQL which is about a few rows.
pub(in super::super) static CHARGE_PLAIN: Shaped =
    Shaped { text: TEXT, singles: 3, input: &[("challenge_id", "uuid"), ("now", "bigint")] };

const TEXT: &str = concat!(
    "WITH c AS MATERIALIZED (SELECT i.op, h.challenge_id AS id, h.identifier_key AS counter_key FROM {input} \
    JOIN challenges AS h ON h.challenge_id = i.challenge_id WHERE NOT h.used AND h.attempts < h.max_attempts \
    AND h.code1_expire_time > i.now AND h.link_completion IS NULL FOR NO KEY UPDATE OF h), \
    one AS MATERIALIZED (SELECT DISTINCT ON (counter_key) counter_key, op, id FROM c ORDER BY counter_key, op), \
    l AS (INSERT INTO lockouts AS l (identifier_key, consecutive_failures, locked_until) SELECT counter_key, 1, ",
    lock_at!("1"),
    " FROM one ORDER BY counter_key \
    ON CONFLICT (identifier_key) DO UPDATE SET consecutive_failures = l.consecutive_failures + 1, locked_until = ",
    lock_at!("l.consecutive_failures + 1"),
    " WHERE l.locked_until <= $1 RETURNING l.identifier_key AS counter_key, l.locked_until AS new_lock, \
    l.consecutive_failures AS failures), \
    charged AS (UPDATE challenges SET attempts = attempts + 1 FROM one JOIN l USING (counter_key) \
    WHERE challenge_id = one.id RETURNING op, new_lock, failures, NULL::text AS link_completion, ",
    unlinked_challenge_columns!(),
    ") SELECT charged.*, u.* FROM charged LEFT JOIN (SELECT identifier_key AS whose, ",
    user_columns!(),
    " FROM users) AS u ON u.whose = charged.identifier_key"
);

/// Charges attempts; `None`, and nothing written, where it is not that simple.
pub(in super::super) struct ChargePlain(pub(in super::super) Connections);

impl ChargePlain {
    /// Whether it may be that simple.
    pub(in super::super) const fn takes(attempt: &Attempt) -> bool {
        attempt.device.is_none() && !attempt.by_link
    }
}

impl Work for ChargePlain {
    type Step = Attempt;
    type Outcome = Option<ChargeOutcome>;

    fn marks(step: &Attempt) -> impl Iterator<Item = Mark> {
        super::Charge::marks(step)
    }

    fn together(first: &Attempt, next: &Attempt) -> bool {
        super::Charge::together(first, next)
    }

    async fn run(&self, steps: &[&Attempt]) -> Result<Vec<Option<Self::Outcome>>, Broken> {
        let mut each_now: Vec<_> = steps.iter().map(|step| step.now).collect();
        let mut outcomes: Vec<_> = steps.iter().map(|_| Some(None)).collect();
        let Some(first) = steps.first() else { return Ok(outcomes) };
        // The challenges are locked as they are given.
        let (places, sorted) = in_order(steps, |step| step.challenge_id.uuid());
        let query = super::bind_locks(CHARGE_PLAIN.query(0, steps.len()), first, steps);
        let query = Rows::of(query, steps.len())
            .column(column!(sorted, s => s.challenge_id.uuid()))
            .column(column!(sorted, s => s.now.micros()))
            // In the order in which they came: of several of one counter the first is charged.
            .numbers(places.into_iter().map(|place| i64::try_from(place + 1).unwrap_or(i64::MAX)));
        for row in &self.0.run(query).await? {
            let now = *place(row, &mut each_now)?;
            *place(row, &mut outcomes)? = Some(Some(charged(row, now).map_err(Broken::Lost)?));
        }
        Ok(outcomes)
    }
}

fn charged(row: &PgRow, now: Timestamp) -> Result<ChargeOutcome, StoreFault> {
    let StoredChallenge { challenge, codes } = rows::challenge(row)?;
    let user = if row.id_or_none("user_id")?.is_some() { Some(rows::user(row)?) } else { None };
    let locked_until = super::lock_of(row)?;
    let counter_key = challenge.scope.identifier_key.0;
    let failures = row.count("failures")?;
    Ok(steps::charge::charged(Charged { challenge, codes, user, locked_until, failures, counter_key }, now))
}
