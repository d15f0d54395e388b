//! Notices within the statement that completes sign-ins; how long two are apart is its `$1`.

use super::shaped::Rows;
use crate::{adapters::sql::steps::notices::BETWEEN, ports::store::SignIn};

/// Accepts the notices of some sign-ins, unless one was accepted within the last hour: who is told when (`user_id`,
/// `notice_kind`, `now`), and of what. No two sign-ins of a statement are of one user: their identifier is a mark.
macro_rules! tell {
    ($whom:expr, $what:expr) => {
        concat!(
            "noted AS (INSERT INTO notices AS n (user_id, kind, notice_time) SELECT user_id, notice_kind, now FROM ",
            $whom,
            " ORDER BY user_id ON CONFLICT (user_id, kind) DO UPDATE \
            SET notice_time = excluded.notice_time WHERE n.notice_time <= excluded.notice_time - $1::bigint \
            RETURNING n.user_id), \
            told AS (INSERT INTO outbox (message_id, challenge_id, user_id, content_key_id, content, attempts, \
            create_time, expire_time, due_time) SELECT notice_id, NULL::uuid, user_id, notice_key_id, notice_content, 0, \
            now, notice_expire_time, now FROM ",
            $what,
            " AND user_id = ANY (ARRAY(SELECT user_id FROM noted))), "
        )
    };
}

pub(super) use tell;

/// How long notices are apart, in microseconds.
pub(super) fn between() -> i64 {
    i64::try_from(BETWEEN.as_micros()).unwrap_or(i64::MAX)
}

/// Binds the notice of each sign-in, with nothing where it has none.
pub(super) fn bind(rows: Rows, steps: &[&SignIn]) -> Rows {
    let notices = || steps.iter().map(|step| step.notice.as_ref());
    let messages = || notices().map(|notice| notice.map(|notice| &notice.message));
    rows.column(messages().map(|m| m.map(|m| m.message_id.uuid())))
        .column(notices().map(|n| n.map(|n| n.event.as_str())))
        .column(messages().map(|m| m.map(|m| m.content.key_id.as_str())))
        .column(messages().map(|m| m.map(|m| m.content.bytes.as_slice())))
        .column(messages().map(|m| m.map(|m| m.expire_time.micros())))
}
