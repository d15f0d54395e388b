//! The outbox: accept, claim, release, settle.

use crate::{
    adapters::sql::{
        link::{Link, values},
        rows, statements,
    },
    domain::{
        audit::AuditEvent,
        id::{MessageId, UserId},
        message::{ClaimedMessage, NewMessage},
        time::Timestamp,
    },
    ports::store::{Settlement, StoreFault},
};

/// Accepts a message; `recipient` where it goes to a user's own address.
pub(in super::super) async fn accept(
    link: &mut impl Link,
    message: &NewMessage,
    recipient: Option<UserId>,
) -> Result<(), StoreFault> {
    let values = values![
        message.message_id.uuid(),
        message.challenge_id.map(crate::domain::id::ChallengeId::uuid),
        recipient.map(UserId::uuid),
        message.content.key_id.as_str(),
        message.content.bytes.as_slice(),
        message.create_time.micros(),
        message.expire_time.micros(),
        u32::from(message.is_claimed()),
        message.due_time().micros(),
    ];
    link.execute(statements::INSERT_MESSAGE, values).await?;
    Ok(())
}

/// Claims messages that are due until `lease_end`.
pub(in super::super) async fn claim(
    link: &mut impl Link,
    limit: u32,
    now: Timestamp,
    lease_end: Timestamp,
) -> Result<Vec<ClaimedMessage>, StoreFault> {
    let rows = link.rows(statements::CLAIM, values![now.micros(), lease_end.micros(), limit]).await?;
    let mut messages = rows.iter().map(rows::message).collect::<Result<Vec<_>, _>>()?;
    messages.sort_by_key(|message| (message.challenge_id.is_none(), message.create_time, message.message_id));
    Ok(messages)
}

/// Has messages be due that were accepted as claimed. Whoever claims one counts another attempt: what has been carried is not
/// among them, however often it is asked for.
pub(in super::super) async fn release(
    link: &mut impl Link,
    ids: &[MessageId],
    now: Timestamp,
) -> Result<(), StoreFault> {
    for id in ids {
        link.execute(statements::RELEASE, values![id.uuid(), now.micros()]).await?;
    }
    Ok(())
}

/// Settles a message, with its event; nothing happens where it is settled already.
pub(in super::super) async fn settle(
    link: &mut impl Link,
    id: MessageId,
    settlement: &Settlement,
    now: Timestamp,
    event: Option<&AuditEvent>,
) -> Result<(), StoreFault> {
    let written = match settlement {
        Settlement::Delivered { provider, provider_message_id } => {
            let values = values![id.uuid(), now.micros(), true, provider.as_str(), provider_message_id.as_str(), ""];
            link.execute(statements::SETTLE, values).await?
        }
        Settlement::Dropped { reason } => {
            link.execute(statements::SETTLE, values![id.uuid(), now.micros(), false, "", "", *reason]).await?
        }
        Settlement::Retry { due_time, unanswered } => {
            link.execute(statements::RETRY, values![id.uuid(), due_time.micros(), *unanswered]).await?
        }
    };
    if written > 0
        && let Some(event) = event
    {
        link.record(std::slice::from_ref(event)).await?;
    }
    Ok(())
}
