//! Sign-ins: a code is used once, an address has one user, and nobody slips past an operator.

use super::{MANY, race};
use crate::contract::store::{
    Given,
    given::{NOW, an_attempt, answer, at, completion, event, identifier},
    on_both,
};
use identity::{
    domain::{audit::Act, user::UserChange},
    ports::store::{SignIn, SignInOutcome, StoreFault},
};

on_both!(
    a_right_code_signs_in_once,
    one_call_signs_in_once,
    one_address_becomes_one_user,
    nobody_signs_in_past_an_operator,
    one_that_ends_other_sessions_waits_for_nobody_who_waits_for_it,
);

fn signed_in(outcomes: &[SignInOutcome]) -> usize {
    outcomes.iter().filter(|outcome| **outcome == SignInOutcome::SignedIn).count()
}

async fn a_right_code_signs_in_once(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let attempt = given.charged(id, at(1)).await;
    let outcomes = race(given, MANY, |store, _| {
        let sign_in = completion(&attempt, at(1));
        async move { store.complete_sign_in(sign_in).await.unwrap() }
    })
    .await;
    assert_eq!(signed_in(&outcomes), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == SignInOutcome::Spent).count(), MANY - 1, "{outcomes:?}");
    for (table, count) in [("users", 1), ("sessions", 1), ("audit_events", 3)] {
        assert_eq!(given.inspect.count(table).await, count, "{table}");
    }
}

async fn one_call_signs_in_once(given: &Given) {
    given.signed_in("ada@example.com", NOW).await;
    let mut attempts = Vec::new();
    for address in ["ada@example.com", "bob@example.com"] {
        for _ in 0..2 {
            let id = given.begun(address, NOW).await;
            attempts.push(given.charged(id, at(1)).await);
        }
    }
    // The same request id, on four challenges of a known and of a new user.
    let outcomes = race(given, MANY, |store, number| {
        let mut sign_in = completion(&attempts[number % 4], at(1));
        sign_in.answer = Some(answer("request", "VerifyOtp", at(1)));
        async move { store.complete_sign_in(sign_in).await.unwrap() }
    })
    .await;
    assert_eq!(signed_in(&outcomes), 1, "{outcomes:?}");
    assert_eq!(given.inspect.count("sessions").await, 2);
    assert_eq!(given.inspect.number("SELECT COUNT(*) FROM challenges WHERE used").await, 2);
}

async fn one_address_becomes_one_user(given: &Given) {
    let mut attempts = Vec::new();
    for _ in 0..MANY {
        // Under a ladder that never locks: all of them are right.
        let id = given.begun("ada@example.com", NOW).await;
        let none = identity::domain::lockout::Ladder::new(Vec::new()).unwrap();
        match given.store.charge_attempt(an_attempt(id, at(1), &none)).await.unwrap() {
            identity::ports::store::ChargeOutcome::Charged(attempt) => attempts.push(*attempt),
            other => panic!("{other:?}"),
        }
    }
    let outcomes = race(given, MANY, |store, number| {
        let mut attempt = attempts[number].clone();
        async move {
            let (mut outcomes, mut was_late) = (Vec::new(), false);
            loop {
                let outcome = match store.complete_sign_in(completion(&attempt, at(1))).await {
                    Ok(outcome) => outcome,
                    // All wait for one row, on a busy machine longer than a store lets anybody wait. Whoever is told so asks
                    // again, and may find that it was done after all.
                    Err(StoreFault::Unavailable(_)) => {
                        was_late = true;
                        continue;
                    }
                    Err(fault) => panic!("{fault}"),
                };
                outcomes.push(outcome);
                if outcome != SignInOutcome::UserChanged {
                    return (outcomes, was_late);
                }
                attempt.user = store.user_of(identifier("ada@example.com")).await.unwrap();
                assert!(attempt.user.is_some());
            }
        }
    })
    .await;
    let once = |(outcomes, was_late): &(Vec<_>, bool)| {
        outcomes.len() <= 2 && (signed_in(outcomes) == 1 || *was_late && outcomes.last() == Some(&SignInOutcome::Spent))
    };
    assert!(outcomes.iter().all(once), "{outcomes:?}");
    let all = i64::try_from(MANY).unwrap();
    assert_eq!(given.inspect.count("users").await, 1);
    assert_eq!(given.inspect.count("sessions").await, all);
    assert_eq!(given.inspect.number("SELECT COUNT(*) FROM challenges WHERE used").await, all);
}

async fn nobody_signs_in_past_an_operator(given: &Given) {
    for round in 0..40 {
        let address = format!("user{round}@example.com");
        let user_id = given.signed_in(&address, NOW).await.user_id;
        let mut attempts = Vec::new();
        for _ in 0..3 {
            let id = given.begun(&address, NOW).await;
            attempts.push(given.charged(id, at(1)).await);
        }
        race(given, 4, |store, number| {
            let sign_in = attempts.get(number).map(|attempt| completion(attempt, at(1)));
            async move {
                if let Some(sign_in) = sign_in {
                    store.complete_sign_in(sign_in).await.unwrap();
                } else {
                    let disabled = event(at(1), Act::UserDisabled);
                    store.change_user(user_id, UserChange::Disable, at(1), disabled, None).await.unwrap();
                }
            }
        })
        .await;
        let left = given.store.sessions(user_id, None, 10, at(2)).await.unwrap().sessions;
        assert!(left.is_empty(), "round {round}: {left:?}");
    }
}

/// Both lock the challenge and its user: in one order, or each would hold what the other needs until the store gives up.
async fn one_that_ends_other_sessions_waits_for_nobody_who_waits_for_it(given: &Given) {
    for round in 0..40 {
        let address = format!("user{round}@example.com");
        given.signed_in(&address, NOW).await;
        let id = given.begun(&address, NOW).await;
        let attempt = given.charged(id, at(1)).await;
        let outcomes = race(given, 4, |store, number| {
            let sign_in = SignIn {
                revoke: (number % 2 == 0).then(|| event(at(1), Act::SessionRevoked)),
                ..completion(&attempt, at(1))
            };
            async move { store.complete_sign_in(sign_in).await.unwrap() }
        })
        .await;
        assert_eq!(signed_in(&outcomes), 1, "round {round}: {outcomes:?}");
    }
}
