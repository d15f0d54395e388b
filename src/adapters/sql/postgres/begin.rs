//! Begins a challenge in one statement.

use super::{
    events::{self, each_event, event_values},
    link::PgLink,
};
use crate::{
    adapters::sql::statements::{answer_conflict, event_columns, message_columns, new_challenge_columns},
    ports::store::{BeginOutcome, NewChallenge, StoreFault},
};
use sqlx::Row as _;

/// The answer goes first: where its place is taken, everything else has no row to come from.
pub(super) const BEGIN: &str = concat!(
    "WITH answered AS (INSERT INTO answers (call, fingerprint, body_key_id, body, expire_time) \
    SELECT $41::bytea, $42::bytea, $43::text, $44::bytea, $45::bigint WHERE $41::bytea IS NOT NULL",
    answer_conflict!(),
    "$30::bigint RETURNING 1), \
    go AS MATERIALIZED (SELECT 1 WHERE $41::bytea IS NULL OR EXISTS (SELECT 1 FROM answered)), \
    begun AS (INSERT INTO challenges (",
    new_challenge_columns!(),
    ") SELECT $16::uuid, $17::text, $18::text, $19::text, $20::bytea, $21::bytea, $22::text, $23::bytea, $24::text, \
    $25::bytea, $26::bigint, $27::bigint, $28::bigint, $29::boolean, $30::bigint, $31::bigint, $32::bytea, $33::text, \
    $34::bigint FROM go), \
    accepted AS (INSERT INTO outbox (",
    message_columns!(),
    ") SELECT $35::uuid, $36::uuid, NULL::uuid, $37::text, $38::bytea, 0, $39::bigint, $40::bigint, $39::bigint \
    FROM go), \
    recorded AS (INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_values!(),
    " FROM go, ",
    each_event!(),
    ") SELECT EXISTS (SELECT 1 FROM go) AS begun"
);

/// Writes a challenge with its message, its event and its answer.
pub(super) async fn begin(link: &mut PgLink, new: &NewChallenge) -> Result<BeginOutcome, StoreFault> {
    let NewChallenge { challenge, code, message, event, answer } = new;
    let scope = &challenge.scope;
    let query = events::bind(sqlx::query(BEGIN), std::slice::from_ref(event))
        .bind(scope.challenge_id.uuid())
        .bind(scope.purpose.as_str())
        .bind(scope.channel.as_str())
        .bind(scope.client_id.as_str())
        .bind(scope.identifier_key.0.bytes().as_slice())
        .bind(scope.salt.as_slice())
        .bind(challenge.destination.key_id.as_str())
        .bind(challenge.destination.bytes.as_slice())
        .bind(challenge.locale.as_str())
        .bind(challenge.binding_hash.bytes().as_slice())
        .bind(i64::from(challenge.code_length))
        .bind(i64::from(challenge.max_attempts))
        .bind(i64::from(challenge.attempts))
        .bind(challenge.used)
        .bind(challenge.create_time.micros())
        .bind(challenge.resend_time.micros())
        .bind(code.mac.bytes().as_slice())
        .bind(code.pepper_id.as_str())
        .bind(code.expire_time.micros())
        .bind(message.message_id.uuid())
        .bind(message.challenge_id.map(crate::domain::id::ChallengeId::uuid))
        .bind(message.content.key_id.as_str())
        .bind(message.content.bytes.as_slice())
        .bind(message.create_time.micros())
        .bind(message.expire_time.micros());
    let row = link.fetch_one(events::bind_answer(query, answer.as_ref())).await?;
    let begun = row.try_get("begun").map_err(|error| crate::adapters::sql::fault::of(&error))?;
    Ok(if begun { BeginOutcome::Begun } else { BeginOutcome::AlreadyAnswered })
}
