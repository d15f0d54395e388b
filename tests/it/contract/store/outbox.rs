//! Claiming and settling messages.

use super::{
    Engine, Given,
    given::{NOW, at, challenge, event},
    on_both,
};
use identity::{
    adapters::sql::{PostgresStore, SqliteStore},
    domain::{audit::Act, id::MessageId, message::ClaimedMessage, time::Timestamp},
    ports::store::Settlement,
};
use std::time::Duration;

on_both!(
    a_claim_is_a_lease,
    claims_come_oldest_first_up_to_the_limit,
    codes_come_before_notices,
    codes_are_not_looked_for_among_notices,
    nothing_is_due_before_its_time,
    a_retry_comes_at_its_time,
    what_was_accepted_as_claimed_can_be_released_until_it_is_carried,
    delivered_erases_the_content,
    dropped_erases_the_content,
    what_is_settled_stays,
    the_expired_are_claimed_too,
);

const LEASE: Duration = Duration::from_mins(1);

async fn accepted(given: &Given, time: Timestamp) -> MessageId {
    let new = challenge("ada@example.com", time);
    let id = new.message.message_id;
    given.store.begin_challenge(new).await.unwrap();
    id
}

async fn claim(given: &Given, now: Timestamp) -> Vec<ClaimedMessage> {
    given.store.claim(10, now, LEASE).await.unwrap()
}

async fn settle(given: &Given, id: MessageId, settlement: Settlement, act: Act) {
    given.store.settle(id, settlement, at(5), Some(event(at(5), act))).await.unwrap();
}

fn delivered() -> Settlement {
    Settlement::Delivered { provider: "relay".to_owned(), provider_message_id: "provider 1".to_owned() }
}

async fn a_claim_is_a_lease(given: &Given) {
    let id = accepted(given, NOW).await;
    assert_eq!(claim(given, NOW).await[0].attempts, 1);
    assert!(claim(given, at(1)).await.is_empty());
    assert!(claim(given, at(60).before(Duration::from_micros(1))).await.is_empty());
    let again = claim(given, at(60)).await;
    assert_eq!((again[0].message_id, again[0].attempts), (id, 2));
}

async fn claims_come_oldest_first_up_to_the_limit(given: &Given) {
    let mut ids = Vec::new();
    for seconds in [3, 1, 2] {
        ids.push(accepted(given, at(seconds)).await);
    }
    let first = given.store.claim(2, at(3), LEASE).await.unwrap();
    assert_eq!(first.iter().map(|message| message.message_id).collect::<Vec<_>>(), [ids[1], ids[2]]);
    let second = given.store.claim(2, at(3), LEASE).await.unwrap();
    assert_eq!(second.iter().map(|message| message.message_id).collect::<Vec<_>>(), [ids[0]]);
    assert!(given.store.claim(0, at(300), LEASE).await.unwrap().is_empty());
}

async fn codes_come_before_notices(given: &Given) {
    let notice_id = accepted(given, NOW).await;
    given.inspect.execute("UPDATE outbox SET challenge_id = NULL").await.unwrap();
    let code = accepted(given, at(1)).await;
    let ids = |messages: &[ClaimedMessage]| messages.iter().map(|one| one.message_id).collect::<Vec<_>>();
    assert_eq!(ids(&given.store.claim(2, at(1), LEASE).await.unwrap()), [code, notice_id]);
    assert_eq!(ids(&given.store.claim(1, at(61), LEASE).await.unwrap()), [code]);
    assert_eq!(ids(&given.store.claim(1, at(61), LEASE).await.unwrap()), [notice_id]);
}

/// A provider that is away leaves them by the hundred thousand.
async fn codes_are_not_looked_for_among_notices(given: &Given) {
    let mut texts: Box<dyn Iterator<Item = _>> = match given.engine {
        Engine::Sqlite => Box::new(SqliteStore::texts()),
        Engine::Postgres => Box::new(PostgresStore::texts()),
    };
    let claim = texts.find_map(|(name, text)| (name == "CLAIM").then_some(text)).unwrap();
    let plan = given.inspect.plan(claim).await;
    assert!(["outbox_codes_due", "outbox_notices_due"].iter().all(|index| plan.contains(index)), "{plan}");
}

