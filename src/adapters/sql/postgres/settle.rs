//! Settles messages in one statement.

use super::{
    connections::Connections,
    events::Events,
    shaped::{Rows, Shaped},
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
pub(super) static SETTLE: Shaped = Shaped {
    text: TEXT,
    singles: 0,
    input: &[
        ("message_id", "uuid"),
        ("again", "bigint"),
        ("now", "bigint"),
        ("delivered", "boolean"),
        ("provider_message_id", "text"),
        ("provider", "text"),
        ("reason", "text"),
        ("unanswered", "bigint"),
    ],
};

const TEXT: &str = concat!(
    "WITH settled AS (UPDATE outbox AS o SET due_time = COALESCE(i.again, o.due_time), \
    settle_time = CASE WHEN i.again IS NULL THEN i.now END, \
    content_key_id = CASE WHEN i.again IS NULL THEN NULL ELSE o.content_key_id END, \
    content = CASE WHEN i.again IS NULL THEN NULL ELSE o.content END, \
    delivered = i.delivered, provider_message_id = i.provider_message_id, provider = i.provider, reason = i.reason, \
    unanswered = COALESCE(i.unanswered, o.unanswered) \
    FROM {input} WHERE o.message_id = i.message_id AND COALESCE(o.settle_time, -1) = -1 RETURNING i.op) \
    INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_columns!(),
    " FROM {events} WHERE op = ANY (ARRAY(SELECT op FROM settled))"
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
    const OPERATION: &'static str = "settle";

    type Step = Settling;
    type Outcome = ();

    fn marks(step: &Settling) -> impl Iterator<Item = Mark> {
        std::iter::once(*Digest::sha256(&[step.message_id.uuid().as_bytes()]).bytes())
    }

    async fn run(&self, steps: &[&Settling]) -> Result<Vec<Option<()>>, Broken> {
        // In one order with whoever takes receipts of the same messages, or each would hold what the other needs.
        let mut steps = steps.to_vec();
        steps.sort_unstable_by_key(|step| step.message_id.uuid());
        let ends: Vec<End> = steps.iter().map(|step| End::of(&step.settlement)).collect();
        let events = Events::of(steps.iter().map(|step| step.event.as_slice()));
        let query = Rows::of(events.bind(SETTLE.query(events.len(), steps.len())), steps.len())
            .column(steps.iter().map(|step| step.message_id.uuid()))
            .column(ends.iter().map(|end| end.again))
            .column(steps.iter().map(|step| step.now.micros()))
            .column(ends.iter().map(|end| end.delivered))
            .column(ends.iter().map(|end| end.provider_message_id))
            .column(ends.iter().map(|end| end.provider))
            .column(ends.iter().map(|end| end.reason))
            .column(ends.iter().map(|end| end.unanswered))
            .numbered();
        self.0.run(query).await?;
        Ok(vec![Some(()); steps.len()])
    }
}

/// One end, by column.
#[derive(Default)]
struct End<'a> {
    again: Option<i64>,
    delivered: Option<bool>,
    provider_message_id: Option<&'a str>,
    provider: &'a str,
    reason: &'a str,
    unanswered: Option<i64>,
}

impl<'a> End<'a> {
    fn of(settlement: &'a Settlement) -> Self {
        match settlement {
            Settlement::Delivered { provider, provider_message_id } => Self {
                delivered: Some(true),
                provider_message_id: Some(provider_message_id),
                provider,
                ..Self::default()
            },
            Settlement::Dropped { reason } => {
                Self { delivered: Some(false), provider_message_id: Some(""), reason, ..Self::default() }
            }
            Settlement::Retry { due_time, unanswered } => {
                Self { again: Some(due_time.micros()), unanswered: Some(i64::from(*unanswered)), ..Self::default() }
            }
        }
    }
}
