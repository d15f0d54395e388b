//! Receipts of providers, and what follows from them.

use super::{
    Given,
    given::{NOW, answer, at, challenge, event, identifier},
    on_both,
};
use identity::{
    domain::{
        audit::Act,
        contact::IdentifierKey,
        delivery::MessageState,
        digest::Digest,
        id::{ChallengeId, MessageId},
        progress::DeliveryState,
        receipt::Receipt,
        suppression::Cause,
        time::Timestamp,
    },
    ports::store::{
        DeliveryOf, Lift, LiftOutcome, NewReceipt, NewSuppression, ReceiptOutcome, Settlement, SuppressedKey,
    },
};
use std::time::Duration;

on_both!(
    a_receipt_is_kept_with_its_event,
    receipts_may_come_in_any_order_and_twice,
    of_one_receipt_that_comes_many_times_at_once_one_is_news,
    a_receipt_may_come_before_its_hand_over_is_settled,
    only_the_provider_that_took_a_message_tells_of_it,
    a_bounce_suppresses_its_address,
    a_complaint_outlasts_a_bounce,
    two_messages_of_an_address_bounce_together,
    a_suppression_is_lifted,
    suppressions_are_read_on_from_where_one_was,
    what_comes_late_is_harmless_and_suppressions_end,
);

const ADA: &str = "ada@example.com";

/// A message with a code for an address, which `relay` has taken.
async fn taken(given: &Given, address: &str, time: Timestamp) -> (ChallengeId, MessageId) {
    let (challenge_id, id) = accepted(given, address, time).await;
    given.store.claim(10, time, Duration::from_mins(1)).await.unwrap();
    settle(given, id, delivered("relay"), time).await;
    (challenge_id, id)
}

async fn accepted(given: &Given, address: &str, time: Timestamp) -> (ChallengeId, MessageId) {
    let new = challenge(address, time);
    let ids = (new.challenge.scope.challenge_id, new.message.message_id);
    given.store.begin_challenge(new).await.unwrap();
    ids
}

pub(crate) fn delivered(provider: &str) -> Settlement {
    Settlement::Delivered { provider: provider.to_owned(), provider_message_id: "p".to_owned() }
}

async fn settle(given: &Given, id: MessageId, settlement: Settlement, time: Timestamp) {
    given.store.settle(id, settlement, time, Some(event(time, Act::MessageDelivered))).await.unwrap();
}

pub(crate) fn new(id: MessageId, receipt: Receipt, provider: &str, now: Timestamp) -> NewReceipt {
    let mut event_of = event(now, Act::ReceiptTaken).failed(receipt.as_str());
    event_of.message_id = Some(id);
    let suppression = receipt.suppresses().map(|cause| NewSuppression {
        cause,
        expire_time: now.after(cause.lasts()),
        event: event(now, Act::AddressSuppressed),
    });
    NewReceipt { message_id: id, receipt, provider: provider.to_owned(), now, event: event_of, suppression }
}

async fn take(given: &Given, id: MessageId, receipt: Receipt, now: Timestamp) -> ReceiptOutcome {
    given.store.take_receipts(vec![new(id, receipt, "relay", now)]).await.unwrap()[0]
}

async fn state(given: &Given, id: MessageId) -> MessageState {
    given.store.deliveries(DeliveryOf::Message(id), 1).await.unwrap()[0].state
}

async fn told(given: &Given, id: ChallengeId) -> DeliveryState {
    given.store.standings(&[id]).await.unwrap()[0].1.delivery
}

const TAKEN: ReceiptOutcome = ReceiptOutcome::Taken { suppressed: None };

async fn a_receipt_is_kept_with_its_event(given: &Given) {
    let (challenge_id, id) = taken(given, ADA, NOW).await;
    assert_eq!((state(given, id).await, told(given, challenge_id).await), (MessageState::Sent, DeliveryState::Sent));
    assert_eq!(take(given, id, Receipt::Delivered, at(2)).await, TAKEN);
    assert_eq!(state(given, id).await, MessageState::Told(Receipt::Delivered));
    assert_eq!(told(given, challenge_id).await, DeliveryState::Delivered);
    let delivery = given.store.deliveries(DeliveryOf::Challenge(challenge_id), 1).await.unwrap().remove(0);
    assert_eq!(delivery.receipt_time, Some(at(2)));
    let events = "SELECT count(*) FROM audit_events AS e JOIN outbox AS o ON o.message_id = e.message_id \
        AND o.challenge_id = e.challenge_id WHERE e.act = 'receipt.taken' AND e.reason = 'DELIVERED' \
        AND e.address IS NOT NULL AND e.identifier_key IS NULL";
    assert_eq!(given.inspect.number(events).await, 1);
}

