//! Completes a sign-in in one statement.

use super::{
    events::{self, each_event, event_values},
    link::PgLink,
};
use crate::{
    adapters::sql::{
        fields::Fields as _,
        rows,
        statements::{answer_conflict, event_columns, session_columns},
    },
    ports::store::{SignIn, SignInOutcome, SignInUser, StoreFault},
};

/// First what has to hold, under locks: the challenge stands (`c`), the user is as the caller saw it (`u`), the answer's
/// place is free (`answered`). Only then, from `go`, anything is written. A user who came to be meanwhile breaks the
/// whole statement by the unique key of the identifier.
pub(super) const COMPLETE: &str = concat!(
    "WITH c AS MATERIALIZED (SELECT 1 FROM challenges WHERE challenge_id = $16 AND NOT used \
    AND code1_expire_time > $18::bigint FOR NO KEY UPDATE), \
    u AS MATERIALIZED (SELECT 1 FROM users WHERE user_id = $19::uuid AND NOT disabled AND roles = $20::text FOR SHARE), \
    same AS MATERIALIZED (SELECT 1 FROM c WHERE $19::uuid IS NULL OR EXISTS (SELECT 1 FROM u)), \
    answered AS (INSERT INTO answers (call, fingerprint, body_key_id, body, expire_time) \
    SELECT $38::bytea, $39::bytea, $40::text, $41::bytea, $42::bigint FROM same WHERE $38::bytea IS NOT NULL",
    answer_conflict!(),
    "$18::bigint RETURNING 1), \
    go AS MATERIALIZED (SELECT 1 FROM same WHERE $38::bytea IS NULL OR EXISTS (SELECT 1 FROM answered)), \
    created AS (INSERT INTO users (user_id, identifier_key, email_key_id, email, roles, disabled, create_time) \
    SELECT $21::uuid, $17::bytea, $22::text, $23::bytea, '', FALSE, $24::bigint FROM go WHERE $21::uuid IS NOT NULL), \
    consumed AS (UPDATE challenges SET used = TRUE FROM go WHERE challenge_id = $16), \
    forgotten AS (DELETE FROM lockouts USING go WHERE identifier_key = $17::bytea), \
    opened AS (INSERT INTO sessions (",
    session_columns!(),
    ") SELECT $25::uuid, COALESCE($19::uuid, $21::uuid), $26::text, $27::text, $28::text, $29::text, $30::bigint, \
    $31::bigint, $32::bigint, $33::text, $34::bigint, $35::bigint, $36::bigint, $37::bytea FROM go), \
    recorded AS (INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_values!(),
    " FROM go, ",
    each_event!(),
    ") SELECT EXISTS (SELECT 1 FROM c) AS standing, EXISTS (SELECT 1 FROM same) AS same, \
    EXISTS (SELECT 1 FROM go) AS done"
);

/// Consumes the challenge and opens the session, or writes nothing.
pub(super) async fn complete(link: &mut PgLink, sign_in: &SignIn) -> Result<SignInOutcome, StoreFault> {
    let (existing, new) = match &sign_in.user {
        SignInUser::Existing { user_id, roles } => (Some((user_id.uuid(), rows::joined(roles))), None),
        SignInUser::New(new) => (None, Some(new)),
    };
    let session = &sign_in.session;
    let query = events::bind(sqlx::query(COMPLETE), &sign_in.events)
        .bind(sign_in.challenge_id.uuid())
        .bind(sign_in.identifier_key.0.bytes().as_slice())
        .bind(sign_in.now.micros())
        .bind(existing.as_ref().map(|(id, _)| *id))
        .bind(existing.as_ref().map(|(_, roles)| roles.as_str()))
        .bind(new.map(|new| new.user_id.uuid()))
        .bind(new.map(|new| new.email.key_id.as_str()))
        .bind(new.map(|new| new.email.bytes.as_slice()))
        .bind(new.map(|new| new.create_time.micros()))
        .bind(session.session_id.uuid())
        .bind(session.client_id.as_str())
        .bind(session.device.device_id.as_str())
        .bind(session.device.display_name.as_str())
        .bind(session.device.platform.as_str())
        .bind(session.create_time.micros())
        .bind(session.auth_time.micros())
        .bind(session.last_use_time.micros())
        .bind(session.last_use_address.map(|address| address.to_string()))
        .bind(session.idle_expire_time.micros())
        .bind(session.absolute_expire_time.micros())
        .bind(i64::from(session.counter))
        .bind(session.refresh_hash.bytes().as_slice());
    let row = match link.fetch_one(events::bind_answer(query, sign_in.answer.as_ref())).await {
        Ok(row) => row,
        Err(failure) if failure.is_duplicate("users_identifier_key") => return Ok(SignInOutcome::UserChanged),
        Err(failure) => return Err(failure.into()),
    };
    Ok(match (row.flag("standing")?, row.flag("same")?, row.flag("done")?) {
        (true, true, true) => SignInOutcome::SignedIn,
        (true, false, _) => SignInOutcome::UserChanged,
        _ => SignInOutcome::Spent,
    })
}
