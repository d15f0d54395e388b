//! Notices within the statement that completes sign-ins; how long two are apart is its `$1`.

use super::shaped::Rows;
use crate::{
    adapters::sql::steps::notices::BETWEEN,
    ports::store::{NewUser, SignIn, SignInUser},
};

/// Accepts the notices of the sign-ins that are done (`go`), unless one was accepted within the last hour. No two
/// sign-ins of a statement are of one user: their identifier is a mark.
macro_rules! tell {
    () => {
        "noted AS (INSERT INTO notices AS n (user_id, kind, notice_time) SELECT user_id, notice_kind, now FROM go \
        WHERE notice_id IS NOT NULL ORDER BY user_id ON CONFLICT (user_id, kind) DO UPDATE \
        SET notice_time = excluded.notice_time WHERE n.notice_time <= excluded.notice_time - $1::bigint \
        RETURNING n.user_id), \
        told AS (INSERT INTO outbox (message_id, challenge_id, user_id, content_key_id, content, attempts, create_time, \
        expire_time, due_time) SELECT notice_id, NULL::uuid, user_id, notice_key_id, notice_content, 0, now, \
        notice_expire_time, now FROM go WHERE notice_id IS NOT NULL AND user_id IN (SELECT user_id FROM noted)), "
    };
}

pub(super) use tell;

/// How long notices are apart, in microseconds.
pub(super) fn between() -> i64 {
    i64::try_from(BETWEEN.as_micros()).unwrap_or(i64::MAX)
}

/// Binds the notice of each sign-in, with nothing where it has none, and the language of a user to create.
pub(super) fn bind(rows: Rows, steps: &[&SignIn]) -> Rows {
    let notices = || steps.iter().map(|step| step.notice.as_ref());
    let messages = || notices().map(|notice| notice.map(|notice| &notice.message));
    rows.column(messages().map(|m| m.map(|m| m.message_id.uuid())))
        .column(notices().map(|n| n.map(|n| n.event.as_str())))
        .column(messages().map(|m| m.map(|m| m.content.key_id.as_str())))
        .column(messages().map(|m| m.map(|m| m.content.bytes.as_slice())))
        .column(messages().map(|m| m.map(|m| m.expire_time.micros())))
        .column(steps.iter().map(|step| locale(&step.user)))
}

fn locale(user: &SignInUser) -> &str {
    match user {
        SignInUser::New(NewUser { locale, .. }) => locale,
        SignInUser::Existing { .. } => "",
    }
}
