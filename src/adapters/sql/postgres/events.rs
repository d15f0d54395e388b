//! Audit events within statements, each with the number of the step that it belongs to.

use super::{
    link::Bound,
    shaped::{Rows, Shaped},
};
use crate::{
    adapters::sql::statements::event_columns,
    domain::{audit::AuditEvent, client::ClientId, id},
};

/// Appends events.
pub(super) static RECORD: Shaped = Shaped {
    text: concat!("INSERT INTO audit_events (", event_columns!(), ") SELECT ", event_columns!(), " FROM {events}"),
    singles: 0,
    input: &[],
};

/// The events of a statement.
pub(super) struct Events<'e>(Vec<(&'e AuditEvent, i64)>);

impl<'e> Events<'e> {
    /// The events of each step.
    pub(super) fn of(steps: impl Iterator<Item = &'e [AuditEvent]>) -> Self {
        let numbered = (1_i64..).zip(steps);
        Self(numbered.flat_map(|(number, events)| events.iter().map(move |event| (event, number))).collect())
    }

    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Binds them.
    pub(super) fn bind(&self, query: Bound) -> Bound {
        let events = || self.0.iter().map(|(event, _)| *event);
        Rows::of(query, self.len())
            .column(events().map(|e| e.event_id.uuid()))
            .column(events().map(|e| e.time.micros()))
            .column(events().map(|e| e.act.as_str()))
            .column(events().map(|e| e.outcome.as_str()))
            .column(events().map(|e| e.reason.as_ref()))
            .column(events().map(|e| e.actor.as_str()))
            .column(events().map(|e| e.origin.address.map(|address| address.to_string())))
            .column(events().map(|e| e.origin.trace_id.as_str()))
            .column(events().map(|e| e.identifier_key.as_ref().map(|key| key.0.bytes().as_slice())))
            .column(events().map(|e| e.user_id.map(id::UserId::uuid)))
            .column(events().map(|e| e.session_id.map(id::SessionId::uuid)))
            .column(events().map(|e| e.challenge_id.map(id::ChallengeId::uuid)))
            .column(events().map(|e| e.message_id.map(id::MessageId::uuid)))
            .column(events().map(|e| e.client_id.as_ref().map(ClientId::as_str)))
            .column(events().map(|e| e.device_id.as_str()))
            .numbers(self.0.iter().map(|(_, number)| *number))
    }
}
