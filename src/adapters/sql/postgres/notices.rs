//! Notices within the statement that completes sign-ins. Their columns are arrays and always `$45` to `$51`.

use super::link::Bound;
use crate::{
    adapters::sql::steps::notices::BETWEEN,
    ports::store::{NewUser, SignIn, SignInUser},
};

/// The arrays of the columns that [`notice_columns`] names.
macro_rules! notice_arrays {
    () => {
        "$45::uuid[], $46::text[], $47::text[], $48::bytea[], $49::bigint[], $50::text[]"
    };
}

/// Of the notice of a sign-in, with nothing where it has none, and the language of a user to create.
macro_rules! notice_columns {
    () => {
        "notice_id, notice_kind, notice_key_id, notice_content, notice_expire_time, locale"
    };
}

/// Accepts the notices of the sign-ins that are done (`go`), unless one was accepted within the last hour. No two
/// sign-ins of a statement are of one user: their identifier is a mark.
macro_rules! tell {
    () => {
        "noted AS (INSERT INTO notices AS n (user_id, kind, notice_time) SELECT user_id, notice_kind, now FROM go \
        WHERE notice_id IS NOT NULL ORDER BY user_id ON CONFLICT (user_id, kind) DO UPDATE \
        SET notice_time = excluded.notice_time WHERE n.notice_time <= excluded.notice_time - $51::bigint \
        RETURNING n.user_id), \
        told AS (INSERT INTO outbox (message_id, challenge_id, user_id, content_key_id, content, attempts, create_time, \
        expire_time, due_time) SELECT notice_id, NULL::uuid, user_id, notice_key_id, notice_content, 0, now, \
        notice_expire_time, now FROM go WHERE notice_id IS NOT NULL AND user_id IN (SELECT user_id FROM noted)), "
    };
}

pub(super) use {notice_arrays, notice_columns, tell};

/// Binds what `notice_columns` names, and how long notices are apart.
pub(super) fn bind<'q>(query: Bound<'q>, steps: &[&SignIn]) -> Bound<'q> {
    let notices = || steps.iter().map(|step| step.notice.as_ref());
    let messages = || notices().map(|notice| notice.map(|notice| &notice.message));
    query
        .bind(messages().map(|m| m.map(|m| m.message_id.uuid())).collect::<Vec<_>>())
        .bind(notices().map(|n| n.map(|n| n.event.as_str())).collect::<Vec<_>>())
        .bind(messages().map(|m| m.map(|m| m.content.key_id.as_str())).collect::<Vec<_>>())
        .bind(messages().map(|m| m.map(|m| m.content.bytes.as_slice())).collect::<Vec<_>>())
        .bind(messages().map(|m| m.map(|m| m.expire_time.micros())).collect::<Vec<_>>())
        .bind(steps.iter().map(|step| locale(&step.user)).collect::<Vec<_>>())
        .bind(i64::try_from(BETWEEN.as_micros()).unwrap_or(i64::MAX))
}

fn locale(user: &SignInUser) -> &str {
    match user {
        SignInUser::New(NewUser { locale, .. }) => locale,
        SignInUser::Existing { .. } => "",
    }
}