async fn receipts_may_come_in_any_order_and_twice(given: &Given) {
    use Receipt::{Bounced, Complained, Deferred, Delivered, Failed};
    for (n, (told, end)) in [
        (vec![Deferred, Delivered, Delivered], Delivered),
        (vec![Delivered, Deferred], Delivered),
        (vec![Delivered, Bounced], Bounced),
        (vec![Bounced, Delivered, Bounced, Failed], Bounced),
        (vec![Complained, Delivered, Bounced], Complained),
    ]
    .into_iter()
    .enumerate()
    {
        let (_, id) = taken(given, &format!("ada{n}@example.com"), NOW).await;
        let mut heaviest = None;
        for receipt in told {
            let news = heaviest.is_none_or(|before| receipt > before);
            let outcome = take(given, id, receipt, at(3)).await;
            assert_eq!(outcome != ReceiptOutcome::NoNews, news, "{receipt:?} after {heaviest:?}");
            heaviest = heaviest.max(Some(receipt));
        }
        assert_eq!(state(given, id).await, MessageState::Told(end));
    }
    let recorded = "SELECT count(*) FROM audit_events WHERE act = 'receipt.taken'";
    assert_eq!(given.inspect.number(recorded).await, 7, "one for each that was news");
}

async fn of_one_receipt_that_comes_many_times_at_once_one_is_news(given: &Given) {
    let (_, first) = taken(given, ADA, NOW).await;
    let (_, second) = taken(given, "bob@example.com", NOW).await;
    let post = || given.store.take_receipts([first, second].map(|id| new(id, Receipt::Bounced, "relay", at(1))).into());
    let outcomes = futures_util::future::join_all((0..8).map(|_| post())).await;
    let news = outcomes.into_iter().flat_map(Result::unwrap).filter(|outcome| *outcome != ReceiptOutcome::NoNews);
    assert_eq!(news.count(), 2);
    let recorded = "SELECT count(*) FROM audit_events WHERE act IN ('receipt.taken', 'address.suppressed')";
    assert_eq!(given.inspect.number(recorded).await, 4);
}

async fn a_receipt_may_come_before_its_hand_over_is_settled(given: &Given) {
    let (challenge_id, id) = accepted(given, ADA, NOW).await;
    assert_eq!(take(given, id, Receipt::Delivered, at(1)).await, TAKEN);
    settle(given, id, delivered("relay"), at(2)).await;
    assert_eq!(state(given, id).await, MessageState::Told(Receipt::Delivered));
    assert_eq!(told(given, challenge_id).await, DeliveryState::Delivered);
    assert!(given.store.claim(10, at(100), Duration::from_mins(1)).await.unwrap().is_empty());
}

async fn only_the_provider_that_took_a_message_tells_of_it(given: &Given) {
    let (_, id) = taken(given, ADA, NOW).await;
    let of = |id, provider| vec![new(id, Receipt::Bounced, provider, at(1))];
    for receipts in [of(id, "other"), of(id, ""), of(MessageId::new(uuid::Uuid::from_u128(7)), "relay")] {
        assert_eq!(given.store.take_receipts(receipts).await.unwrap(), [ReceiptOutcome::NoNews]);
    }
    assert_eq!(given.inspect.count("suppressions").await, 0);
    for (reason, outcome) in [("EXPIRED", ReceiptOutcome::NoNews), ("UNANSWERED", TAKEN)] {
        let (_, id) = accepted(given, &format!("{reason}@example.com"), at(1)).await;
        settle(given, id, Settlement::Dropped { reason }, at(2)).await;
        assert_eq!(take(given, id, Receipt::Delivered, at(3)).await, outcome, "{reason}");
    }
    assert!(given.store.take_receipts(Vec::new()).await.unwrap().is_empty());
}

async fn a_bounce_suppresses_its_address(given: &Given) {
    let (challenge_id, id) = taken(given, ADA, NOW).await;
    let key = identifier(ADA);
    assert_eq!(given.store.suppression(key, at(1)).await.unwrap(), None);
    assert_eq!(take(given, id, Receipt::Bounced, at(1)).await, ReceiptOutcome::Taken { suppressed: Some(key) });
    let found = given.store.suppression(key, at(1)).await.unwrap().unwrap();
    assert_eq!((found.cause, found.provider.as_str()), (Cause::Bounced, "relay"));
    assert_eq!((found.message_id, found.challenge_id), (id, Some(challenge_id)));
    assert_eq!((found.create_time, found.expire_time), (at(1), at(1).after(Cause::Bounced.lasts())));
    assert_eq!(given.store.suppression(key, found.expire_time).await.unwrap(), None);
    assert_eq!(told(given, challenge_id).await, DeliveryState::Bounced);
    let events = "SELECT count(*) FROM audit_events WHERE act = 'address.suppressed' AND identifier_key IS NOT NULL \
        AND challenge_id IS NOT NULL AND message_id IS NOT NULL";
    assert_eq!(given.inspect.number(events).await, 1);
}

async fn a_complaint_outlasts_a_bounce(given: &Given) {
    let key = identifier(ADA);
    let suppressed = ReceiptOutcome::Taken { suppressed: Some(key) };
    let [first, second, third] =
        [taken(given, ADA, NOW).await.1, taken(given, ADA, NOW).await.1, taken(given, ADA, NOW).await.1];
    assert_eq!(take(given, first, Receipt::Bounced, at(1)).await, suppressed);
    assert_eq!(take(given, second, Receipt::Complained, at(2)).await, suppressed);
    assert_eq!(take(given, third, Receipt::Bounced, at(3)).await, TAKEN);
    let found = given.store.suppression(key, at(4)).await.unwrap().unwrap();
    assert_eq!((found.cause, found.message_id), (Cause::Complained, second));
    assert_eq!(given.inspect.number("SELECT count(*) FROM audit_events WHERE act = 'address.suppressed'").await, 2);
}

