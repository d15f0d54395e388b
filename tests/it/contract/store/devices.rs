//! Attempts of known devices: each has a counter of its own, for as long as its token stands.

use super::{
    Given,
    given::{NOW, at, completion, digest, event, identifier},
    links, on_both,
};
use futures_util::future::join_all;
use identity::{
    domain::{
        audit::{Act, Outcome},
        challenge::ChargedAttempt,
        device_token::KnownDevice,
        digest::Digest,
        id::ChallengeId,
        lockout::{Ladder, Lockout, Rung},
        session::Session,
        time::Timestamp,
    },
    ports::store::{Attempt, ChargeOutcome, SignIn, SignInOutcome},
};
use std::{sync::Arc, time::Duration};

on_both!(
    a_known_device_is_charged_to_its_own_counter,
    a_device_lifts_the_last_lock_of_its_identifier,
    a_lock_of_the_device_holds_the_device_alone,
    with_another_identifier_it_is_unknown,
    with_a_revoked_token_it_is_unknown,
    a_clock_that_is_behind_brings_no_revoked_token_back,
    after_a_sign_out_it_stays_known,
    it_is_forgotten_with_the_last_of_its_sessions,
    before_its_user_is_there_it_is_unknown,
    an_ended_challenge_is_not_charged,
    beside_an_approved_link_no_code_is_charged,
    of_one_device_many_at_once_are_counted_one_by_one,
);

/// The counter of the device in these tests.
fn own() -> Digest {
    digest("own counter")
}

/// Ada's session, and the device that opened it.
pub(crate) async fn known(given: &Given, now: Timestamp) -> (Session, KnownDevice) {
    let identifier_key = identifier("ada@example.com");
    let id = given.begun("ada@example.com", now).await;
    let sign_in = completion(&given.charged(id, now).await, now);
    let (session, device_key) = (sign_in.session.clone(), sign_in.device_key);
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
    (session, KnownDevice { identifier_key, device_key, issue_time: now })
}

/// One more session of Ada's, opened on that device.
pub(crate) async fn opened_on(given: &Given, device: &KnownDevice, now: Timestamp) -> Session {
    let id = given.begun("ada@example.com", now).await;
    let sign_in = SignIn { device_key: device.device_key, ..completion(&given.charged(id, now).await, now) };
    let session = sign_in.session.clone();
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
    session
}

/// A lock of an hour after so many failures.
fn locks_after(failures: u32) -> Arc<Lockout> {
    Arc::new(Ladder::new(vec![Rung { failures, wait: Duration::from_hours(1) }]).unwrap().into())
}

async fn charge(
    given: &Given,
    id: ChallengeId,
    now: Timestamp,
    of: KnownDevice,
    ladder: &Arc<Lockout>,
) -> ChargeOutcome {
    let device = Some((of, own()));
    let attempt = Attempt { challenge_id: id, now, lockout: Arc::clone(ladder), by_link: false, device };
    given.store.charge_attempt(attempt).await.unwrap()
}

fn charged(outcome: ChargeOutcome) -> ChargedAttempt {
    match outcome {
        ChargeOutcome::Charged(attempt) => *attempt,
        other => panic!("not charged: {other:?}"),
    }
}

async fn failures(given: &Given) -> i64 {
    given.inspect.number("SELECT CAST(COALESCE(sum(consecutive_failures), 0) AS bigint) FROM lockouts").await
}

async fn a_known_device_is_charged_to_its_own_counter(given: &Given) {
    let (session, device) = known(given, NOW).await;
    let id = given.begun("ada@example.com", at(1)).await;
    let ladder = locks_after(3);
    for attempts in 1..=2 {
        let attempt = charged(charge(given, id, at(2), device, &ladder).await);
        assert_eq!((attempt.counter_key, attempt.failures, attempt.challenge.attempts), (own(), attempts, attempts));
        assert_eq!(attempt.user.map(|user| user.user_id), Some(session.user_id));
        assert_eq!((attempt.challenge.scope.challenge_id, attempt.live_codes.len()), (id, 1));
    }
    let counters = "SELECT count(*) FROM lockouts WHERE owner_key IS NOT NULL AND owner_key <> identifier_key";
    assert_eq!((given.inspect.number(counters).await, given.inspect.count("lockouts").await), (1, 1));
    // Others are counted on the identifier's, from its first.
    assert_eq!(given.charged(id, at(3)).await.failures, 1);
    let attempt = charged(charge(given, id, at(3), device, &ladder).await);
    assert_eq!((attempt.failures, attempt.locked_until), (3, Some(at(3).after(Duration::from_hours(1)))));
    // Its sign-in forgets its own failures, and nobody else's.
    assert_eq!(given.store.complete_sign_in(completion(&attempt, at(4))).await.unwrap(), SignInOutcome::SignedIn);
    assert_eq!((given.inspect.count("lockouts").await, failures(given).await), (1, 1));
    // An operator who unlocks the identifier forgets its devices' failures too.
    let id = given.begun("ada@example.com", at(5)).await;
    charged(charge(given, id, at(5), device, &ladder).await);
    let unlocked = event(at(6), Act::IdentifierUnlocked);
    assert!(given.store.unlock(device.identifier_key, at(6), unlocked, None).await.unwrap());
    assert_eq!(given.inspect.count("lockouts").await, 0);
}

