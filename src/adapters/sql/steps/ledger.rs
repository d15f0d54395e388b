//! Recorded answers; the sweep.

use crate::{
    adapters::sql::{
        fault,
        link::{Link, values},
        rows, statements,
    },
    domain::{
        answer::{AnswerKey, RecordedAnswer},
        device_token::KnownDevice,
        time::Timestamp,
    },
    ports::store::{KnownAnswer, StoreFault, Swept},
};
use std::time::Duration;

/// How long an ended challenge and a settled message stay, for questions afterwards; and a session past its absolute end, until when
/// every token of it has long been over, and its end told to every replica.
const KEPT: Duration = Duration::from_hours(24);

/// How long it is known what text messages were sent: the longest window of a policy, and a day.
const TEXT_MESSAGES_KEPT: Duration = Duration::from_hours(8 * 24);

/// How many rows of a table one sweep removes at most, so that it holds nobody up.
const BATCH: i64 = 2000;

/// Looks a repeatable call up.
pub(in super::super) async fn answer(
    link: &mut impl Link,
    key: &AnswerKey,
    now: Timestamp,
) -> Result<KnownAnswer, StoreFault> {
    let Some(row) = link.row(statements::ANSWER, values![key.call.bytes(), now.micros()]).await? else {
        return Ok(KnownAnswer::None);
    };
    if rows::digest(&row, "fingerprint")? != key.fingerprint {
        return Ok(KnownAnswer::Different);
    }
    Ok(KnownAnswer::Same(rows::sealed(&row, "body_key_id", "body")?))
}

/// Records the answer of a call, where it has one. `false`: the call has been answered already.
pub(in super::super) async fn keep_answer(
    link: &mut impl Link,
    answer: Option<&RecordedAnswer>,
    now: Timestamp,
) -> Result<bool, StoreFault> {
    let Some(RecordedAnswer { key, body, expire_time }) = answer else { return Ok(true) };
    let values = values![
        key.call.bytes(),
        key.fingerprint.bytes(),
        body.key_id.as_str(),
        body.bytes.as_slice(),
        expire_time.micros(),
        now.micros(),
    ];
    Ok(link.execute(statements::INSERT_ANSWER, values).await? == 1)
}

/// Says in an answer that is kept already what was not known when it was.
pub(in super::super) async fn amend_answer(link: &mut impl Link, answer: &RecordedAnswer) -> Result<(), StoreFault> {
    let RecordedAnswer { key, body, .. } = answer;
    let values = values![key.call.bytes(), body.key_id.as_str(), body.bytes.as_slice()];
    link.execute(statements::AMEND_ANSWER, values).await?;
    Ok(())
}

/// Removes what has expired.
pub(in super::super) async fn sweep(link: &mut impl Link, now: Timestamp) -> Result<Swept, StoreFault> {
    let kept = now.before(KEPT).micros();
    let forgotten = now.before(KnownDevice::LIFETIME).micros();
    let traffic = now.before(TEXT_MESSAGES_KEPT).micros();
    let ended = link.rows(statements::SWEEP_CHALLENGES, values![kept, BATCH]).await?;
    let abandoned = ended.iter().filter_map(rows::abandoned).collect();
    let mut removed = vec![u64::try_from(ended.len()).unwrap_or(u64::MAX)];
    for (statement, time) in [
        (statements::SWEEP_ANSWERS, now.micros()),
        (statements::SWEEP_DEVICES, forgotten),
        (statements::SWEEP_GRANTS, kept),
        (statements::SWEEP_MESSAGES, kept),
        (statements::SWEEP_TEXT_MESSAGES_SENT, kept),
        (statements::SWEEP_SUPPRESSIONS, now.micros()),
        (statements::SWEEP_TEXT_MESSAGES, traffic),
        // By the order of their ids, which is that of their beginning: no index is of their end. So many of the oldest are
        // looked at, whatever comes of it.
        (statements::SWEEP_SESSIONS, kept),
    ] {
        removed.push(link.execute(statement, values![time, BATCH]).await?);
    }
    let full = removed.iter().any(|rows| i64::try_from(*rows).is_ok_and(|rows| rows >= BATCH));
    Ok(Swept { rows: removed.iter().sum(), full, abandoned })
}

/// Asks for a sign of life. A database that takes no writes, such as a standby, is none.
pub(in super::super) async fn ping<L: Link>(link: &mut L) -> Result<L::Row, StoreFault> {
    link.row(statements::PING, &[]).await?.ok_or_else(read_only)
}

/// The database takes no writes.
pub(in super::super) fn read_only() -> StoreFault {
    fault::unavailable("the database is read-only")
}
