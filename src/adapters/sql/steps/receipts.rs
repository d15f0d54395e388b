//! Receipts of providers, and suppressions.

use super::ledger;
use crate::{
    adapters::sql::{
        fault,
        fields::Fields as _,
        link::{Link, values},
        rows, statements,
    },
    domain::{
        audit::AuditEvent,
        contact::IdentifierKey,
        id::{ChallengeId, MessageId, UserId},
        suppression::{Cause, Suppression},
        time::Timestamp,
    },
    ports::store::{Lift, LiftOutcome, NewReceipt, ReceiptOutcome, StoreFault, SuppressedKey},
};

/// Keeps receipts, one after another.
pub(in super::super) async fn take(
    link: &mut impl Link,
    receipts: &[NewReceipt],
) -> Result<Vec<ReceiptOutcome>, StoreFault> {
    let mut outcomes = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        outcomes.push(take_one(link, receipt).await?);
    }
    Ok(outcomes)
}

async fn take_one(link: &mut impl Link, receipt: &NewReceipt) -> Result<ReceiptOutcome, StoreFault> {
    let NewReceipt { message_id, receipt, provider, now, event, suppression } = receipt;
    let values = values![message_id.uuid(), receipt.weight(), now.micros(), provider.as_str()];
    let Some(row) = link.row(statements::TAKE_RECEIPT, values).await? else { return Ok(ReceiptOutcome::NoNews) };
    let challenge_id = row.id_or_none("challenge_id")?.map(ChallengeId::new);
    let user_id = row.id_or_none("user_id")?.map(UserId::new);
    let key = rows::digest_or_none(&row, "identifier_key")?.map(IdentifierKey);
    let of_message =
        |event: &AuditEvent| AuditEvent { message_id: Some(*message_id), challenge_id, user_id, ..event.clone() };
    let mut events = vec![of_message(event)];
    let mut suppressed = None;
    if let (Some(new), Some(key)) = (suppression, key) {
        let values = values![
            key.0.bytes(),
            new.cause.as_str(),
            provider.as_str(),
            message_id.uuid(),
            challenge_id.map(ChallengeId::uuid),
            now.micros(),
            new.expire_time.micros(),
        ];
        if link.execute(statements::SUPPRESS, values).await? > 0 {
            events.push(AuditEvent { identifier_key: Some(key), ..of_message(&new.event) });
            suppressed = Some(key);
        }
    }
    link.record(&events).await?;
    Ok(ReceiptOutcome::Taken { suppressed })
}

/// Whether and why an address gets no message.
pub(in super::super) async fn suppression(
    link: &mut impl Link,
    key: IdentifierKey,
    now: Timestamp,
) -> Result<Option<Suppression>, StoreFault> {
    let Some(row) = link.row(statements::SUPPRESSION, values![key.0.bytes(), now.micros()]).await? else {
        return Ok(None);
    };
    Ok(Some(Suppression {
        cause: Cause::named(&row.text("cause")?).ok_or_else(|| fault::broken("column cause has a new name"))?,
        provider: row.text("provider")?,
        message_id: MessageId::new(row.id("message_id")?),
        challenge_id: row.id_or_none("challenge_id")?.map(ChallengeId::new),
        create_time: rows::time(&row, "create_time")?,
        expire_time: rows::time(&row, "expire_time")?,
    }))
}

/// Suppressions in the order in which they began.
pub(in super::super) async fn after(
    link: &mut impl Link,
    (time, key): (Timestamp, IdentifierKey),
    limit: u32,
) -> Result<Vec<SuppressedKey>, StoreFault> {
    let values = values![time.micros(), key.0.bytes(), limit];
    let rows = link.rows(statements::SUPPRESSIONS_AFTER, values).await?;
    let each = rows.iter().map(|row| {
        Ok(SuppressedKey {
            key: IdentifierKey(rows::digest(row, "identifier_key")?),
            create_time: rows::time(row, "create_time")?,
            expire_time: rows::time(row, "expire_time")?,
        })
    });
    each.collect()
}

/// Ends a suppression.
pub(in super::super) async fn lift(link: &mut impl Link, lift: &Lift) -> Result<LiftOutcome, StoreFault> {
    let key = lift.key.0;
    let found = link.row(statements::LOCK_SUPPRESSION, values![key.bytes(), lift.now.micros()]).await?;
    let named = found.map(|row| row.text("cause")).transpose()?;
    let fits = named.is_some_and(|named| lift.cause.is_none_or(|cause| cause.as_str() == named));
    if !fits {
        return Ok(LiftOutcome::None);
    }
    if !ledger::keep_answer(link, lift.answer.as_ref(), lift.now).await? {
        return Ok(LiftOutcome::AlreadyAnswered);
    }
    link.execute(statements::LIFT_SUPPRESSION, values![key.bytes()]).await?;
    link.record(std::slice::from_ref(&lift.event)).await?;
    Ok(LiftOutcome::Lifted)
}
