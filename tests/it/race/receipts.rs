//! Receipts that come while the messages they tell of are settled.

use super::race;
use crate::contract::store::{
    Given,
    given::{NOW, at, challenge, event},
    on_both,
    receipts::{delivered, new},
};
use identity::{domain::audit::Act, domain::receipt::Receipt, ports::store::ReceiptOutcome};
use std::time::Duration;

on_both!(receipts_are_taken_while_their_messages_are_settled);

/// Whichever comes first, neither holds the other up for good: every receipt is taken, and every message is settled.
async fn receipts_are_taken_while_their_messages_are_settled(given: &Given) {
    const MESSAGES: usize = 64;
    for round in 0..4 {
        let mut ids = Vec::new();
        for number in 0..MESSAGES {
            let new = challenge(&format!("ada{round}x{number}@example.com"), NOW);
            ids.push(new.message.message_id);
            given.store.begin_challenge(new).await.unwrap();
        }
        ids.sort();
        given.store.claim(1000, NOW, Duration::from_mins(1)).await.unwrap();
        let taken = race(given, MESSAGES + 1, |store, number| {
            let ids = ids.clone();
            async move {
                if let Some(number) = number.checked_sub(1) {
                    let id = ids[MESSAGES - 1 - number];
                    store
                        .settle(id, delivered("relay"), at(1), Some(event(at(1), Act::MessageDelivered)))
                        .await
                        .unwrap();
                    return 0;
                }
                let receipts = ids.iter().map(|id| new(*id, Receipt::Delivered, "relay", at(1))).collect();
                let outcomes = store.take_receipts(receipts).await.unwrap();
                outcomes.iter().filter(|outcome| matches!(outcome, ReceiptOutcome::Taken { .. })).count()
            }
        })
        .await;
        assert_eq!(taken[0], MESSAGES);
    }
    let told = "SELECT count(*) FROM outbox WHERE receipt = 20 AND delivered AND settle_time IS NOT NULL";
    assert_eq!(given.inspect.number(told).await, 256);
}
