//! Begins challenges in one statement.

use super::{
    answers,
    connections::{Connections, place},
    events::Events,
    link::Bound,
    shaped::{Column, Rows, Shaped},
};
use crate::{
    adapters::sql::{
        lane::{Broken, Mark, Work},
        statements::{answer_conflict, event_columns, message_columns, new_challenge_columns},
    },
    ports::store::{BeginOutcome, NewChallenge},
};

/// Challenges whose answers nobody keeps: nothing hinders them, so each table is given its part at once.
pub(super) static BEGIN: Shaped = Shaped { text: TEXT, singles: 0, input: INPUT };

/// Challenges that each have an answer. The answers go first: where the place of one is taken, everything else of its step has
/// no row to come from.
pub(super) static BEGIN_ANSWERED: Shaped = Shaped { text: ANSWERED_TEXT, singles: 1, input: ANSWERED_INPUT };

/// The columns of a challenge with its message, before others.
macro_rules! columns {
    ($($other:expr),*) => {
        &[
            ("challenge_id", "uuid"),
            ("purpose", "text"),
            ("channel", "text"),
            ("client_id", "text"),
            ("identifier_key", "bytea"),
            ("salt", "bytea"),
            ("destination_key_id", "text"),
            ("destination", "bytea"),
            ("locale", "text"),
            ("binding_hash", "bytea"),
            ("code_length", "bigint"),
            ("max_attempts", "bigint"),
            ("attempts", "bigint"),
            ("used", "boolean"),
            ("create_time", "bigint"),
            ("resend_time", "bigint"),
            ("code1_mac", "bytea"),
            ("code1_pepper_id", "text"),
            ("code1_expire_time", "bigint"),
            ("message_id", "uuid"),
            ("content_key_id", "text"),
            ("content", "bytea"),
            ("message_attempts", "bigint"),
            ("expire_time", "bigint"),
            ("due_time", "bigint"),
            $($other),*
        ]
    };
}

const INPUT: &[Column] = columns!();

const ANSWERED_INPUT: &[Column] = columns!(
    ("call", "bytea"),
    ("fingerprint", "bytea"),
    ("body_key_id", "text"),
    ("body", "bytea"),
    ("answer_expire_time", "bigint")
);

const TEXT: &str = concat!(
    "WITH begun AS (INSERT INTO challenges (",
    new_challenge_columns!(),
    ", message_id) SELECT ",
    new_challenge_columns!(),
    ", message_id FROM {input: ",
    new_challenge_columns!(),
    ", message_id}), \
    accepted AS (INSERT INTO outbox (",
    message_columns!(),
    ") SELECT message_id, challenge_id, NULL::uuid, content_key_id, content, message_attempts, create_time, \
    expire_time, due_time FROM {input: message_id, challenge_id, content_key_id, content, message_attempts, create_time, \
    expire_time, due_time}) INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_columns!(),
    " FROM {events}"
);

const ANSWERED_TEXT: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM {input}), \
    answered AS (INSERT INTO answers (call, fingerprint, body_key_id, body, expire_time) \
    SELECT call, fingerprint, body_key_id, body, answer_expire_time FROM input ORDER BY call",
    answer_conflict!(),
    "$1::bigint RETURNING call), \
    go AS MATERIALIZED (SELECT * FROM input WHERE call IN (SELECT call FROM answered)), \
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
    " FROM {events} WHERE op = ANY (ARRAY(SELECT op FROM go))) SELECT op FROM go"
);

/// Writes challenges with their messages, their events and their answers.
pub(super) struct Begin(pub(super) Connections);

impl Work for Begin {
    const OPERATION: &'static str = "begin_challenge";

    type Step = NewChallenge;
    type Outcome = BeginOutcome;

    fn marks(step: &NewChallenge) -> impl Iterator<Item = Mark> {
        answers::mark(step.answer.as_ref()).into_iter()
    }

    fn together(first: &NewChallenge, next: &NewChallenge) -> bool {
        first.answer.is_some() == next.answer.is_some()
    }

    async fn run(&self, steps: &[&NewChallenge]) -> Result<Vec<Option<BeginOutcome>>, Broken> {
        let events = Events::of(steps.iter().map(|step| std::slice::from_ref(&step.event)));
        // All have an answer, or none has: see `together`.
        if steps.iter().all(|step| step.answer.is_none()) {
            let query = events.bind(BEGIN.query(events.len(), steps.len()));
            self.0.run(bound(query, steps).numbered()).await?;
            return Ok(vec![Some(BeginOutcome::Begun); steps.len()]);
        }
        let earliest = steps.iter().map(|step| step.challenge.create_time.micros()).min();
        let query = events.bind(BEGIN_ANSWERED.query(events.len(), steps.len()).bind(earliest));
        let answers = steps.iter().map(|step| step.answer.as_ref());
        let rows = self.0.run(answers::bind(bound(query, steps), answers).numbered()).await?;
        let mut outcomes = vec![Some(BeginOutcome::AlreadyAnswered); steps.len()];
        for row in &rows {
            place(row, &mut outcomes)?.replace(BeginOutcome::Begun);
        }
        Ok(outcomes)
    }
}

/// Binds the challenges with their messages.
fn bound(query: Bound, steps: &[&NewChallenge]) -> Rows {
    Rows::of(query, steps.len())
        .column(column!(steps, s => s.challenge.scope.challenge_id.uuid()))
        .column(column!(steps, s => s.challenge.scope.purpose.as_str()))
        .column(column!(steps, s => s.challenge.scope.channel.as_str()))
        .column(column!(steps, s => s.challenge.scope.client_id.as_str()))
        .column(column!(steps, s => s.challenge.scope.identifier_key.0.bytes().as_slice()))
        .column(column!(steps, s => s.challenge.scope.salt.as_slice()))
        .column(column!(steps, s => s.challenge.destination.key_id.as_str()))
        .column(column!(steps, s => s.challenge.destination.bytes.as_slice()))
        .column(column!(steps, s => s.challenge.locale.as_str()))
        .column(column!(steps, s => s.challenge.binding_hash.bytes().as_slice()))
        .column(column!(steps, s => i64::from(s.challenge.code_length)))
        .column(column!(steps, s => i64::from(s.challenge.max_attempts)))
        .column(column!(steps, s => i64::from(s.challenge.attempts)))
        .column(column!(steps, s => s.challenge.used))
        .column(column!(steps, s => s.challenge.create_time.micros()))
        .column(column!(steps, s => s.challenge.resend_time.micros()))
        .column(column!(steps, s => s.code.mac.bytes().as_slice()))
        .column(column!(steps, s => s.code.pepper_id.as_str()))
        .column(column!(steps, s => s.code.expire_time.micros()))
        .column(column!(steps, s => s.message.message_id.uuid()))
        .column(column!(steps, s => s.message.content.key_id.as_str()))
        .column(column!(steps, s => s.message.content.bytes.as_slice()))
        .column(column!(steps, s => i64::from(s.message.is_claimed())))
        .column(column!(steps, s => s.message.expire_time.micros()))
        .column(column!(steps, s => s.message.due_time().micros()))
}
