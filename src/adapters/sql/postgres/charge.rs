//! Charges attempts in one statement.

use super::{
    connections::{Connections, place},
    link::Bound,
    shaped::{Rows, Shaped},
};
use crate::{
    adapters::sql::{
        fields::Fields as _,
        lane::{Broken, Mark, Work},
        rows::{self, StoredChallenge},
        steps::{self, charge::Charged},
    },
    domain::{
        digest::Digest,
        lockout::{Lockout, Wait},
        time::Timestamp,
    },
    ports::store::{Attempt, ChargeOutcome, StoreFault},
};
use sqlx::postgres::PgRow;

/// The end of what begins with the given number of failures; 0 where nothing does, the greatest number where nothing
/// ends it. `$2` holds the wait for each number from 1 on, and what comes after its end waits as its end does.
macro_rules! lock_at {
    ($failures:literal) => {
        concat!(
            "CASE ($2::bigint[])[LEAST(",
            $failures,
            ", cardinality($2::bigint[]))] WHEN 9223372036854775807 THEN 9223372036854775807 ELSE \
            COALESCE($3::bigint + NULLIF(($2::bigint[])[LEAST(",
            $failures,
            ", cardinality($2::bigint[]))], 0), 0) END"
        )
    };
}

/// The columns of an attempt, with `device` those of its device too, and then others.
macro_rules! attempt_columns {
    () => {
        &[("challenge_id", "uuid"), ("now", "bigint")]
    };
    (device $(, $other:expr)*) => {
        &[
            ("challenge_id", "uuid"),
            ("now", "bigint"),
            ("known_identifier", "bytea"),
            ("own_counter", "bytea"),
            ("device_key", "uuid"),
            ("issue_time", "bigint"),
            $($other),*
        ]
    };
}

mod simple;

pub(super) use simple::{CHARGE_KNOWN, CHARGE_PLAIN, ChargeSimple, Kind};

/// A statement sees the rows as they were when it began, except those that it locks: these it sees as they are. So the
/// challenges are locked before they are judged, and a counter's row is judged by the upsert that locks it; of several
/// challenges of one counter the first is charged, the others come again. `seen_lock` alone may be old; see `outcome`.
pub(super) static CHARGE: Shaped =
    Shaped { text: TEXT, singles: 3, input: attempt_columns!(device, ("by_link", "boolean")) };

const TEXT: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM {input}), \
    c AS MATERIALIZED (SELECT i.op, i.now, i.by_link, h.*, \
    CASE WHEN i.known_identifier = h.identifier_key AND u.device_epoch <= i.issue_time \
    AND NOT EXISTS (SELECT 1 FROM revoked_devices AS r WHERE r.device_key = i.device_key) \
    THEN i.own_counter ELSE h.identifier_key END AS counter_key, \
    u.user_id, u.email_key_id, u.email, u.phone_key_id, u.phone, u.roles, u.disabled, u.create_time AS user_create_time \
    FROM input AS i JOIN challenges AS h ON h.challenge_id = i.challenge_id \
    LEFT JOIN users AS u ON u.identifier_key = h.identifier_key \
    ORDER BY h.challenge_id FOR NO KEY UPDATE OF h), \
    one AS MATERIALIZED (SELECT DISTINCT ON (counter_key) counter_key, identifier_key, op, challenge_id FROM c \
    WHERE NOT used AND attempts < max_attempts AND CASE WHEN by_link THEN link1_expire_time > now \
    AND link_state = 'pending' ELSE code1_expire_time > now AND link_state IS DISTINCT FROM 'approved' END ORDER BY counter_key, op), \
    l AS (INSERT INTO lockouts AS l (identifier_key, consecutive_failures, locked_until, owner_key) \
    SELECT counter_key, 1, ",
    lock_at!("1"),
    ", NULLIF(identifier_key, counter_key) FROM one ORDER BY counter_key \
    ON CONFLICT (identifier_key) DO UPDATE SET consecutive_failures = l.consecutive_failures + 1, \
    locked_until = GREATEST(l.locked_until, ",
    lock_at!("l.consecutive_failures + 1"),
    ") WHERE l.locked_until <= $1 RETURNING l.identifier_key AS counter_key, l.locked_until, l.consecutive_failures), \
    charged AS (UPDATE challenges AS t SET attempts = t.attempts + 1 FROM one JOIN l USING (counter_key) \
    WHERE t.challenge_id = one.challenge_id RETURNING t.challenge_id, t.attempts, l.locked_until, \
    l.consecutive_failures) \
    SELECT c.*, charged.attempts AS charged_attempts, charged.locked_until AS new_lock, \
    charged.consecutive_failures AS failures, k.locked_until AS seen_lock, k.consecutive_failures AS seen_failures \
    FROM c LEFT JOIN charged ON charged.challenge_id = c.challenge_id \
    LEFT JOIN lockouts AS k ON k.identifier_key = c.counter_key"
);

