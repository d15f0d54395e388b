//! The statements that complete sign-ins: one for each kind that is simple, which are nearly all, and one for any, which has
//! room for the rest and tells why a sign-in is not done.
//!
//! First what has to hold, under locks taken in the order of the rows: the challenge stands (`c`), the user is as the caller
//! saw it (`u`), the answer's place is free (`answered`). Only then, from `go`, anything is written.

use super::super::{
    notices::tell,
    shaped::{Column, Shaped},
};
use crate::adapters::sql::statements::{answer_conflict, event_columns, session_columns};

/// The columns of what every sign-in has, before others.
macro_rules! columns {
    ($($other:expr),*) => {
        &[
            ("challenge_id", "uuid"),
            ("identifier_key", "bytea"),
            ("now", "bigint"),
            ("user_id", "uuid"),
            ("session_id", "uuid"),
            ("client_id", "text"),
            ("device_id", "text"),
            ("device_name", "text"),
            ("platform", "text"),
            ("create_time", "bigint"),
            ("auth_time", "bigint"),
            ("last_use_time", "bigint"),
            ("last_use_address", "text"),
            ("idle_expire_time", "bigint"),
            ("absolute_expire_time", "bigint"),
            ("counter", "bigint"),
            ("refresh_hash", "bytea"),
            ("device_key", "uuid"),
            ("counter_key", "bytea"),
            ("channel", "text"),
            ("method", "text"),
            ("link_state", "text"),
            $($other),*
        ]
    };
}

const TOLD_INPUT: &[Column] = columns!(
    ("roles", "text"),
    ("notice_id", "uuid"),
    ("notice_kind", "text"),
    ("notice_key_id", "text"),
    ("notice_content", "bytea"),
    ("notice_expire_time", "bigint")
);

const NEW_INPUT: &[Column] = columns!(
    ("email_key_id", "text"),
    ("email", "bytea"),
    ("phone_key_id", "text"),
    ("phone", "bytea"),
    ("locale", "text")
);

const ANY_INPUT: &[Column] = columns!(
    ("roles", "text"),
    ("is_new", "boolean"),
    ("email_key_id", "text"),
    ("email", "bytea"),
    ("phone_key_id", "text"),
    ("phone", "bytea"),
    ("locale", "text"),
    ("notice_id", "uuid"),
    ("notice_kind", "text"),
    ("notice_key_id", "text"),
    ("notice_content", "bytea"),
    ("notice_expire_time", "bigint"),
    ("call", "bytea"),
    ("fingerprint", "bytea"),
    ("body_key_id", "text"),
    ("body", "bytea"),
    ("answer_expire_time", "bigint")
);

/// Whether the newest code of the challenge has not expired, or its link, where that is what was proved.
macro_rules! stands {
    () => {
        "CASE WHEN i.link_state IS NULL THEN h.code1_expire_time > i.now AND h.link_state IS DISTINCT FROM 'approved' \
        ELSE h.link1_expire_time > i.now AND h.link_state = i.link_state END"
    };
}

/// What of the `input` has to hold; `same` is what does.
macro_rules! judged {
    () => {
        concat!(
            "c AS MATERIALIZED (SELECT i.op FROM input AS i JOIN challenges AS h ON h.challenge_id = i.challenge_id \
            WHERE NOT h.used AND ",
            stands!(),
            " ORDER BY h.challenge_id FOR NO KEY UPDATE OF h), \
            u AS MATERIALIZED (SELECT i.op FROM input AS i JOIN users AS k ON k.user_id = i.user_id \
            WHERE NOT k.disabled AND k.roles = i.roles AND i.op = ANY (ARRAY(SELECT op FROM c)) \
            ORDER BY k.user_id FOR SHARE OF k), \
            same AS MATERIALIZED (SELECT * FROM input AS i WHERE i.op = ANY (ARRAY(SELECT op FROM c)) \
            AND (i.is_new OR i.op = ANY (ARRAY(SELECT op FROM u)))), "
        )
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
            " FROM {events} WHERE op = ANY (ARRAY(SELECT op FROM go))) \
            SELECT op, op = ANY (ARRAY(SELECT op FROM c)) AS standing, op = ANY (ARRAY(SELECT op FROM same)) AS same, \
            op = ANY (ARRAY(SELECT op FROM go)) AS done FROM input"
        )
    };
}

/// Sign-ins of users who are there and are told nothing. It does all of a step or nothing, and tells of those that it did. As
/// in the statement for any sign-ins all challenges are locked, which are given in their order, and only then, for the users
/// are sorted first, the users: whoever disables one meanwhile finds the session, or is found here.
pub(in super::super) static KNOWN: Shaped = Shaped { text: KNOWN_TEXT, singles: 0, input: columns!(("roles", "text")) };

