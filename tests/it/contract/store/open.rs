//! Looking at an attempt before it is charged, and charging it with its sign-in.

use super::{
    Given,
    given::{NOW, an_attempt, at, completion, digest, event, identifier},
    on_both,
};
use identity::{
    domain::{
        audit::Act,
        challenge::{ChargedAttempt, OpenAttempt},
        device_token::KnownDevice,
        id::ChallengeId,
        lockout::{Ladder, Lockout, Rung},
        policy::Mode,
        time::Timestamp,
    },
    ports::store::{Attempt, Charging, FailedAttempt, SignIn, SignInOutcome},
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

on_both!(
    looking_writes_nothing,
    what_cannot_be_charged_is_not_open,
    a_device_is_looked_up_by_its_own_counter,
    a_sign_in_charges_its_attempt,
    a_sign_in_without_an_attempt_left_is_spent,
    a_sign_in_of_a_locked_counter_is_spent,
    a_lock_in_shadow_lets_it_pass,
);

async fn open(given: &Given, id: ChallengeId, now: Timestamp) -> Option<OpenAttempt> {
    given.store.open_attempt(&an_attempt(id, now, &Ladder::default())).await.unwrap()
}

/// The sign-in of an open attempt, which it charges.
pub(crate) fn along(open: &OpenAttempt, now: Timestamp) -> SignIn {
    let OpenAttempt { challenge, live_codes, user, counter_key } = open.clone();
    let attempt = ChargedAttempt { challenge, live_codes, user, locked_until: None, failures: 0, counter_key };
    SignIn { charging: Charging::Along { passes_until: now }, ..completion(&attempt, now) }
}

async fn counts(given: &Given) -> [i64; 4] {
    let mut counts = [0; 4];
    for (count, table) in counts.iter_mut().zip(["users", "sessions", "audit_events", "lockouts"]) {
        *count = given.inspect.count(table).await;
    }
    counts
}

async fn looking_writes_nothing(given: &Given) {
    let known = given.signed_in("ada@example.com", NOW).await;
    let id = given.begun("ada@example.com", NOW).await;
    let before = counts(given).await;
    for _ in 0..7 {
        let open = open(given, id, at(1)).await.unwrap();
        assert_eq!((open.challenge.attempts, open.live_codes.len()), (0, 1));
        assert_eq!(open.user.map(|user| user.user_id), Some(known.user_id));
        assert_eq!(open.counter_key, identifier("ada@example.com").0);
    }
    assert_eq!(counts(given).await, before);
    assert_eq!(given.store.challenge(id).await.unwrap().unwrap().attempts, 0);
}

async fn what_cannot_be_charged_is_not_open(given: &Given) {
    assert!(open(given, ChallengeId::new(Uuid::from_u128(7)), NOW).await.is_none(), "unknown");
    let id = given.begun("ada@example.com", NOW).await;
    assert!(open(given, id, at(300)).await.is_none(), "expired");
    assert!(open(given, id, at(300).before(Duration::from_micros(1))).await.is_some());
    let mut linked = an_attempt(id, at(1), &Ladder::default());
    linked.by_link = true;
    assert!(given.store.open_attempt(&linked).await.unwrap().is_none(), "no link");
    for _ in 0..3 {
        given.charged(id, at(1)).await;
    }
    assert!(open(given, id, at(2)).await.is_none(), "locked");
    assert!(open(given, id, at(299)).await.is_none(), "locked until 301");
    let far = Ladder::new(vec![Rung { failures: 1000, wait: Duration::from_mins(1) }]).unwrap();
    let other = given.begun("bob@example.com", NOW).await;
    for _ in 0..5 {
        given.store.charge_attempt(an_attempt(other, at(1), &far)).await.unwrap();
    }
    assert!(given.store.open_attempt(&an_attempt(other, at(1), &far)).await.unwrap().is_none(), "exhausted");
    let used = given.begun("eve@example.com", NOW).await;
    given.store.complete_sign_in(completion(&given.charged(used, at(1)).await, at(1))).await.unwrap();
    assert!(open(given, used, at(2)).await.is_none(), "used");
}

async fn a_device_is_looked_up_by_its_own_counter(given: &Given) {
    given.signed_in("ada@example.com", NOW).await;
    let id = given.begun("ada@example.com", at(1)).await;
    let own = digest("the device's own counter");
    let device = |address| KnownDevice {
        identifier_key: identifier(address),
        device_key: Uuid::from_u128(9),
        issue_time: at(1),
    };
    let attempt =
        |address| Attempt { device: Some((device(address), own)), ..an_attempt(id, at(2), &Ladder::default()) };
    let counter = async |attempt: Attempt| given.store.open_attempt(&attempt).await.unwrap().unwrap().counter_key;
    assert_eq!(counter(attempt("ada@example.com")).await, own);
    assert_eq!(counter(attempt("bob@example.com")).await, identifier("ada@example.com").0, "another's device");
    // The identifier is locked, its known device is not.
    for _ in 0..3 {
        given.charged(id, at(2)).await;
    }
    assert!(open(given, id, at(3)).await.is_none());
    assert_eq!(counter(attempt("ada@example.com")).await, own);
}

async fn a_sign_in_charges_its_attempt(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    given.charged(id, at(1)).await;
    let failed = vec![event(at(1), Act::CodeVerified).failed("CODE_INVALID")];
    given.store.record_failure(FailedAttempt { events: failed, notice: None }).await.unwrap();
    let sign_in = along(&open(given, id, at(2)).await.unwrap(), at(2));
    assert_eq!(given.store.complete_sign_in(sign_in.clone()).await.unwrap(), SignInOutcome::SignedIn);
    let challenge = given.store.challenge(id).await.unwrap().unwrap();
    assert_eq!((challenge.attempts, challenge.used), (2, true));
    assert_eq!(given.inspect.count("lockouts").await, 0, "failures are forgotten");
    let before = counts(given).await;
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::Spent);
    assert_eq!(counts(given).await, before);
}

