//! Audit events within statements. Their columns are arrays and always `$1` to `$16`, so that any number of events goes
//! with a statement and every statement writes them alike.

use super::link::Bound;
use crate::{adapters::sql::statements::event_columns, domain::audit::AuditEvent};

/// The events as rows `e`, with `op`, the place of the step that each belongs to, counted from 1.
macro_rules! each_event {
    () => {
        concat!(
            "unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], \
            $9::bytea[], $10::uuid[], $11::uuid[], $12::uuid[], $13::uuid[], $14::text[], $15::text[], $16::bigint[]) \
            AS e (",
            event_columns!(),
            ", op)"
        )
    };
}

pub(super) use each_event;

/// Appends events.
pub(super) const RECORD: &str = concat!(
    "INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_columns!(),
    " FROM ",
    each_event!(),
    " WHERE op IS NOT NULL"
);

/// Binds the events of each step, as the first sixteen values of a statement.
pub(super) fn bind<'q, 'e>(query: Bound<'q>, steps: impl Iterator<Item = &'e [AuditEvent]>) -> Bound<'q> {
    let (mut events, mut ops) = (Vec::new(), Vec::new());
    for (number, of_step) in (1_i64..).zip(steps) {
        events.extend(of_step);
        ops.extend(of_step.iter().map(|_| number));
    }
    let addresses: Vec<_> = events.iter().map(|e| e.origin.address.map(|address| address.to_string())).collect();
    query
        .bind(events.iter().map(|e| e.event_id.uuid()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.time.micros()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.act.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.outcome.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.reason.as_ref()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.actor.as_str()).collect::<Vec<_>>())
        .bind(addresses)
        .bind(events.iter().map(|e| e.origin.trace_id.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.identifier_key.as_ref().map(|key| key.0.bytes().as_slice())).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.user_id.map(crate::domain::id::UserId::uuid)).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.session_id.map(crate::domain::id::SessionId::uuid)).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.challenge_id.map(crate::domain::id::ChallengeId::uuid)).collect::<Vec<_>>())
        .bind(events.iter().map(|e| e.message_id.map(crate::domain::id::MessageId::uuid)).collect::<Vec<_>>())
        .bind(
            events
                .iter()
                .map(|e| e.client_id.as_ref().map(crate::domain::client::ClientId::as_str))
                .collect::<Vec<_>>(),
        )
        .bind(events.iter().map(|e| e.device_id.as_str()).collect::<Vec<_>>())
        .bind(ops)
}
