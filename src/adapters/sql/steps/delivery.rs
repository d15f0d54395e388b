//! Drains of providers, and the fate of messages.

use super::ledger;
use crate::{
    adapters::sql::{
        fault,
        fields::Fields as _,
        link::{Link, values},
        rows, statements,
    },
    domain::{
        contact::Channel,
        delivery::{Delivery, MessageState},
        id::{ChallengeId, MessageId},
        time::Timestamp,
    },
    ports::store::{DeliveryOf, DrainChange, DrainedProvider, StoreFault},
};

/// The providers that are drained.
pub(in super::super) async fn drained(link: &mut impl Link) -> Result<Vec<DrainedProvider>, StoreFault> {
    let rows = link.rows(statements::DRAINED_PROVIDERS, &[]).await?;
    let each = rows.iter().map(|row| {
        let channel = Channel::named(&row.text("channel")?).ok_or_else(|| fault::broken("a channel's name"))?;
        Ok(DrainedProvider { channel, name: row.text("name")?, drain_time: rows::time(row, "drain_time")? })
    });
    each.collect()
}

/// Drains or resumes a provider.
pub(in super::super) async fn set_drained(link: &mut impl Link, change: &DrainChange) -> Result<bool, StoreFault> {
    if !ledger::keep_answer(link, change.answer.as_ref(), change.now).await? {
        return Ok(false);
    }
    let (channel, name) = (change.channel.as_str(), change.name.as_str());
    if change.drained {
        link.execute(statements::DRAIN_PROVIDER, values![channel, name, change.now.micros()]).await?;
    } else {
        link.execute(statements::RESUME_PROVIDER, values![channel, name]).await?;
    }
    link.record(std::slice::from_ref(&change.event)).await?;
    Ok(true)
}

/// What became of messages.
pub(in super::super) async fn deliveries(
    link: &mut impl Link,
    of: DeliveryOf,
    limit: u32,
) -> Result<Vec<Delivery>, StoreFault> {
    let rows = match of {
        DeliveryOf::Message(id) => link.rows(statements::DELIVERY, values![id.uuid(), limit]).await?,
        DeliveryOf::Challenge(id) => link.rows(statements::DELIVERIES_OF, values![id.uuid(), limit]).await?,
    };
    let each = rows.iter().map(|row| {
        let reason = row.text("reason")?;
        let state = MessageState::of(rows::accepted(row)?, &reason, rows::receipt(row)?);
        Ok(Delivery {
            message_id: MessageId::new(row.id("message_id")?),
            challenge_id: row.id_or_none("challenge_id")?.map(ChallengeId::new),
            state,
            provider: row.text("provider")?,
            provider_message_id: row.text_or_none("provider_message_id")?.unwrap_or_default(),
            reason,
            attempts: row.count("attempts")?,
            unanswered: row.count("unanswered")?,
            create_time: rows::time(row, "create_time")?,
            expire_time: rows::time(row, "expire_time")?,
            settle_time: row.integer_or_none("settle_time")?.map(Timestamp::from_micros),
            receipt_time: row.integer_or_none("receipt_time")?.map(Timestamp::from_micros),
        })
    });
    each.collect()
}
