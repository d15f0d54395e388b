//! Audit events within statements. Their columns are arrays and always `$1` to `$15`, so that any number of events goes
//! with a statement and every statement writes them alike.

use super::link::Bound;
use crate::{adapters::sql::statements::event_columns, domain::audit::AuditEvent};

/// One row `e(i)` for each event.
macro_rules! each_event {
    () => {
        "generate_subscripts($1::uuid[], 1) AS e(i)"
    };
}

/// The values of event `e.i`, in the order of `event_columns`.
macro_rules! event_values {
    () => {
        "($1::uuid[])[e.i], ($2::bigint[])[e.i], ($3::text[])[e.i], ($4::text[])[e.i], ($5::text[])[e.i], \
        ($6::text[])[e.i], ($7::text[])[e.i], ($8::text[])[e.i], ($9::bytea[])[e.i], ($10::uuid[])[e.i], \
        ($11::uuid[])[e.i], ($12::uuid[])[e.i], ($13::uuid[])[e.i], ($14::text[])[e.i], ($15::text[])[e.i]"
    };
}

pub(super) use {each_event, event_values};

/// Appends events.
pub(super) const RECORD: &str =
    concat!("INSERT INTO audit_events (", event_columns!(), ") SELECT ", event_values!(), " FROM ", each_event!());

/// Binds events, as the first fifteen values of a statement.
pub(super) fn bind<'q>(query: Bound<'q>, events: &[AuditEvent]) -> Bound<'q> {
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
}

/// Binds a recorded answer as five values, all absent where there is none.
pub(super) fn bind_answer<'q>(query: Bound<'q>, answer: Option<&crate::domain::answer::RecordedAnswer>) -> Bound<'q> {
    query
        .bind(answer.map(|answer| answer.key.call.bytes().as_slice()))
        .bind(answer.map(|answer| answer.key.fingerprint.bytes().as_slice()))
        .bind(answer.map(|answer| answer.body.key_id.as_str()))
        .bind(answer.map(|answer| answer.body.bytes.as_slice()))
        .bind(answer.map(|answer| answer.expire_time.micros()))
}
