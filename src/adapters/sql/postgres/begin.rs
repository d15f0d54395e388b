//! Begins challenges in one statement.

use super::{
    answers,
    connections::{Connections, place},
    events::{self, each_event},
};
use crate::{
    adapters::sql::{
        lane::{Broken, Mark, Work},
        statements::{answer_conflict, event_columns, message_columns, new_challenge_columns},
    },
    ports::store::{BeginOutcome, NewChallenge},
};

/// The answers go first: where the place of one is taken, everything else of its step has no row to come from.
pub(super) const BEGIN: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM unnest($17::uuid[], $18::text[], $19::text[], $20::text[], \
    $21::bytea[], $22::bytea[], $23::text[], $24::bytea[], $25::text[], $26::bytea[], $27::bigint[], $28::bigint[], \
    $29::bigint[], $30::boolean[], $31::bigint[], $32::bigint[], $33::bytea[], $34::text[], $35::bigint[], \
    $36::uuid[], $37::text[], $38::bytea[], $39::bigint[], $40::bigint[], $41::bigint[], \
    $42::bytea[], $43::bytea[], $44::text[], $45::bytea[], $46::bigint[]) WITH ORDINALITY AS t (",
    new_challenge_columns!(),
    ", message_id, content_key_id, content, message_attempts, expire_time, due_time, \
    call, fingerprint, body_key_id, body, answer_expire_time, op)), \
    answered AS (INSERT INTO answers (call, fingerprint, body_key_id, body, expire_time) \
    SELECT call, fingerprint, body_key_id, body, answer_expire_time FROM input WHERE call IS NOT NULL ORDER BY call",
    answer_conflict!(),
    "$47::bigint RETURNING call), \
    go AS MATERIALIZED (SELECT * FROM input WHERE call IS NULL OR call IN (SELECT call FROM answered)), \
    begun AS (INSERT INTO challenges (",
    new_challenge_columns!(),
    ", message_id) SELECT ",
    new_challenge_columns!(),
    ", message_id FROM go), \
    accepted AS (INSERT INTO outbox (",
    message_columns!(),
    ") SELECT message_id, challenge_id, NULL::uuid, content_key_id, content, message_attempts, create_time, \
    expire_time, due_time FROM go), \
    recorded AS (INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_columns!(),
    " FROM ",
    each_event!(),
    " WHERE op IN (SELECT op FROM go)) SELECT op FROM go"
);

/// Writes challenges with their messages, their events and their answers.
pub(super) struct Begin(pub(super) Connections);

impl Work for Begin {
    type Step = NewChallenge;
    type Outcome = BeginOutcome;

    fn marks(step: &NewChallenge) -> impl Iterator<Item = Mark> {
        answers::mark(step.answer.as_ref()).into_iter()
    }

    async fn run(&self, steps: &[&NewChallenge]) -> Result<Vec<Option<BeginOutcome>>, Broken> {
        let query = events::bind(sqlx::query(BEGIN), steps.iter().map(|step| std::slice::from_ref(&step.event)))
            .bind(column!(steps, s => s.challenge.scope.challenge_id.uuid()))
            .bind(column!(steps, s => s.challenge.scope.purpose.as_str()))
            .bind(column!(steps, s => s.challenge.scope.channel.as_str()))
            .bind(column!(steps, s => s.challenge.scope.client_id.as_str()))
            .bind(column!(steps, s => s.challenge.scope.identifier_key.0.bytes().as_slice()))
            .bind(column!(steps, s => s.challenge.scope.salt.as_slice()))
            .bind(column!(steps, s => s.challenge.destination.key_id.as_str()))
            .bind(column!(steps, s => s.challenge.destination.bytes.as_slice()))
            .bind(column!(steps, s => s.challenge.locale.as_str()))
            .bind(column!(steps, s => s.challenge.binding_hash.bytes().as_slice()))
            .bind(column!(steps, s => i64::from(s.challenge.code_length)))
            .bind(column!(steps, s => i64::from(s.challenge.max_attempts)))
            .bind(column!(steps, s => i64::from(s.challenge.attempts)))
            .bind(column!(steps, s => s.challenge.used))
            .bind(column!(steps, s => s.challenge.create_time.micros()))
            .bind(column!(steps, s => s.challenge.resend_time.micros()))
            .bind(column!(steps, s => s.code.mac.bytes().as_slice()))
            .bind(column!(steps, s => s.code.pepper_id.as_str()))
            .bind(column!(steps, s => s.code.expire_time.micros()))
            .bind(column!(steps, s => s.message.message_id.uuid()))
            .bind(column!(steps, s => s.message.content.key_id.as_str()))
            .bind(column!(steps, s => s.message.content.bytes.as_slice()))
            .bind(column!(steps, s => i64::from(s.message.is_claimed())))
            .bind(column!(steps, s => s.message.expire_time.micros()))
            .bind(column!(steps, s => s.message.due_time().micros()));
        let earliest = steps.iter().map(|step| step.challenge.create_time.micros()).min();
        let query = answers::bind(query, steps.iter().map(|step| step.answer.as_ref())).bind(earliest);
        let rows = self.0.run(query).await?;
        let mut outcomes = vec![Some(BeginOutcome::AlreadyAnswered); steps.len()];
        for row in &rows {
            place(row, &mut outcomes)?.replace(BeginOutcome::Begun);
        }
        Ok(outcomes)
    }
}