async fn a_device_lifts_the_last_lock_of_its_identifier(given: &Given) {
    let (_, device) = known(given, NOW).await;
    let id = given.begun("ada@example.com", at(1)).await;
    let last = Arc::new(Lockout { disable_at: Some(1), ..(*locks_after(1)).clone() });
    let stranger = Attempt { challenge_id: id, now: at(2), lockout: Arc::clone(&last), by_link: false, device: None };
    let attempt = charged(given.store.charge_attempt(stranger).await.unwrap());
    assert_eq!(attempt.locked_until, Some(Timestamp::NEVER));
    let attempt = charged(charge(given, id, at(3), device, &locks_after(9)).await);
    assert_eq!(given.store.complete_sign_in(completion(&attempt, at(3))).await.unwrap(), SignInOutcome::SignedIn);
    assert_eq!(given.inspect.count("lockouts").await, 0);
}

async fn a_lock_of_the_device_holds_the_device_alone(given: &Given) {
    let (_, device) = known(given, NOW).await;
    let id = given.begun("ada@example.com", at(1)).await;
    let ladder = locks_after(1);
    charged(charge(given, id, at(2), device, &ladder).await);
    let again = charge(given, id, at(3), device, &ladder).await;
    assert!(matches!(again, ChargeOutcome::Locked { failures: 1, until, .. } if until > at(3)), "{again:?}");
    given.charged(id, at(3)).await;
    assert_eq!((failures(given).await, given.inspect.number("SELECT max(attempts) FROM challenges").await), (2, 2));
}

async fn with_another_identifier_it_is_unknown(given: &Given) {
    let (_, device) = known(given, NOW).await;
    given.signed_in("bob@example.com", NOW).await;
    let id = given.begun("bob@example.com", at(1)).await;
    let attempt = charged(charge(given, id, at(2), device, &locks_after(3)).await);
    assert_eq!(attempt.counter_key, identifier("bob@example.com").0);
}

async fn with_a_revoked_token_it_is_unknown(given: &Given) {
    for all in [false, true] {
        let (session, device) = known(given, NOW).await;
        let revoked = event(at(1), Act::SessionRevoked);
        if all {
            given.store.sign_out(session.session_id, Some(0), true, at(1), revoked).await.unwrap();
        } else {
            given.store.end_session(session.user_id, session.session_id, at(1), revoked).await.unwrap();
        }
        let id = given.begun("ada@example.com", at(2)).await;
        let attempt = charged(charge(given, id, at(3), device, &locks_after(99)).await);
        assert_eq!(attempt.counter_key, device.identifier_key.0);
    }
}

/// Replicas' clocks differ, and whoever ends a user's sessions at the same moment may come second with the earlier time.
async fn a_clock_that_is_behind_brings_no_revoked_token_back(given: &Given) {
    let (session, device) = known(given, at(2)).await;
    given.store.sign_out(session.session_id, Some(0), true, at(3), event(at(3), Act::SessionRevoked)).await.unwrap();
    let behind = given.signed_in("ada@example.com", at(1)).await;
    given.store.sign_out(behind.session_id, Some(0), true, at(1), event(at(1), Act::SessionRevoked)).await.unwrap();
    let id = given.begun("ada@example.com", at(1)).await;
    let sign_in = completion(&given.charged(id, at(1)).await, at(1));
    let revoke = Some(event(at(1), Act::SessionRevoked).ended(Outcome::Success, "NEW_DEVICE"));
    let ending = SignIn { revoke, ..sign_in };
    assert_eq!(given.store.complete_sign_in(ending).await.unwrap(), SignInOutcome::SignedIn);
    assert!(!given.store.device_stands(device).await.unwrap());
    let id = given.begun("ada@example.com", at(4)).await;
    let attempt = charged(charge(given, id, at(5), device, &locks_after(99)).await);
    assert_eq!(attempt.counter_key, device.identifier_key.0);
}

