//! What must be true of a store whatever happened to the process that wrote it.

use crate::support::world::{Store, World};

/// Pairs of numbers that are the same wherever every step was done wholly or not at all.
const SAME: [(&str, &str, &str); 8] = [
    (
        "each challenge was begun with its event",
        "SELECT COUNT(*) FROM challenges",
        "SELECT COUNT(*) FROM audit_events WHERE act = 'code.sent' AND outcome = 'success'",
    ),
    (
        "each code was written down with its message",
        "SELECT COUNT(*) FROM outbox WHERE challenge_id IS NOT NULL",
        "SELECT COUNT(*) FROM audit_events WHERE act IN ('code.sent', 'code.resent') AND outcome = 'success'",
    ),
    (
        "each user came with an event",
        "SELECT COUNT(*) FROM users",
        "SELECT COUNT(*) FROM audit_events WHERE act = 'user.created'",
    ),
    (
        "each session came with an event",
        "SELECT COUNT(*) FROM sessions",
        "SELECT COUNT(*) FROM audit_events WHERE act = 'session.started'",
    ),
    ("each session used up a challenge", "SELECT COUNT(*) FROM sessions", "SELECT COUNT(*) FROM challenges WHERE used"),
    (
        "each rotation came with an event",
        "SELECT SUM(counter) FROM sessions",
        "SELECT COUNT(*) FROM audit_events WHERE act = 'token.refreshed' AND outcome = 'success' AND reason = ''",
    ),
    (
        "each session ended with an event",
        "SELECT COUNT(*) FROM sessions WHERE end_time IS NOT NULL",
        "SELECT COUNT(*) FROM audit_events WHERE act = 'session.revoked' AND outcome = 'success'",
    ),
    (
        "each link was approved with an event",
        "SELECT COUNT(*) FROM challenges WHERE link_state IN ('approved', 'collected')",
        "SELECT COUNT(*) FROM audit_events WHERE act = 'link.approved' AND outcome = 'success'",
    ),
];

/// What there is none of.
const NONE: [(&str, &str); 5] = [
    ("a session of nobody", "SELECT COUNT(*) FROM sessions WHERE user_id NOT IN (SELECT user_id FROM users)"),
    (
        "a message of no challenge",
        "SELECT COUNT(*) FROM outbox WHERE challenge_id NOT IN (SELECT challenge_id FROM challenges)",
    ),
    ("an attempt too many", "SELECT COUNT(*) FROM challenges WHERE attempts > max_attempts"),
    (
        "a session that ends after its last day",
        "SELECT COUNT(*) FROM sessions WHERE idle_expire_time > absolute_expire_time",
    ),
    (
        "a message that is settled and kept",
        "SELECT COUNT(*) FROM outbox WHERE settle_time IS NOT NULL AND content IS NOT NULL",
    ),
];

/// Asserts that the books of a world are true, and its file sound.
pub(super) async fn are_true(world: &World, when: &str) {
    let number = async |query: &str| world.number(query).await.max(0);
    for (what, left, right) in SAME {
        assert_eq!(number(left).await, number(right).await, "{what}, {when}");
    }
    for (what, query) in NONE {
        assert_eq!(number(query).await, 0, "{what}, {when}");
    }
    if store_of(world) == Store::Sqlite {
        assert_eq!(
            number("SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'").await,
            1,
            "{when}"
        );
        assert_eq!(number("SELECT COUNT(*) FROM pragma_foreign_key_check").await, 0, "{when}");
    }
}

/// Where a world keeps everything.
pub(super) fn store_of(world: &World) -> Store {
    if world.database.is_some() { Store::Postgres } else { Store::Sqlite }
}
