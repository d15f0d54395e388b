//! Settles a message in one statement.

use super::{
    events::{self, each_event, event_values},
    link::PgLink,
};
use crate::{
    adapters::sql::statements::event_columns,
    domain::{audit::AuditEvent, id::MessageId, time::Timestamp},
    ports::store::{Settlement, StoreFault},
};

/// `$17` is the next time to claim it, absent where it ends.
pub(super) const SETTLE: &str = concat!(
    "WITH settled AS (UPDATE outbox SET due_time = COALESCE($17::bigint, due_time), \
    settle_time = CASE WHEN $17::bigint IS NULL THEN $18::bigint END, \
    content_key_id = CASE WHEN $17::bigint IS NULL THEN NULL ELSE content_key_id END, \
    content = CASE WHEN $17::bigint IS NULL THEN NULL ELSE content END, \
    delivered = $19::boolean, provider_message_id = $20::text \
    WHERE message_id = $16 AND settle_time IS NULL RETURNING 1) \
    INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_values!(),
    " FROM settled, ",
    each_event!()
);

/// Settles a message, with its event; nothing happens where it is settled already.
pub(super) async fn settle(
    link: &mut PgLink,
    id: MessageId,
    settlement: &Settlement,
    now: Timestamp,
    event: Option<&AuditEvent>,
) -> Result<(), StoreFault> {
    let (again, delivered, provider_message_id) = match settlement {
        Settlement::Delivered { provider_message_id } => (None, Some(true), Some(provider_message_id.as_str())),
        Settlement::Dropped => (None, Some(false), Some("")),
        Settlement::Retry(time) => (Some(time.micros()), None, None),
    };
    let query = events::bind(sqlx::query(SETTLE), event.map(std::slice::from_ref).unwrap_or_default())
        .bind(id.uuid())
        .bind(again)
        .bind(now.micros())
        .bind(delivered)
        .bind(provider_message_id);
    link.fetch(query).await?;
    Ok(())
}