/// Charges attempts, or tells why not.
pub(super) struct Charge(pub(super) Connections);

impl Work for Charge {
    const OPERATION: &'static str = "charge_attempt";

    type Step = Attempt;
    type Outcome = ChargeOutcome;

    fn marks(step: &Attempt) -> impl Iterator<Item = Mark> {
        std::iter::once(*Digest::sha256(&[step.challenge_id.bytes()]).bytes())
    }

    fn together(first: &Attempt, next: &Attempt) -> bool {
        first.lockout == next.lockout
    }

    async fn run(&self, steps: &[&Attempt]) -> Result<Vec<Option<ChargeOutcome>>, Broken> {
        let mut outcomes: Vec<_> = steps.iter().map(|_| Some(ChargeOutcome::Unknown)).collect();
        let mut each_now: Vec<_> = steps.iter().map(|step| (step.now, step.by_link)).collect();
        let Some(first) = steps.first() else { return Ok(outcomes) };
        let query = bind_locks(CHARGE.query(0, steps.len()), first, steps);
        let rows = Rows::of(query, steps.len())
            .column(column!(steps, s => s.challenge_id.uuid()))
            .column(column!(steps, s => s.now.micros()));
        let query = bind_devices(rows, steps).column(column!(steps, s => s.by_link)).numbered();
        for row in &self.0.run(query).await? {
            let (now, by_link) = *place(row, &mut each_now)?;
            *place(row, &mut outcomes)? = outcome(row, now, by_link, &first.lockout).map_err(Broken::Lost)?;
        }
        Ok(outcomes)
    }
}

/// Binds what tells the devices that are known, with nothing for the others.
fn bind_devices(rows: Rows, steps: &[&Attempt]) -> Rows {
    let devices = || steps.iter().map(|step| step.device.as_ref());
    rows.column(devices().map(|d| d.map(|(known, _)| known.identifier_key.0.bytes().as_slice())))
        .column(devices().map(|d| d.map(|(_, own)| own.bytes().as_slice())))
        .column(devices().map(|d| d.map(|(known, _)| known.device_key)))
        .column(devices().map(|d| d.map(|(known, _)| known.issue_time.micros())))
}

/// Binds what says how long counters lock.
fn bind_locks(query: Bound, first: &Attempt, steps: &[&Attempt]) -> Bound {
    query
        // No lock is over before its time, and none ends before its time, by whichever of these clocks.
        .bind(steps.iter().map(|step| step.lockout.passes_until(step.now).micros()).min())
        .bind(first.lockout.waits().collect::<Vec<_>>())
        .bind(steps.iter().map(|step| step.now.micros()).max())
}

/// The lock that begins with the failure that was just counted. One that began before, under the ladder of other clients, is
/// none.
fn lock_of(row: &PgRow, lockout: &Lockout) -> Result<Option<Timestamp>, StoreFault> {
    let begins = lockout.wait_at(row.count("failures")?) != Wait::None;
    Ok(row.integer_or_none("new_lock")?.filter(|_| begins).map(Timestamp::from_micros))
}

/// `None` where the attempt was not charged although its challenge stands, and no lock is to be seen: another challenge
/// of the counter was charged with this statement, or the lock came while it ran. The next statement sees it.
fn outcome(row: &PgRow, now: Timestamp, by_link: bool, lockout: &Lockout) -> Result<Option<ChargeOutcome>, StoreFault> {
    let StoredChallenge { mut challenge, codes } = match steps::charge::standing(rows::challenge(row)?, now, by_link) {
        Ok(stored) => stored,
        Err(refused) => return Ok(Some(refused)),
    };
    if row.integer_or_none("charged_attempts")?.is_some() {
        challenge.attempts = row.count("charged_attempts")?;
        let user = if row.id_or_none("user_id")?.is_some() { Some(rows::user(row)?) } else { None };
        let locked_until = lock_of(row, lockout)?;
        let (failures, counter_key) = (row.count("failures")?, rows::digest(row, "counter_key")?);
        let charged = Charged { challenge, codes, user, locked_until, failures, counter_key };
        return Ok(Some(steps::charge::charged(charged, now)));
    }
    let until =
        row.integer_or_none("seen_lock")?.map(Timestamp::from_micros).filter(|until| lockout.holds(*until, now));
    let Some(until) = until else { return Ok(None) };
    let failures = row.count("seen_failures")?;
    Ok(Some(ChargeOutcome::Locked { until, failures, challenge: Box::new(challenge) }))
}
