//! The statements that complete sign-ins: one for those of known users, who are most, and one that has room for the rest.
//!
//! First what has to hold, under locks taken in the order of the rows: the challenge stands (`c`), the user is as the caller
//! saw it (`u`), the answer's place is free (`answered`). Only then, from `go`, anything is written.

use super::super::{
    events::each_event,
    notices::{notice_arrays, notice_columns, tell},
};
use crate::adapters::sql::statements::{answer_conflict, event_columns, session_columns};

/// The arrays of what every sign-in has, as `$17` to `$39`; `columns!` names them.
macro_rules! arrays {
    () => {
        "$17::uuid[], $18::bytea[], $19::bigint[], $20::uuid[], $21::text[], $22::uuid[], $23::text[], $24::text[], \
        $25::text[], $26::text[], $27::bigint[], $28::bigint[], $29::bigint[], $30::text[], $31::bigint[], $32::bigint[], \
        $33::bigint[], $34::bytea[], $35::uuid[], $36::bytea[], $37::text[], $38::text[], $39::text[]"
    };
}

macro_rules! columns {
    () => {
        "challenge_id, identifier_key, now, known_user_id, roles, session_id, client_id, device_id, device_name, \
        platform, create_time, auth_time, last_use_time, last_use_address, idle_expire_time, absolute_expire_time, \
        counter, refresh_hash, device_key, counter_key, channel, method, link_state"
    };
}

/// What of the `input` has to hold; `same` is what does.
macro_rules! judged {
    () => {
        "c AS MATERIALIZED (SELECT i.op FROM input AS i JOIN challenges AS h ON h.challenge_id = i.challenge_id \
        WHERE NOT h.used \
        AND CASE WHEN i.link_state IS NULL THEN h.code1_expire_time > i.now \
        ELSE h.link1_expire_time > i.now AND h.link_state = i.link_state END \
        ORDER BY h.challenge_id FOR NO KEY UPDATE OF h), \
        u AS MATERIALIZED (SELECT i.op FROM input AS i JOIN users AS k ON k.user_id = i.known_user_id \
        WHERE NOT k.disabled AND k.roles = i.roles AND i.op IN (SELECT op FROM c) ORDER BY k.user_id FOR SHARE OF k), \
        same AS MATERIALIZED (SELECT * FROM input AS i WHERE i.op IN (SELECT op FROM c) \
        AND (i.known_user_id IS NULL OR i.op IN (SELECT op FROM u))), "
    };
}

/// What is written of each step of `go`, and what is told of each step.
macro_rules! done {
    () => {
        concat!(
            "consumed AS (UPDATE challenges AS h SET used = TRUE \
            FROM go WHERE h.challenge_id = go.challenge_id), \
            failed AS MATERIALIZED (SELECT l.identifier_key FROM go JOIN lockouts AS l \
            ON l.identifier_key = ANY (ARRAY[go.counter_key, go.identifier_key]) \
            AND (l.identifier_key = go.counter_key OR l.locked_until = 9223372036854775807) \
            ORDER BY l.identifier_key FOR UPDATE OF l), \
            forgotten AS (DELETE FROM lockouts AS l USING failed WHERE l.identifier_key = failed.identifier_key), \
            opened AS (INSERT INTO sessions (",
            session_columns!(new),
            ") SELECT ",
            session_columns!(new),
            " FROM go), recorded AS (INSERT INTO audit_events (",
            event_columns!(),
            ") SELECT ",
            event_columns!(),
            " FROM ",
            each_event!(),
            " WHERE op IN (SELECT op FROM go)) \
            SELECT op, op IN (SELECT op FROM c) AS standing, op IN (SELECT op FROM same) AS same, \
            op IN (SELECT op FROM go) AS done FROM input"
        )
    };
}

/// Sign-ins of users who are there, are told nothing, and whose answers nobody keeps.
pub(in super::super) const KNOWN: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM unnest(",
    arrays!(),
    ") WITH ORDINALITY AS t (",
    columns!(),
    ", op)), ",
    judged!(),
    "go AS MATERIALIZED (SELECT *, known_user_id AS user_id FROM same), ",
    done!()
);

/// Any sign-ins. A user who came to be meanwhile breaks the whole statement by the unique key of the identifier.
pub(in super::super) const ANY: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM unnest(",
    arrays!(),
    ", $40::uuid[], $41::text[], $42::bytea[], $43::text[], $44::bytea[], ",
    notice_arrays!(),
    ", $52::bytea[], $53::bytea[], $54::text[], $55::bytea[], $56::bigint[]) WITH ORDINALITY AS t (",
    columns!(),
    ", new_user_id, email_key_id, email, phone_key_id, phone, ",
    notice_columns!(),
    ", call, fingerprint, body_key_id, body, answer_expire_time, op)), ",
    judged!(),
    "answered AS (INSERT INTO answers (call, fingerprint, body_key_id, body, expire_time) \
    SELECT call, fingerprint, body_key_id, body, answer_expire_time FROM same WHERE call IS NOT NULL ORDER BY call",
    answer_conflict!(),
    "$57::bigint RETURNING call), \
    go AS MATERIALIZED (SELECT *, COALESCE(known_user_id, new_user_id) AS user_id FROM same \
    WHERE call IS NULL OR call IN (SELECT call FROM answered)), \
    created AS (INSERT INTO users (user_id, identifier_key, email_key_id, email, phone_key_id, phone, roles, disabled, \
    create_time, locale) SELECT new_user_id, identifier_key, email_key_id, email, phone_key_id, phone, '', FALSE, \
    create_time, locale FROM go WHERE new_user_id IS NOT NULL ORDER BY identifier_key), ",
    tell!(),
    done!()
);
