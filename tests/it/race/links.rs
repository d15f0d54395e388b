//! Links: of many callers one wins, and what one of them did no other undoes.

use super::{MANY, race};
use crate::contract::store::{
    Given,
    given::{NOW, at, completion, event, linked_challenge},
    on_both,
};
use identity::{
    domain::{audit::Act, challenge::ChargedAttempt, id::ChallengeId, link::LinkState, lockout::Ladder},
    ports::store::{Approval, Attempt, ChargeOutcome, LinkOutcome, RejectOutcome, Rejection, SignIn, SignInOutcome},
};
use std::sync::Arc;

on_both!(
    one_redeems,
    a_code_or_a_link_signs_in,
    an_approval_or_a_rejection_comes_first,
    one_collects,
    a_collection_or_a_rejection_wins,
    of_many_attempts_by_link_five_are_charged,
);

async fn charged(given: &Given) -> (ChallengeId, ChargedAttempt) {
    let new = linked_challenge("ada@example.com", NOW);
    let id = new.challenge.scope.challenge_id;
    given.store.begin_challenge(new).await.unwrap();
    let lockout = Arc::new(Ladder::default().into());
    let attempt = Attempt { challenge_id: id, now: at(1), lockout, by_link: true, device: None };
    let ChargeOutcome::Charged(attempt) = given.store.charge_attempt(attempt).await.unwrap() else {
        panic!("not charged")
    };
    (id, *attempt)
}

fn by_link(attempt: &ChargedAttempt, state: LinkState) -> SignIn {
    SignIn { link: Some(state), ..completion(attempt, at(2)) }
}

fn approval(attempt: &ChargedAttempt) -> Approval {
    Approval {
        challenge_id: attempt.challenge.scope.challenge_id,
        counter_key: attempt.counter_key,
        now: at(2),
        event: event(at(2), Act::LinkApproved),
        answer: None,
    }
}

fn rejection(id: ChallengeId) -> Rejection {
    Rejection {
        challenge_id: id,
        now: at(2),
        revoke: true,
        event: event(at(2), Act::LinkRejected),
        revoked: event(at(2), Act::SessionRevoked),
        answer: None,
    }
}

fn signed_in(outcomes: &[SignInOutcome]) -> usize {
    outcomes.iter().filter(|outcome| **outcome == SignInOutcome::SignedIn).count()
}

async fn one_redeems(given: &Given) {
    let (_, attempt) = charged(given).await;
    let outcomes = race(given, MANY, |store, _| {
        let attempt = attempt.clone();
        async move { store.complete_sign_in(by_link(&attempt, LinkState::Pending)).await.unwrap() }
    })
    .await;
    assert_eq!(signed_in(&outcomes), 1, "{outcomes:?}");
    assert_eq!(given.inspect.count("sessions").await, 1);
}

async fn a_code_or_a_link_signs_in(given: &Given) {
    let (_, attempt) = charged(given).await;
    let outcomes = race(given, MANY, |store, number| {
        let attempt = attempt.clone();
        async move {
            let by_code = completion(&attempt, at(2));
            let sign_in = if number % 2 == 0 { by_link(&attempt, LinkState::Pending) } else { by_code };
            store.complete_sign_in(sign_in).await.unwrap()
        }
    })
    .await;
    assert_eq!(signed_in(&outcomes), 1, "{outcomes:?}");
    assert_eq!(given.inspect.count("sessions").await, 1);
}

async fn an_approval_or_a_rejection_comes_first(given: &Given) {
    let (id, attempt) = charged(given).await;
    let outcomes = race(given, MANY, |store, number| {
        let attempt = attempt.clone();
        async move {
            if number % 2 == 0 {
                (store.approve_link(approval(&attempt)).await.unwrap() == LinkOutcome::Done, false)
            } else {
                (false, store.reject_link(rejection(id)).await.unwrap() == RejectOutcome::Done(Vec::new()))
            }
        }
    })
    .await;
    assert!(outcomes.iter().filter(|(approved, _)| *approved).count() <= 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|(_, rejected)| *rejected).count(), 1, "{outcomes:?}");
    let challenge = given.store.challenge(id).await.unwrap().unwrap();
    assert!(challenge.used && challenge.link.unwrap().state == LinkState::Rejected, "a rejection has the last word");
}

async fn one_collects(given: &Given) {
    let (_, attempt) = charged(given).await;
    given.store.approve_link(approval(&attempt)).await.unwrap();
    let outcomes = race(given, MANY, |store, _| {
        let attempt = attempt.clone();
        async move { store.complete_sign_in(by_link(&attempt, LinkState::Approved)).await.unwrap() }
    })
    .await;
    assert_eq!(signed_in(&outcomes), 1, "{outcomes:?}");
    assert_eq!(given.inspect.count("sessions").await, 1);
}

async fn a_collection_or_a_rejection_wins(given: &Given) {
    let (id, attempt) = charged(given).await;
    given.store.approve_link(approval(&attempt)).await.unwrap();
    let outcomes = race(given, MANY, |store, number| {
        let attempt = attempt.clone();
        async move {
            if number % 2 == 0 {
                let sign_in = by_link(&attempt, LinkState::Approved);
                store.complete_sign_in(sign_in).await.unwrap() == SignInOutcome::SignedIn
            } else {
                matches!(store.reject_link(rejection(id)).await.unwrap(), RejectOutcome::Done(_))
            }
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|won| **won).count(), 1, "{outcomes:?}");
}

async fn of_many_attempts_by_link_five_are_charged(given: &Given) {
    let new = linked_challenge("ada@example.com", NOW);
    let id = new.challenge.scope.challenge_id;
    given.store.begin_challenge(new).await.unwrap();
    let far =
        Ladder::new(vec![identity::domain::lockout::Rung { failures: 1000, wait: std::time::Duration::from_mins(1) }])
            .unwrap();
    let lockout: Arc<identity::domain::lockout::Lockout> = Arc::new(far.into());
    let outcomes = race(given, MANY, |store, number| {
        let lockout = lockout.clone();
        // Codes and links share one budget.
        let attempt = Attempt { challenge_id: id, now: at(1), lockout, by_link: number % 2 == 0, device: None };
        async move { store.charge_attempt(attempt).await.unwrap() }
    })
    .await;
    let charged = outcomes.iter().filter(|outcome| matches!(outcome, ChargeOutcome::Charged(_))).count();
    assert_eq!(charged, 5, "{outcomes:?}");
}
