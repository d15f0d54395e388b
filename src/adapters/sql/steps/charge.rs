//! Charges an attempt to a challenge and to its identifier.

use crate::{
    adapters::sql::{
        fields::Fields as _,
        link::{Link, values},
        rows::{self, StoredChallenge},
        statements,
        steps::{ledger, notices, outbox},
    },
    domain::{
        answer::RecordedAnswer,
        audit::AuditEvent,
        challenge::{Challenge, ChargedAttempt, LiveCode},
        contact::IdentifierKey,
        device_token::KnownDevice,
        digest::Digest,
        link::LinkState,
        time::Timestamp,
        user::User,
    },
    ports::store::{Attempt, ChargeOutcome, FailedAttempt, LockNotice, Pardon, StoreFault},
};

/// Charges an attempt, or tells why not.
pub(in super::super) async fn charge(link: &mut impl Link, attempt: &Attempt) -> Result<ChargeOutcome, StoreFault> {
    let Attempt { challenge_id, now, lockout, by_link, device } = attempt;
    let (id, now) = (challenge_id.uuid(), *now);
    let Some(row) = link.row(statements::LOCK_CHALLENGE, values![id]).await? else {
        return Ok(ChargeOutcome::Unknown);
    };
    let StoredChallenge { mut challenge, codes } = match standing(rows::challenge(&row)?, now, *by_link) {
        Ok(stored) => stored,
        Err(refused) => return Ok(refused),
    };
    let identifier = challenge.scope.identifier_key;
    let counter_key = match device {
        Some((device, own)) if device.identifier_key == identifier && stands(link, device).await? => *own,
        _ => identifier.0,
    };
    let (mut failures, mut lock_before) = (0, 0);
    if let Some(LockoutStanding { failures: before, locked_until }) = lockout_of(link, &counter_key).await? {
        if lockout.holds(locked_until, now) {
            return Ok(ChargeOutcome::Locked { until: locked_until, failures: before, challenge: Box::new(challenge) });
        }
        (failures, lock_before) = (before, locked_until.micros());
    }
    failures = failures.saturating_add(1);
    let locked_until = lockout.wait_at(failures).end(now);
    // Where the ladder is in shadow for some clients, a lock of the others may stand. It stays.
    let stored_lock = locked_until.map_or(0, Timestamp::micros).max(lock_before);
    let owner = (counter_key != identifier.0).then_some(identifier.0.bytes());
    link.execute(statements::CHARGE_IDENTIFIER, values![counter_key.bytes(), failures, stored_lock, owner]).await?;
    link.execute(statements::CHARGE_CHALLENGE, values![id]).await?;
    let user = link.row(statements::USER_OF, values![identifier.0.bytes()]).await?;
    let user = user.map(|row| rows::user(&row)).transpose()?;
    challenge.attempts += 1;
    Ok(charged(Charged { challenge, codes, user, locked_until, failures, counter_key }, now))
}

/// Whether a device's token has not been revoked.
pub(in super::super) async fn stands(link: &mut impl Link, device: &KnownDevice) -> Result<bool, StoreFault> {
    let values = values![device.identifier_key.0.bytes(), device.issue_time.micros(), device.device_key];
    Ok(link.row(statements::DEVICE_STANDS, values).await?.is_some())
}

/// How a counter stands.
struct LockoutStanding {
    failures: u32,
    locked_until: Timestamp,
}

async fn lockout_of(link: &mut impl Link, counter_key: &Digest) -> Result<Option<LockoutStanding>, StoreFault> {
    let row = link.row(statements::LOCKOUT, values![counter_key.bytes()]).await?;
    row.map(|row| {
        let (failures, locked_until) = (row.count("consecutive_failures")?, rows::time(&row, "locked_until")?);
        Ok(LockoutStanding { failures, locked_until })
    })
    .transpose()
}

/// Records a failed attempt, takes back what of its charge is to be, and accepts its notice unless one was accepted within
/// the last hour.
pub(in super::super) async fn fail(link: &mut impl Link, failure: &FailedAttempt) -> Result<(), StoreFault> {
    if let Some(Pardon { counter_key, challenge_id }) = &failure.pardon {
        // In the order of a charge.
        if let Some(id) = challenge_id {
            link.execute(statements::UNCHARGE_CHALLENGE, values![id.uuid()]).await?;
        }
        link.execute(statements::FORGET_FAILURES, values![counter_key.bytes()]).await?;
    }
    if let Some(LockNotice { counter_key, now, message }) = &failure.notice {
        let values = values![counter_key.bytes(), now.micros(), now.before(notices::BETWEEN).micros()];
        if link.execute(statements::NOTE_NOTICE, values).await? > 0 {
            outbox::accept(link, message, None).await?;
        }
    }
    link.record(&failure.events).await
}

/// Forgets the failures of an identifier and of its devices.
pub(in super::super) async fn unlock(
    link: &mut impl Link,
    key: IdentifierKey,
    now: Timestamp,
    event: AuditEvent,
    answer: Option<&RecordedAnswer>,
) -> Result<bool, StoreFault> {
    if !ledger::keep_answer(link, answer, now).await? {
        return Ok(false);
    }
    link.execute(statements::FORGET_FAILURES, values![key.0.bytes()]).await?;
    link.execute(statements::FORGET_DEVICES, values![key.0.bytes()]).await?;
    link.record(&[event]).await?;
    Ok(true)
}

/// The challenge, if it stands to be tried, by its link or by a code; else what its caller is told. A link that was approved is
/// used, and the codes beside it with it.
pub(in super::super) fn standing(
    stored: StoredChallenge,
    now: Timestamp,
    by_link: bool,
) -> Result<StoredChallenge, ChargeOutcome> {
    let challenge = &stored.challenge;
    let lives = if by_link { is_open(challenge, LinkState::Pending, now) } else { has_code(challenge, now) };
    if challenge.used || !lives {
        Err(ChargeOutcome::Ended(Box::new(stored.challenge)))
    } else if challenge.attempts >= challenge.max_attempts {
        Err(ChargeOutcome::Exhausted(Box::new(stored.challenge)))
    } else {
        Ok(stored)
    }
}

/// Whether a challenge has a code that has not expired, and no link beside it that was approved.
pub(in super::super) fn has_code(challenge: &Challenge, now: Timestamp) -> bool {
    let approved = challenge.link.as_ref().is_some_and(|link| link.state == LinkState::Approved);
    challenge.expire_time > now && !approved
}

/// Whether a challenge has a link in that state whose newest has not expired.
pub(in super::super) fn is_open(challenge: &Challenge, state: LinkState, now: Timestamp) -> bool {
    let link = challenge.link.as_ref().filter(|link| link.state == state);
    link.and_then(|link| link.sent.first()).is_some_and(|newest| newest.expire_time > now)
}

/// What was charged: `challenge` with this attempt counted.
pub(in super::super) struct Charged {
    pub(in super::super) challenge: Challenge,
    pub(in super::super) codes: Vec<LiveCode>,
    pub(in super::super) user: Option<User>,
    pub(in super::super) locked_until: Option<Timestamp>,
    pub(in super::super) failures: u32,
    pub(in super::super) counter_key: Digest,
}

/// A charged attempt, with those of the codes that have not expired.
pub(in super::super) fn charged(charged: Charged, now: Timestamp) -> ChargeOutcome {
    let Charged { challenge, codes: mut live_codes, user, locked_until, failures, counter_key } = charged;
    live_codes.retain(|code| code.expire_time > now);
    let attempt = ChargedAttempt { challenge, live_codes, user, locked_until, failures, counter_key };
    ChargeOutcome::Charged(Box::new(attempt))
}
