//! Settles messages in one statement.

use super::{
    connections::Connections,
    events::{self, each_event},
};
use crate::{
    adapters::sql::{
        lane::{Broken, Mark, Work},
        statements::event_columns,
    },
    domain::{audit::AuditEvent, digest::Digest, id::MessageId, time::Timestamp},
    ports::store::Settlement,
};

/// `again` is the next time to claim a message, absent where it ends. `COALESCE` keeps the planner from the index of what
/// waits, which it would read as a whole while it is small.
pub(super) const SETTLE: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM unnest($17::uuid[], $18::bigint[], $19::bigint[], $20::boolean[], \
    $21::text[]) WITH ORDINALITY AS t (message_id, again, now, delivered, provider_message_id, op)), \
    settled AS (UPDATE outbox AS o SET due_time = COALESCE(i.again, o.due_time), \
    settle_time = CASE WHEN i.again IS NULL THEN i.now END, \
    content_key_id = CASE WHEN i.again IS NULL THEN NULL ELSE o.content_key_id END, \
    content = CASE WHEN i.again IS NULL THEN NULL ELSE o.content END, \
    delivered = i.delivered, provider_message_id = i.provider_message_id \
    FROM input AS i WHERE o.message_id = i.message_id AND COALESCE(o.settle_time, -1) = -1 RETURNING i.op) \
    INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_columns!(),
    " FROM ",
    each_event!(),
    " WHERE op IN (SELECT op FROM settled)"
);

/// What became of a message.
pub(super) struct Settling {
    pub(super) message_id: MessageId,
    pub(super) settlement: Settlement,
    pub(super) now: Timestamp,
    pub(super) event: Option<AuditEvent>,
}

/// Settles messages, with their events; nothing happens to those that are settled already.
pub(super) struct Settle(pub(super) Connections);

impl Work for Settle {
    type Step = Settling;
    type Outcome = ();

    fn marks(step: &Settling) -> impl Iterator<Item = Mark> {
        std::iter::once(*Digest::sha256(&[step.message_id.uuid().as_bytes()]).bytes())
    }

    async fn run(&self, steps: &[&Settling]) -> Result<Vec<Option<()>>, Broken> {
        let ends = steps.iter().map(|step| match &step.settlement {
            Settlement::Delivered { provider_message_id } => (None, Some(true), Some(provider_message_id.as_str())),
            Settlement::Dropped => (None, Some(false), Some("")),
            Settlement::Retry(time) => (Some(time.micros()), None, None),
        });
        let events = steps.iter().map(|step| step.event.as_slice());
        let query = events::bind(sqlx::query(SETTLE), events)
            .bind(steps.iter().map(|step| step.message_id.uuid()).collect::<Vec<_>>())
            .bind(ends.clone().map(|end| end.0).collect::<Vec<_>>())
            .bind(steps.iter().map(|step| step.now.micros()).collect::<Vec<_>>())
            .bind(ends.clone().map(|end| end.1).collect::<Vec<_>>())
            .bind(ends.map(|end| end.2).collect::<Vec<_>>());
        self.0.run(query).await?;
        Ok(vec![Some(()); steps.len()])
    }
}
