//! Charges an attempt in one statement.

use super::link::PgLink;
use crate::{
    adapters::sql::{
        fault,
        fields::Fields as _,
        rows::{self, StoredChallenge},
        steps,
    },
    domain::{id::ChallengeId, lockout::Ladder, time::Timestamp},
    ports::store::{ChargeOutcome, StoreFault},
};

/// How many times the statement is sent where each time someone else's lock came between.
const ROUNDS: u32 = 4;

/// The end of the lock that begins with the given number of failures; 0 where it reaches no rung.
macro_rules! lock_at {
    ($failures:literal) => {
        concat!(
            "COALESCE($2::bigint + ($4::bigint[])[array_position($3::bigint[], LEAST(",
            $failures,
            ", $5::bigint))], 0)"
        )
    };
}

/// A statement sees the rows as they were when it began, except those that it locks: these it sees as they are. So the
/// challenge is locked before it is judged, and the identifier's row is judged by the upsert that locks it. `seen_lock`
/// alone may be old; see `charge`.
pub(super) const CHARGE: &str = concat!(
    "WITH c AS MATERIALIZED (SELECT * FROM challenges WHERE challenge_id = $1 FOR NO KEY UPDATE), \
    l AS (INSERT INTO lockouts AS l (identifier_key, consecutive_failures, locked_until) \
    SELECT c.identifier_key, 1, ",
    lock_at!("1"),
    " FROM c WHERE NOT c.used AND c.code1_expire_time > $2 AND c.attempts < c.max_attempts \
    ON CONFLICT (identifier_key) DO UPDATE SET consecutive_failures = l.consecutive_failures + 1, locked_until = ",
    lock_at!("l.consecutive_failures + 1"),
    " WHERE l.locked_until <= $2 RETURNING l.locked_until), \
    charged AS (UPDATE challenges AS t SET attempts = t.attempts + 1 FROM l WHERE t.challenge_id = $1 \
    RETURNING t.attempts) \
    SELECT c.challenge_id, c.purpose, c.channel, c.client_id, c.identifier_key, c.salt, c.destination_key_id, \
    c.destination, c.locale, c.binding_hash, c.code_length, c.max_attempts, c.attempts, c.used, c.create_time, \
    c.resend_time, c.code1_mac, c.code1_pepper_id, c.code1_expire_time, c.code2_mac, c.code2_pepper_id, \
    c.code2_expire_time, c.code3_mac, c.code3_pepper_id, c.code3_expire_time, \
    charged.attempts AS charged_attempts, l.locked_until AS new_lock, k.locked_until AS seen_lock, \
    u.user_id, u.email_key_id, u.email, u.roles, u.disabled, u.create_time AS user_create_time \
    FROM c LEFT JOIN l ON TRUE LEFT JOIN charged ON TRUE \
    LEFT JOIN lockouts k ON k.identifier_key = c.identifier_key \
    LEFT JOIN users u ON u.identifier_key = c.identifier_key"
);

/// Charges an attempt, or tells why not.
pub(super) async fn charge(
    link: &mut PgLink,
    id: ChallengeId,
    now: Timestamp,
    ladder: &Ladder,
) -> Result<ChargeOutcome, StoreFault> {
    let rungs = ladder.rungs();
    let failures: Vec<_> = rungs.iter().map(|rung| i64::from(rung.failures)).collect();
    let waits: Vec<_> = rungs.iter().map(|rung| Timestamp::from_micros(0).after(rung.wait).micros()).collect();
    let last = failures.last().copied().unwrap_or(0);
    for _ in 0..ROUNDS {
        let query = sqlx::query(CHARGE).bind(id.uuid()).bind(now.micros()).bind(&failures).bind(&waits).bind(last);
        let Some(row) = link.fetch(query).await?.into_iter().next() else { return Ok(ChargeOutcome::Unknown) };
        let StoredChallenge { mut challenge, codes } = match steps::charge::standing(rows::challenge(&row)?, now) {
            Ok(stored) => stored,
            Err(refused) => return Ok(refused),
        };
        if row.integer_or_none("charged_attempts")?.is_some() {
            challenge.attempts = row.count("charged_attempts")?;
            let user = if row.id_or_none("user_id")?.is_some() { Some(rows::user(&row)?) } else { None };
            let locked_until = row.integer_or_none("new_lock")?.filter(|until| *until > 0).map(Timestamp::from_micros);
            return Ok(steps::charge::charged(challenge, codes, user, locked_until, now));
        }
        // Not charged, although the challenge stands: the identifier is locked. Where the lock came while this statement
        // ran, it was not yet to be seen; the next statement sees it.
        let until = row.integer_or_none("seen_lock")?.map(Timestamp::from_micros);
        if let Some(until) = until.filter(|until| *until > now) {
            return Ok(ChargeOutcome::Locked { until, challenge: Box::new(challenge) });
        }
    }
    Err(fault::unavailable("others charged the same identifier"))
}
