//! Takes receipts of providers in one statement, however many come together.

use super::{
    connections::{Connections, place},
    events::Events,
    shaped::{Rows, Shaped},
};
use crate::{
    adapters::sql::{lane::Broken, rows},
    domain::contact::IdentifierKey,
    ports::store::{NewReceipt, ReceiptOutcome, StoreFault},
};

/// Each receipt has its event by its own number (`op`), and that of its suppression by its number and the count of all.
/// The messages are locked in the order of their ids, as who settles them does. `COALESCE` keeps the planner from the index of what waits.
pub(super) static TAKE: Shaped = Shaped {
    text: TEXT,
    singles: 0,
    input: &[
        ("message_id", "uuid"),
        ("receipt", "bigint"),
        ("now", "bigint"),
        ("provider", "text"),
        ("cause", "text"),
        ("suppress_until", "bigint"),
    ],
};

const TEXT: &str = "WITH input AS MATERIALIZED (SELECT * FROM {input} ORDER BY message_id), \
    e AS MATERIALIZED (SELECT * FROM {events}), \
    changed AS (UPDATE outbox AS o SET receipt = i.receipt, receipt_time = i.now FROM input AS i \
    WHERE o.message_id = i.message_id AND o.receipt < i.receipt AND (o.provider = i.provider OR (o.provider = '' \
    AND (COALESCE(o.settle_time, -1) = -1 OR o.reason = 'UNANSWERED'))) \
    RETURNING i.op, i.now, i.provider, i.cause, i.suppress_until, o.message_id, o.challenge_id, o.user_id), \
    whom AS (SELECT c.*, COALESCE((SELECT h.identifier_key FROM challenges AS h WHERE h.challenge_id = c.challenge_id), \
    (SELECT u.identifier_key FROM users AS u WHERE u.user_id = c.user_id)) AS identifier_key FROM changed AS c), \
    suppressed AS (INSERT INTO suppressions AS s (identifier_key, cause, provider, message_id, challenge_id, create_time, \
    expire_time) SELECT DISTINCT ON (identifier_key) identifier_key, cause, provider, message_id, challenge_id, now, \
    suppress_until FROM whom WHERE cause IS NOT NULL AND identifier_key IS NOT NULL \
    ORDER BY identifier_key, suppress_until DESC ON CONFLICT (identifier_key) DO UPDATE SET cause = excluded.cause, \
    provider = excluded.provider, message_id = excluded.message_id, challenge_id = excluded.challenge_id, \
    create_time = excluded.create_time, expire_time = excluded.expire_time WHERE s.expire_time < excluded.expire_time \
    RETURNING s.message_id, s.identifier_key), \
    told AS (SELECT w.op, w.message_id, w.challenge_id, w.user_id, NULL::bytea AS identifier_key FROM whom AS w UNION ALL \
    SELECT w.op + (SELECT count(*) FROM input), w.message_id, w.challenge_id, w.user_id, s.identifier_key \
    FROM suppressed AS s JOIN whom AS w ON w.message_id = s.message_id), \
    recorded AS (INSERT INTO audit_events (event_id, time, act, outcome, reason, actor, address, trace_id, identifier_key, \
    user_id, session_id, challenge_id, message_id, client_id, device_id) SELECT e.event_id, e.time, e.act, e.outcome, \
    e.reason, e.actor, e.address, e.trace_id, t.identifier_key, t.user_id, NULL::uuid, t.challenge_id, t.message_id, \
    e.client_id, e.device_id FROM told AS t JOIN e ON e.op = t.op) SELECT w.op, s.identifier_key FROM whom AS w LEFT JOIN suppressed AS s ON s.message_id = w.message_id";

/// Takes receipts, all or none.
pub(super) async fn take(
    connections: &Connections,
    receipts: &[NewReceipt],
) -> Result<Vec<ReceiptOutcome>, StoreFault> {
    let own = receipts.iter().map(|receipt| std::slice::from_ref(&receipt.event));
    let of_suppressions = receipts.iter().map(|receipt| {
        receipt.suppression.as_ref().map_or(&[][..], |suppression| std::slice::from_ref(&suppression.event))
    });
    let suppressions = || receipts.iter().map(|receipt| receipt.suppression.as_ref());
    let events = Events::of(own.chain(of_suppressions));
    let query = Rows::of(events.bind(TAKE.query(events.len(), receipts.len())), receipts.len())
        .column(column!(receipts, r => r.message_id.uuid()))
        .column(column!(receipts, r => i64::from(r.receipt.weight())))
        .column(column!(receipts, r => r.now.micros()))
        .column(column!(receipts, r => r.provider.as_str()))
        .column(suppressions().map(|new| new.map(|new| new.cause.as_str())))
        .column(suppressions().map(|new| new.map(|new| new.expire_time.micros())))
        .numbered();
    let found = connections.try_run(query).await?;
    let mut outcomes = vec![ReceiptOutcome::NoNews; receipts.len()];
    for row in &found {
        let outcome = place(row, &mut outcomes).map_err(fault_of)?;
        let suppressed = rows::digest_or_none(row, "identifier_key")?.map(IdentifierKey);
        *outcome = ReceiptOutcome::Taken { suppressed };
    }
    Ok(outcomes)
}

fn fault_of(broken: Broken) -> StoreFault {
    match broken {
        Broken::Refused(fault) | Broken::Lost(fault) => fault,
    }
}
