//! Codes: attempts and failures are counted exactly, further codes and repeated calls happen once.

use super::{MANY, race};
use crate::contract::store::{
    Given,
    given::{NOW, an_attempt, answer, at, challenge, further},
    on_both,
};
use identity::{
    domain::lockout::{Ladder, Rung},
    ports::store::{BeginOutcome, ChargeOutcome, ResendOutcome},
};
use std::time::Duration;

on_both!(
    of_many_attempts_five_are_charged,
    of_many_attempts_three_reach_the_lock,
    an_identifier_is_locked_across_challenges,
    after_a_lock_the_next_rung_holds,
    one_further_code_at_a_time,
    one_call_adds_one_code,
    one_call_begins_one_challenge,
    each_message_has_one_worker,
);

fn is_charged(outcome: &ChargeOutcome) -> bool {
    matches!(outcome, ChargeOutcome::Charged(_))
}

fn is_locked(outcome: &ChargeOutcome) -> bool {
    matches!(outcome, ChargeOutcome::Locked { until, .. } if *until == at(301))
}

async fn of_many_attempts_five_are_charged(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let far = Ladder::new(vec![Rung { failures: 1000, wait: Duration::from_mins(1) }]).unwrap();
    let outcomes = race(given, MANY, |store, _| {
        let far = far.clone();
        async move { store.charge_attempt(an_attempt(id, at(1), &far)).await.unwrap() }
    })
    .await;
    let mut numbers: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            ChargeOutcome::Charged(attempt) => Some(attempt.challenge.attempts),
            _ => None,
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let exhausted = outcomes.iter().filter(|outcome| matches!(outcome, ChargeOutcome::Exhausted(_))).count();
    assert_eq!(exhausted, MANY - 5);
    assert_eq!(given.inspect.number("SELECT attempts FROM challenges").await, 5);
    assert_eq!(given.inspect.number("SELECT consecutive_failures FROM lockouts").await, 5);
}

async fn of_many_attempts_three_reach_the_lock(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let ladder = Ladder::default();
    let outcomes = race(given, MANY, |store, _| {
        let ladder = ladder.clone();
        async move { store.charge_attempt(an_attempt(id, at(1), &ladder)).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| is_charged(outcome)).count(), 3, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| is_locked(outcome)).count(), MANY - 3, "{outcomes:?}");
    let locks = outcomes.iter().filter(|outcome| match outcome {
        ChargeOutcome::Charged(attempt) => attempt.locked_until == Some(at(301)),
        _ => false,
    });
    assert_eq!(locks.count(), 1);
}

async fn an_identifier_is_locked_across_challenges(given: &Given) {
    let mut ids = Vec::new();
    for _ in 0..MANY {
        ids.push(given.begun("ada@example.com", NOW).await);
    }
    let outcomes = race(given, MANY, |store, number| {
        let id = ids[number];
        async move { store.charge_attempt(an_attempt(id, at(1), &Ladder::default())).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| is_charged(outcome)).count(), 3, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| is_locked(outcome)).count(), MANY - 3, "{outcomes:?}");
    assert_eq!(given.inspect.number("SELECT consecutive_failures FROM lockouts").await, 3);
    assert_eq!(given.inspect.number("SELECT CAST(SUM(attempts) AS BIGINT) FROM challenges").await, 3);
}

async fn after_a_lock_the_next_rung_holds(given: &Given) {
    let first = given.begun("ada@example.com", NOW).await;
    for _ in 0..3 {
        given.charged(first, at(1)).await;
    }
    let second = given.begun("ada@example.com", at(301)).await;
    let outcomes = race(given, MANY, |store, _| async move {
        store.charge_attempt(an_attempt(second, at(301), &Ladder::default())).await.unwrap()
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| is_charged(outcome)).count(), 2, "{outcomes:?}");
    assert_eq!(given.inspect.number("SELECT consecutive_failures FROM lockouts").await, 5);
}

async fn one_further_code_at_a_time(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let outcomes = race(given, MANY, |store, number| async move {
        store.add_code(further(id, &format!("code {number}"), at(30))).await.unwrap()
    })
    .await;
    let added = outcomes.iter().filter(|outcome| matches!(outcome, ResendOutcome::Added)).count();
    let late = outcomes.iter().filter(|outcome| matches!(outcome, ResendOutcome::TooSoon(time) if *time == at(60)));
    assert_eq!((added, late.count()), (1, MANY - 1));
    assert_eq!(given.inspect.count("outbox").await, 2);
}

async fn one_call_adds_one_code(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let outcomes = race(given, MANY, |store, number| async move {
        let mut new = further(id, &format!("code {number}"), at(30));
        new.answer = Some(answer("request", "ResendOtp", at(30)));
        store.add_code(new).await.unwrap()
    })
    .await;
    let added = outcomes.iter().filter(|outcome| matches!(outcome, ResendOutcome::Added)).count();
    let known = outcomes.iter().filter(|outcome| matches!(outcome, ResendOutcome::AlreadyAnswered)).count();
    assert_eq!((added, known), (1, MANY - 1));
}

async fn one_call_begins_one_challenge(given: &Given) {
    let outcomes = race(given, MANY, |store, _| async move {
        let mut new = challenge("ada@example.com", NOW);
        new.answer = Some(answer("request", "SendOtp", NOW));
        store.begin_challenge(new).await.unwrap()
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == BeginOutcome::Begun).count(), 1);
    for table in ["challenges", "outbox", "audit_events", "answers"] {
        assert_eq!(given.inspect.count(table).await, 1, "{table}");
    }
}

async fn each_message_has_one_worker(given: &Given) {
    for _ in 0..MANY {
        given.begun("ada@example.com", NOW).await;
    }
    let claims = race(given, 16, |store, _| async move {
        let mut own = Vec::new();
        loop {
            let claimed = store.claim(3, at(1), Duration::from_mins(1)).await.unwrap();
            if claimed.is_empty() {
                return own;
            }
            own.extend(claimed.into_iter().map(|message| message.message_id));
        }
    })
    .await;
    let mut ids: Vec<_> = claims.into_iter().flatten().collect();
    // A worker may find nothing while others hold what is left, so nobody else waits for it: ask once more.
    ids.extend(given.store.claim(100, at(1), Duration::from_mins(1)).await.unwrap().iter().map(|m| m.message_id));
    assert_eq!(ids.len(), MANY);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), MANY);
}
