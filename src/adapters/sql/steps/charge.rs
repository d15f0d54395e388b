//! Charges an attempt to a challenge and to its identifier.

use crate::{
    adapters::sql::{
        fields::Fields as _,
        link::{Link, values},
        rows::{self, StoredChallenge},
        statements,
    },
    domain::{
        challenge::{Challenge, ChargedAttempt, LiveCode},
        id::ChallengeId,
        lockout::Ladder,
        time::Timestamp,
        user::User,
    },
    ports::store::{ChargeOutcome, StoreFault},
};

/// Charges an attempt, or tells why not.
pub(in super::super) async fn charge(
    link: &mut impl Link,
    id: ChallengeId,
    now: Timestamp,
    ladder: &Ladder,
) -> Result<ChargeOutcome, StoreFault> {
    let Some(row) = link.row(statements::LOCK_CHALLENGE, values![id.uuid()]).await? else {
        return Ok(ChargeOutcome::Unknown);
    };
    let StoredChallenge { mut challenge, codes } = match standing(rows::challenge(&row)?, now) {
        Ok(stored) => stored,
        Err(refused) => return Ok(refused),
    };
    let key = *challenge.scope.identifier_key.0.bytes();
    let mut failures = 0;
    if let Some(row) = link.row(statements::LOCKOUT, values![&key]).await? {
        let until = rows::time(&row, "locked_until")?;
        if until > now {
            return Ok(ChargeOutcome::Locked { until, challenge: Box::new(challenge) });
        }
        failures = row.count("consecutive_failures")?;
    }
    failures = failures.saturating_add(1);
    let locked_until = ladder.wait_at(failures).map(|wait| now.after(wait));
    let stored_lock = locked_until.map_or(0, Timestamp::micros);
    link.execute(statements::CHARGE_IDENTIFIER, values![&key, failures, stored_lock]).await?;
    link.execute(statements::CHARGE_CHALLENGE, values![id.uuid()]).await?;
    let user = link.row(statements::USER_OF, values![&key]).await?;
    let user = user.map(|row| rows::user(&row)).transpose()?;
    challenge.attempts += 1;
    Ok(charged(challenge, codes, user, locked_until, now))
}

/// The challenge, if it stands to be tried; else what its caller is told.
pub(in super::super) fn standing(stored: StoredChallenge, now: Timestamp) -> Result<StoredChallenge, ChargeOutcome> {
    let challenge = &stored.challenge;
    if challenge.used || challenge.expire_time <= now {
        Err(ChargeOutcome::Ended(Box::new(stored.challenge)))
    } else if challenge.attempts >= challenge.max_attempts {
        Err(ChargeOutcome::Exhausted(Box::new(stored.challenge)))
    } else {
        Ok(stored)
    }
}

/// A charged attempt: `challenge` with this attempt counted, and those of `codes` that have not expired.
pub(in super::super) fn charged(
    challenge: Challenge,
    mut codes: Vec<LiveCode>,
    user: Option<User>,
    locked_until: Option<Timestamp>,
    now: Timestamp,
) -> ChargeOutcome {
    codes.retain(|code| code.expire_time > now);
    ChargeOutcome::Charged(Box::new(ChargedAttempt { challenge, live_codes: codes, user, locked_until }))
}