async fn nothing_is_due_before_its_time(given: &Given) {
    accepted(given, at(1)).await;
    assert!(claim(given, NOW).await.is_empty());
}

async fn a_retry_comes_at_its_time(given: &Given) {
    let id = accepted(given, NOW).await;
    claim(given, NOW).await;
    given.store.settle(id, Settlement::Retry { due_time: at(7), unanswered: 1 }, at(5), None).await.unwrap();
    assert!(claim(given, at(6)).await.is_empty());
    let again = claim(given, at(7)).await;
    assert_eq!(
        (again[0].message_id, again[0].attempts, again[0].unanswered, again[0].content.bytes.as_slice()),
        (id, 2, 1, b"content".as_slice())
    );
    assert_eq!(given.inspect.acts().await, ["code.sent"]);
}

async fn what_was_accepted_as_claimed_can_be_released_until_it_is_carried(given: &Given) {
    let mut new = challenge("ada@example.com", NOW);
    new.message.lease_end = Some(at(60));
    let id = new.message.message_id;
    given.store.begin_challenge(new).await.unwrap();
    let unknown = MessageId::new(uuid::Uuid::nil());
    let release = async |seconds| given.store.release(vec![unknown, id], at(seconds)).await.unwrap();
    assert!(claim(given, at(1)).await.is_empty());
    release(1).await;
    assert_eq!(claim(given, at(1)).await[0].attempts, 2);
    // Somebody carries it now.
    release(2).await;
    assert!(claim(given, at(2)).await.is_empty());
    settle(given, id, delivered(), Act::MessageDelivered).await;
    release(6).await;
    assert!(claim(given, at(1000)).await.is_empty());
    assert_eq!(given.inspect.acts().await, ["code.sent", "message.delivered"]);
}

async fn delivered_erases_the_content(given: &Given) {
    let id = accepted(given, NOW).await;
    claim(given, NOW).await;
    settle(given, id, delivered(), Act::MessageDelivered).await;
    assert!(claim(given, at(1000)).await.is_empty());
    let row = "SELECT count(*) FROM outbox WHERE content IS NULL AND content_key_id IS NULL AND delivered \
        AND provider = 'relay' AND reason = '' AND provider_message_id = 'provider 1' AND settle_time = 1800000005123457";
    assert_eq!(given.inspect.number(row).await, 1);
    assert_eq!(given.inspect.acts().await, ["code.sent", "message.delivered"]);
}

async fn dropped_erases_the_content(given: &Given) {
    let id = accepted(given, NOW).await;
    claim(given, NOW).await;
    settle(given, id, Settlement::Dropped { reason: "EXPIRED" }, Act::MessageDropped).await;
    assert!(claim(given, at(1000)).await.is_empty());
    let row = "SELECT count(*) FROM outbox WHERE content IS NULL AND NOT delivered AND reason = 'EXPIRED'";
    assert_eq!(given.inspect.number(row).await, 1);
    assert_eq!(given.inspect.acts().await, ["code.sent", "message.dropped"]);
}

async fn what_is_settled_stays(given: &Given) {
    let id = accepted(given, NOW).await;
    claim(given, NOW).await;
    settle(given, id, delivered(), Act::MessageDelivered).await;
    settle(given, id, delivered(), Act::MessageDelivered).await;
    settle(given, id, Settlement::Dropped { reason: "EXPIRED" }, Act::MessageDropped).await;
    settle(given, id, Settlement::Retry { due_time: at(6), unanswered: 2 }, Act::MessageDropped).await;
    assert!(claim(given, at(1000)).await.is_empty());
    assert_eq!(given.inspect.acts().await, ["code.sent", "message.delivered"]);
    assert_eq!(given.inspect.number("SELECT count(*) FROM outbox WHERE delivered").await, 1);
}

async fn the_expired_are_claimed_too(given: &Given) {
    let id = accepted(given, NOW).await;
    let claimed = claim(given, at(1000)).await;
    assert_eq!(claimed[0].message_id, id);
    assert!(claimed[0].expire_time < at(1000));
}