async fn two_messages_of_an_address_bounce_together(given: &Given) {
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(taken(given, ADA, NOW).await.1);
    }
    let other = taken(given, "bob@example.com", NOW).await.1;
    let unknown = MessageId::new(uuid::Uuid::from_u128(7));
    let mut receipts: Vec<_> = ids.iter().map(|id| new(*id, Receipt::Bounced, "relay", at(1))).collect();
    receipts.push(new(unknown, Receipt::Bounced, "relay", at(1)));
    receipts.push(new(other, Receipt::Delivered, "relay", at(1)));
    let outcomes = given.store.take_receipts(receipts).await.unwrap();
    let of = |key: &str| ReceiptOutcome::Taken { suppressed: Some(identifier(key)) };
    assert_eq!(outcomes[..2].iter().filter(|outcome| **outcome == of(ADA)).count(), 1);
    assert_eq!(outcomes[..2].iter().filter(|outcome| **outcome == TAKEN).count(), 1);
    assert_eq!(outcomes[2..], [ReceiptOutcome::NoNews, TAKEN]);
    assert_eq!(given.inspect.number("SELECT count(*) FROM audit_events WHERE act = 'address.suppressed'").await, 1);
    assert_eq!(given.inspect.number("SELECT count(*) FROM audit_events WHERE act = 'receipt.taken'").await, 3);
}

fn lift(cause: Option<Cause>, now: Timestamp) -> Lift {
    Lift { key: identifier(ADA), cause, now, event: event(now, Act::SuppressionLifted), answer: None }
}

async fn a_suppression_is_lifted(given: &Given) {
    assert_eq!(given.store.lift_suppression(lift(None, at(1))).await.unwrap(), LiftOutcome::None);
    let id = taken(given, ADA, NOW).await.1;
    take(given, id, Receipt::Bounced, at(1)).await;
    let other_cause = lift(Some(Cause::Complained), at(2));
    assert_eq!(given.store.lift_suppression(other_cause).await.unwrap(), LiftOutcome::None);
    let repeatable = Lift { answer: Some(answer("request", "lift", at(2))), ..lift(Some(Cause::Bounced), at(2)) };
    assert_eq!(given.store.lift_suppression(repeatable.clone()).await.unwrap(), LiftOutcome::Lifted);
    assert_eq!(given.store.suppression(identifier(ADA), at(2)).await.unwrap(), None);
    // What it stood on comes again, and suppresses nobody again.
    assert_eq!(take(given, id, Receipt::Bounced, at(3)).await, ReceiptOutcome::NoNews);
    assert_eq!(given.store.suppression(identifier(ADA), at(3)).await.unwrap(), None);
    let again = taken(given, ADA, at(4)).await.1;
    take(given, again, Receipt::Bounced, at(4)).await;
    assert_eq!(given.store.lift_suppression(repeatable).await.unwrap(), LiftOutcome::AlreadyAnswered);
    assert!(given.store.suppression(identifier(ADA), at(5)).await.unwrap().is_some());
    assert_eq!(given.inspect.number("SELECT count(*) FROM audit_events WHERE act = 'suppression.lifted'").await, 1);
}

async fn suppressions_are_read_on_from_where_one_was(given: &Given) {
    let mut expected = Vec::new();
    for (n, time) in [(0, at(1)), (1, at(1)), (2, at(1)), (3, at(2))] {
        let address = format!("ada{n}@example.com");
        let id = taken(given, &address, NOW).await.1;
        take(given, id, Receipt::Bounced, time).await;
        let key = identifier(&address);
        expected.push(SuppressedKey { key, create_time: time, expire_time: time.after(Cause::Bounced.lasts()) });
    }
    expected.sort_by_key(|one| (one.create_time, *one.key.0.bytes()));
    let mut after = (NOW, IdentifierKey(Digest::from_bytes([0; 32])));
    let mut found = Vec::new();
    loop {
        let page = given.store.suppressions_after(after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = (last.create_time, last.key);
        found.extend(page);
    }
    assert_eq!(found, expected);
}

async fn what_comes_late_is_harmless_and_suppressions_end(given: &Given) {
    let (_, bounced) = taken(given, ADA, NOW).await;
    let (_, late) = taken(given, "bob@example.com", NOW).await;
    take(given, bounced, Receipt::Bounced, at(1)).await;
    let day = NOW.after(Duration::from_hours(25));
    given.store.sweep(day).await.unwrap();
    assert_eq!((given.inspect.count("outbox").await, given.inspect.count("suppressions").await), (0, 1));
    assert_eq!(take(given, late, Receipt::Bounced, day).await, ReceiptOutcome::NoNews);
    given.store.sweep(at(1).after(Cause::Bounced.lasts())).await.unwrap();
    assert_eq!(given.inspect.count("suppressions").await, 0);
}