async fn a_sign_in_without_an_attempt_left_is_spent(given: &Given) {
    let far = Ladder::new(vec![Rung { failures: 1000, wait: Duration::from_mins(1) }]).unwrap();
    let id = given.begun("ada@example.com", NOW).await;
    let seen = open(given, id, at(1)).await.unwrap();
    for _ in 0..5 {
        given.store.charge_attempt(an_attempt(id, at(1), &far)).await.unwrap();
    }
    let before = counts(given).await;
    for revoke in [false, true] {
        let sign_in = SignIn { revoke, ..along(&seen, at(1)) };
        assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::Spent);
    }
    assert_eq!(counts(given).await, before);
    assert!(!given.store.challenge(id).await.unwrap().unwrap().used);
}

async fn a_sign_in_of_a_locked_counter_is_spent(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let other = given.begun("ada@example.com", NOW).await;
    let seen = open(given, id, at(1)).await.unwrap();
    for _ in 0..3 {
        given.charged(other, at(1)).await;
    }
    let before = counts(given).await;
    for revoke in [false, true] {
        for seconds in [2, 300] {
            let now = at(seconds).before(Duration::from_micros(1));
            let sign_in = SignIn { revoke, ..along(&seen, now) };
            assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::Spent);
        }
    }
    assert_eq!(counts(given).await, before);
    assert_eq!(given.store.challenge(id).await.unwrap().unwrap().attempts, 0);
    // The lock of the identifier does not hold its known device, which has a counter of its own.
    let own = SignIn { counter_key: digest("own"), ..along(&seen, at(2)) };
    assert_eq!(given.store.complete_sign_in(own).await.unwrap(), SignInOutcome::SignedIn);
}

async fn a_lock_in_shadow_lets_it_pass(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    for _ in 0..3 {
        given.charged(id, at(1)).await;
    }
    let shadow = Arc::new(Lockout { mode: Mode::Shadow, ..Lockout::from(Ladder::default()) });
    let passes_until = shadow.passes_until(at(2));
    let attempt = Attempt { lockout: shadow, ..an_attempt(id, at(2), &Ladder::default()) };
    let seen = given.store.open_attempt(&attempt).await.unwrap().unwrap();
    let sign_in = SignIn { charging: Charging::Along { passes_until }, ..along(&seen, at(2)) };
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
    assert_eq!(given.inspect.count("lockouts").await, 0);
}