async fn after_a_sign_out_it_stays_known(given: &Given) {
    let (session, device) = known(given, NOW).await;
    given.store.sign_out(session.session_id, Some(0), false, at(1), event(at(1), Act::SessionRevoked)).await.unwrap();
    let id = given.begun("ada@example.com", at(2)).await;
    let attempt = charged(charge(given, id, at(3), device, &locks_after(99)).await);
    assert_ne!(attempt.counter_key, device.identifier_key.0);
}

async fn it_is_forgotten_with_the_last_of_its_sessions(given: &Given) {
    let ends = async |session: &Session, now| {
        let revoked = event(now, Act::SessionRevoked);
        given.store.end_session(session.user_id, session.session_id, now, revoked).await.unwrap();
    };
    let (first, device) = known(given, NOW).await;
    opened_on(given, &device, at(1)).await;
    let third = opened_on(given, &device, at(2)).await;
    ends(&first, at(3)).await;
    assert!(given.store.device_stands(device).await.unwrap(), "another session of it runs");
    let revoked = event(at(4), Act::SessionRevoked);
    given.store.end_others(third.user_id, third.session_id, at(4), revoked, None).await.unwrap();
    assert!(given.store.device_stands(device).await.unwrap(), "it is the one that ended the others");
    // One that has expired runs no longer.
    let fourth = opened_on(given, &device, at(5)).await;
    ends(&fourth, third.idle_expire_time).await;
    assert!(!given.store.device_stands(device).await.unwrap());
}

async fn before_its_user_is_there_it_is_unknown(given: &Given) {
    let device = KnownDevice {
        identifier_key: identifier("ada@example.com"),
        device_key: uuid::Uuid::from_u128(7),
        issue_time: at(1),
    };
    let id = given.begun("ada@example.com", at(1)).await;
    let attempt = charged(charge(given, id, at(2), device, &locks_after(3)).await);
    assert_eq!((attempt.counter_key, attempt.user.is_some()), (device.identifier_key.0, false));
}

async fn an_ended_challenge_is_not_charged(given: &Given) {
    let (_, device) = known(given, NOW).await;
    let (ladder, id) = (locks_after(99), given.begun("ada@example.com", at(1)).await);
    let expired = charge(given, id, at(3600), device, &ladder).await;
    assert!(matches!(expired, ChargeOutcome::Ended(_)), "{expired:?}");
    for _ in 0..5 {
        charged(charge(given, id, at(2), device, &ladder).await);
    }
    let exhausted = charge(given, id, at(2), device, &ladder).await;
    assert!(matches!(exhausted, ChargeOutcome::Exhausted(_)), "{exhausted:?}");
    let id = given.begun("ada@example.com", at(3)).await;
    let attempt = charged(charge(given, id, at(4), device, &ladder).await);
    assert_eq!(given.store.complete_sign_in(completion(&attempt, at(4))).await.unwrap(), SignInOutcome::SignedIn);
    let used = charge(given, id, at(5), device, &ladder).await;
    assert!(matches!(used, ChargeOutcome::Ended(_)), "{used:?}");
    assert_eq!(failures(given).await, 0);
}

async fn of_one_device_many_at_once_are_counted_one_by_one(given: &Given) {
    let (_, device) = known(given, NOW).await;
    let mut ids = Vec::new();
    for _ in 0..16 {
        ids.push(given.begun("ada@example.com", at(1)).await);
    }
    let ladder = locks_after(3);
    let outcomes = join_all(ids.iter().map(|id| charge(given, *id, at(2), device, &ladder))).await;
    let mut counted: Vec<_> = outcomes
        .into_iter()
        .filter_map(|outcome| match outcome {
            ChargeOutcome::Charged(attempt) => Some(attempt.failures),
            ChargeOutcome::Locked { .. } => None,
            other => panic!("{other:?}"),
        })
        .collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3]);
    assert_eq!(given.inspect.number("SELECT CAST(sum(attempts) AS bigint) FROM challenges WHERE NOT used").await, 3);
}

/// Neither of a known device nor of another: a link that was approved is used, and the codes beside it with it.
async fn beside_an_approved_link_no_code_is_charged(given: &Given) {
    let (_, device) = known(given, NOW).await;
    let id = links::begun(given, "ada@example.com").await;
    let by_code = |device| {
        let lockout = locks_after(99);
        given.store.charge_attempt(Attempt { challenge_id: id, now: at(2), lockout, by_link: false, device })
    };
    let beside = charged(by_code(None).await.unwrap());
    given.store.approve_link(links::approval(&beside, 2)).await.unwrap();
    for device in [None, Some((device, own()))] {
        let outcome = by_code(device).await.unwrap();
        assert!(matches!(outcome, ChargeOutcome::Ended(_)), "{outcome:?}");
    }
    let late = given.store.complete_sign_in(completion(&beside, at(3))).await.unwrap();
    assert_eq!(late, SignInOutcome::Spent, "whoever had compared the code before");
}
