//! Charges attempts in one statement.

use super::connections::{Connections, place};
use crate::{
    adapters::sql::{
        fields::Fields as _,
        lane::{Broken, Mark, Work},
        rows::{self, StoredChallenge},
        steps,
    },
    domain::{digest::Digest, id::ChallengeId, lockout::Ladder, time::Timestamp},
    ports::store::{ChargeOutcome, StoreFault},
};
use sqlx::postgres::PgRow;

/// The end of the lock that begins with the given number of failures; 0 where none does. `$4` holds the wait for each
/// number from 1 on, and what comes after its end waits as its end does.
macro_rules! lock_at {
    ($failures:literal) => {
        concat!(
            "COALESCE($5::bigint + NULLIF(($4::bigint[])[LEAST(",
            $failures,
            ", cardinality($4::bigint[]))], 0), 0)"
        )
    };
}

/// A statement sees the rows as they were when it began, except those that it locks: these it sees as they are. So the
/// challenges are locked before they are judged, and an identifier's row is judged by the upsert that locks it; of
/// several challenges of one identifier the first is charged, the others come again. `seen_lock` alone may be old; see
/// `Charge::run`.
pub(super) const CHARGE: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY \
    AS t (challenge_id, now, op)), \
    c AS MATERIALIZED (SELECT i.op, i.now, h.* FROM input AS i JOIN challenges AS h ON h.challenge_id = i.challenge_id \
    ORDER BY h.challenge_id FOR NO KEY UPDATE OF h), \
    one AS MATERIALIZED (SELECT DISTINCT ON (identifier_key) identifier_key, op, challenge_id FROM c \
    WHERE NOT used AND code1_expire_time > now AND attempts < max_attempts ORDER BY identifier_key, op), \
    l AS (INSERT INTO lockouts AS l (identifier_key, consecutive_failures, locked_until) \
    SELECT identifier_key, 1, ",
    lock_at!("1"),
    " FROM one ORDER BY identifier_key \
    ON CONFLICT (identifier_key) DO UPDATE SET consecutive_failures = l.consecutive_failures + 1, locked_until = ",
    lock_at!("l.consecutive_failures + 1"),
    " WHERE l.locked_until <= $3 RETURNING l.identifier_key, l.locked_until), \
    charged AS (UPDATE challenges AS t SET attempts = t.attempts + 1 FROM one JOIN l USING (identifier_key) \
    WHERE t.challenge_id = one.challenge_id RETURNING t.challenge_id, t.attempts, l.locked_until) \
    SELECT c.op, c.challenge_id, c.purpose, c.channel, c.client_id, c.identifier_key, c.salt, c.destination_key_id, \
    c.destination, c.locale, c.binding_hash, c.code_length, c.max_attempts, c.attempts, c.used, c.create_time, \
    c.resend_time, c.code1_mac, c.code1_pepper_id, c.code1_expire_time, c.code2_mac, c.code2_pepper_id, \
    c.code2_expire_time, c.code3_mac, c.code3_pepper_id, c.code3_expire_time, \
    charged.attempts AS charged_attempts, charged.locked_until AS new_lock, k.locked_until AS seen_lock, \
    u.user_id, u.email_key_id, u.email, u.roles, u.disabled, u.create_time AS user_create_time \
    FROM c LEFT JOIN charged ON charged.challenge_id = c.challenge_id \
    LEFT JOIN lockouts k ON k.identifier_key = c.identifier_key \
    LEFT JOIN users u ON u.identifier_key = c.identifier_key"
);

/// An attempt to charge.
pub(super) struct Attempt {
    pub(super) challenge_id: ChallengeId,
    pub(super) now: Timestamp,
    pub(super) ladder: Ladder,
}

/// Charges attempts, or tells why not.
pub(super) struct Charge(pub(super) Connections);

impl Work for Charge {
    type Step = Attempt;
    type Outcome = ChargeOutcome;

    fn marks(step: &Attempt) -> impl Iterator<Item = Mark> {
        std::iter::once(*Digest::sha256(&[step.challenge_id.bytes()]).bytes())
    }

    fn together(first: &Attempt, next: &Attempt) -> bool {
        first.ladder == next.ladder
    }

    async fn run(&self, steps: &[&Attempt]) -> Result<Vec<Option<ChargeOutcome>>, Broken> {
        let mut outcomes: Vec<_> = steps.iter().map(|_| Some(ChargeOutcome::Unknown)).collect();
        let mut each_now: Vec<_> = steps.iter().map(|step| step.now).collect();
        let times = steps.iter().map(|step| step.now.micros());
        let Some(first) = steps.first() else { return Ok(outcomes) };
        let waits: Vec<_> = first.ladder.waits().map(|wait| Timestamp::from_micros(0).after(wait).micros()).collect();
        let query = sqlx::query(CHARGE)
            .bind(steps.iter().map(|step| step.challenge_id.uuid()).collect::<Vec<_>>())
            .bind(times.clone().collect::<Vec<_>>())
            // No lock is over before its time, and none ends before its time, by whichever of these clocks.
            .bind(times.clone().min())
            .bind(waits)
            .bind(times.max());
        for row in &self.0.run(query).await? {
            let now = *place(row, &mut each_now)?;
            *place(row, &mut outcomes)? = outcome(row, now).map_err(Broken::Lost)?;
        }
        Ok(outcomes)
    }
}

/// `None` where the attempt was not charged although its challenge stands, and no lock is to be seen: another challenge
/// of the identifier was charged with this statement, or the lock came while it ran. The next statement sees it.
fn outcome(row: &PgRow, now: Timestamp) -> Result<Option<ChargeOutcome>, StoreFault> {
    let StoredChallenge { mut challenge, codes } = match steps::charge::standing(rows::challenge(row)?, now) {
        Ok(stored) => stored,
        Err(refused) => return Ok(Some(refused)),
    };
    if row.integer_or_none("charged_attempts")?.is_some() {
        challenge.attempts = row.count("charged_attempts")?;
        let user = if row.id_or_none("user_id")?.is_some() { Some(rows::user(row)?) } else { None };
        let locked_until = row.integer_or_none("new_lock")?.filter(|until| *until > 0).map(Timestamp::from_micros);
        return Ok(Some(steps::charge::charged(challenge, codes, user, locked_until, now)));
    }
    let until = row.integer_or_none("seen_lock")?.map(Timestamp::from_micros);
    let locked = until.filter(|until| *until > now);
    Ok(locked.map(|until| ChargeOutcome::Locked { until, challenge: Box::new(challenge) }))
}