/// What a sign-in of a user who is there begins with: `go`.
macro_rules! known {
    () => {
        concat!(
            "WITH c AS MATERIALIZED (SELECT i.op, i.challenge_id, i.counter_key, i.identifier_key, i.user_id, i.roles \
            FROM {input: challenge_id, identifier_key, now, user_id, roles, counter_key, link_state} \
            JOIN challenges AS h ON h.challenge_id = i.challenge_id WHERE NOT h.used AND ",
            stands!(),
            " FOR NO KEY UPDATE OF h), \
            go AS MATERIALIZED (SELECT c.op, c.challenge_id, c.counter_key, c.identifier_key FROM c \
            JOIN users AS k ON k.user_id = c.user_id WHERE NOT k.disabled AND k.roles = c.roles \
            ORDER BY k.user_id FOR SHARE OF k), "
        )
    };
}

/// What is written of every step of `go`, which is little, and what is told of them.
macro_rules! written {
    () => {
        concat!(
            "consumed AS (UPDATE challenges AS h SET used = TRUE FROM go WHERE h.challenge_id = go.challenge_id), \
            forgotten AS (DELETE FROM lockouts AS l USING (SELECT counter_key AS key, FALSE AS lifted FROM go UNION ALL \
            SELECT identifier_key, TRUE FROM go WHERE identifier_key <> counter_key ORDER BY key) AS g \
            WHERE l.identifier_key = g.key AND (NOT g.lifted OR l.locked_until = 9223372036854775807)), \
            opened AS (INSERT INTO sessions (",
            session_columns!(new),
            ") SELECT ",
            session_columns!(new),
            " FROM {input: ",
            session_columns!(new),
            "} WHERE op = ANY (ARRAY(SELECT op FROM go))), recorded AS (INSERT INTO audit_events (",
            event_columns!(),
            ") SELECT ",
            event_columns!(),
            " FROM {events} WHERE op = ANY (ARRAY(SELECT op FROM go))) SELECT op FROM go"
        )
    };
}

const KNOWN_TEXT: &str = concat!(known!(), written!());

/// The same for users who are told something. How long notices are apart is its `$1`.
pub(in super::super) static TOLD: Shaped = Shaped { text: TOLD_TEXT, singles: 1, input: TOLD_INPUT };

const TOLD_TEXT: &str = concat!(
    known!(),
    tell!(
        "{input: user_id, notice_kind, now} WHERE op = ANY (ARRAY(SELECT op FROM go))",
        "{input: notice_id, user_id, notice_key_id, notice_content, now, notice_expire_time} \
        WHERE op = ANY (ARRAY(SELECT op FROM go))"
    ),
    written!()
);

/// First sign-ins. A user who came to be meanwhile breaks the whole statement by the unique key of the identifier.
pub(in super::super) static NEW: Shaped = Shaped { text: NEW_TEXT, singles: 0, input: NEW_INPUT };

const NEW_TEXT: &str = concat!(
    "WITH go AS MATERIALIZED (SELECT i.op, i.challenge_id, i.counter_key, i.identifier_key \
    FROM {input: challenge_id, identifier_key, now, counter_key, link_state} \
    JOIN challenges AS h ON h.challenge_id = i.challenge_id WHERE NOT h.used AND ",
    stands!(),
    " FOR NO KEY UPDATE OF h), \
    created AS (INSERT INTO users (user_id, identifier_key, email_key_id, email, phone_key_id, phone, roles, disabled, \
    create_time, locale) SELECT user_id, identifier_key, email_key_id, email, phone_key_id, phone, '', FALSE, \
    create_time, locale FROM {input: user_id, identifier_key, email_key_id, email, phone_key_id, phone, create_time, locale} \
    WHERE op = ANY (ARRAY(SELECT op FROM go)) ORDER BY identifier_key), ",
    written!()
);

/// Any sign-ins. A user who came to be meanwhile breaks the whole statement by the unique key of the identifier.
pub(in super::super) static ANY: Shaped = Shaped { text: ANY_TEXT, singles: 2, input: ANY_INPUT };

const ANY_TEXT: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM {input}), ",
    judged!(),
    "answered AS (INSERT INTO answers (call, fingerprint, body_key_id, body, expire_time) \
    SELECT call, fingerprint, body_key_id, body, answer_expire_time FROM same WHERE call IS NOT NULL ORDER BY call",
    answer_conflict!(),
    "$2::bigint RETURNING call), \
    go AS MATERIALIZED (SELECT * FROM same \
    WHERE call IS NULL OR call IN (SELECT call FROM answered)), \
    created AS (INSERT INTO users (user_id, identifier_key, email_key_id, email, phone_key_id, phone, roles, disabled, \
    create_time, locale) SELECT user_id, identifier_key, email_key_id, email, phone_key_id, phone, '', FALSE, \
    create_time, locale FROM go WHERE is_new ORDER BY identifier_key), ",
    tell!("go WHERE notice_id IS NOT NULL", "go WHERE notice_id IS NOT NULL"),
    done!()
);
