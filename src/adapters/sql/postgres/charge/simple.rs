//! What the statements have in common that charge what is simple to charge.
//!
//! They go in the order of `CHARGE`, and with its locks: the challenges (`c`), which are judged as they are then, the counters
//! (`l`), and what is charged. They tell of nothing else, so that they have less to set up: that is most of what a statement
//! costs PostgreSQL which is about a few rows.

use crate::{
    adapters::sql::{
        fields::Fields as _,
        rows::{self, StoredChallenge},
        steps::{self, charge::Charged},
    },
    domain::{digest::Digest, time::Timestamp},
    ports::store::{ChargeOutcome, StoreFault},
};
use sqlx::postgres::PgRow;

/// Whether a challenge `h` can be charged by its code.
macro_rules! stands {
    () => {
        "NOT h.used AND h.attempts < h.max_attempts AND h.code1_expire_time > i.now"
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
            ON CONFLICT (identifier_key) DO UPDATE SET consecutive_failures = l.consecutive_failures + 1, locked_until = ",
            lock_at!("l.consecutive_failures + 1"),
            " WHERE l.locked_until <= $1 RETURNING l.identifier_key AS counter_key, l.locked_until AS new_lock, \
            l.consecutive_failures AS failures), \
            charged AS (UPDATE challenges SET attempts = attempts + 1 FROM one JOIN l USING (counter_key) \
            WHERE challenge_id = one.id RETURNING op, new_lock, failures, ",
            crate::adapters::sql::statements::challenge_columns!(),
            ") SELECT charged.*, u.* FROM charged LEFT JOIN (SELECT identifier_key AS whose, ",
            crate::adapters::sql::statements::user_columns!(),
            " FROM users) AS u ON u.whose = charged.identifier_key"
        )
    };
}

/// What was charged, to the counter `own` of a device or to the identifier's.
pub(super) fn charged(row: &PgRow, now: Timestamp, own: Option<Digest>) -> Result<ChargeOutcome, StoreFault> {
    let StoredChallenge { challenge, codes } = rows::challenge(row)?;
    let user = if row.id_or_none("user_id")?.is_some() { Some(rows::user(row)?) } else { None };
    let locked_until = super::lock_of(row)?;
    let counter_key = own.unwrap_or(challenge.scope.identifier_key.0);
    let failures = row.count("failures")?;
    Ok(steps::charge::charged(Charged { challenge, codes, user, locked_until, failures, counter_key }, now))
}
