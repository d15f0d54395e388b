//! Charging an attempt before anyone compares.

use super::{
    Given,
    given::{NOW, an_attempt, at, challenge, completion, event, identifier},
    on_both,
};
use identity::{
    domain::{
        audit::{Act, AuditEvent},
        id::ChallengeId,
        lockout::{Ladder, Lockout, Rung},
        policy::Mode,
        time::Timestamp,
        user::{Role, UserChange},
    },
    ports::store::{Attempt, ChargeOutcome, FailedAttempt, Pardon, SignInOutcome},
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

on_both!(
    a_charge_counts_and_tells,
    an_unknown_challenge_is_unknown,
    attempts_run_out,
    ended_comes_before_exhausted,
    the_ladder_locks_across_challenges,
    a_refused_attempt_does_not_count,
    an_expired_lock_keeps_the_count,
    past_the_last_rung_each_failure_locks,
    no_ladder_locks_nobody,
    success_forgets_failures,
    the_user_is_told,
    a_failure_is_recorded,
    in_shadow_only_suspension_holds,
    a_pardon_takes_a_charge_back,
);

/// A ladder that never comes before the attempts of a challenge run out.
fn far() -> Ladder {
    Ladder::new(vec![Rung { failures: 1000, wait: Duration::from_mins(1) }]).unwrap()
}

fn until(outcome: &ChargeOutcome) -> Timestamp {
    match outcome {
        ChargeOutcome::Locked { until, .. } => *until,
        other => panic!("not locked: {other:?}"),
    }
}

async fn in_shadow_only_suspension_holds(given: &Given) {
    let ladder = Ladder::new(vec![Rung { failures: 1, wait: Duration::from_hours(1) }]).unwrap();
    let enforced = Arc::new(Lockout { disable_at: Some(4), ..Lockout::from(ladder) });
    let shadow = Arc::new(Lockout { mode: Mode::Shadow, ..(*enforced).clone() });
    let id = given.begun("ada@example.com", NOW).await;
    let charge = async |seconds, lockout: &Arc<Lockout>| {
        let attempt =
            Attempt { challenge_id: id, now: at(seconds), lockout: Arc::clone(lockout), by_link: false, device: None };
        given.store.charge_attempt(attempt).await.unwrap()
    };
    let charged = |outcome: ChargeOutcome| match outcome {
        ChargeOutcome::Charged(attempt) => (attempt.failures, attempt.locked_until),
        other => panic!("not charged: {other:?}"),
    };
    assert_eq!(charged(charge(1, &shadow).await), (1, None));
    let an_hour = at(2).after(Duration::from_hours(1));
    assert_eq!(charged(charge(2, &enforced).await), (2, Some(an_hour)));
    assert_eq!(until(&charge(3, &enforced).await), an_hour);
    // A lock that stands holds nobody in shadow, and the count goes on to where time ends nothing.
    assert_eq!(charged(charge(3, &shadow).await), (3, None));
    assert_eq!(until(&charge(3, &enforced).await), an_hour, "nor does it lift the lock for whom it is enforced");
    assert_eq!(charged(charge(3, &shadow).await), (4, Some(Timestamp::NEVER)));
    assert_eq!(until(&charge(4, &shadow).await), Timestamp::NEVER);
    assert_eq!(given.inspect.number("SELECT consecutive_failures FROM lockouts").await, 4);
}

async fn a_charge_counts_and_tells(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let attempt = given.charged(id, at(1)).await;
    assert_eq!((attempt.challenge.attempts, attempt.live_codes.len()), (1, 1));
    assert!(attempt.user.is_none() && attempt.locked_until.is_none());
    assert_eq!(given.store.challenge(id).await.unwrap().unwrap().attempts, 1);
    assert_eq!(given.inspect.number("SELECT consecutive_failures FROM lockouts").await, 1);
}

async fn an_unknown_challenge_is_unknown(given: &Given) {
    let outcome = given.charge(ChallengeId::new(Uuid::from_u128(7)), NOW).await;
    assert!(matches!(outcome, ChargeOutcome::Unknown), "{outcome:?}");
    assert_eq!(given.inspect.count("lockouts").await, 0);
}

async fn attempts_run_out(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    for attempt in 1..=5 {
        let outcome = given.store.charge_attempt(an_attempt(id, at(1), &far())).await.unwrap();
        assert!(matches!(outcome, ChargeOutcome::Charged(charged) if charged.challenge.attempts == attempt));
    }
    for _ in 0..2 {
        let outcome = given.store.charge_attempt(an_attempt(id, at(1), &far())).await.unwrap();
        assert!(matches!(outcome, ChargeOutcome::Exhausted(challenge) if challenge.attempts == 5));
    }
    assert_eq!(given.inspect.number("SELECT consecutive_failures FROM lockouts").await, 5);
}

async fn ended_comes_before_exhausted(given: &Given) {
    let mut new = challenge("ada@example.com", NOW);
    new.challenge.max_attempts = 1;
    let id = new.challenge.scope.challenge_id;
    given.store.begin_challenge(new).await.unwrap();
    let last = at(300).before(Duration::from_micros(1));
    given.charged(id, last).await;
    assert!(matches!(given.charge(id, last).await, ChargeOutcome::Exhausted(_)));
    let outcome = given.charge(id, at(300)).await;
    assert!(matches!(&outcome, ChargeOutcome::Ended(challenge) if !challenge.used), "{outcome:?}");
    let used = given.begun("bob@example.com", NOW).await;
    given.store.complete_sign_in(completion(&given.charged(used, at(1)).await, at(1))).await.unwrap();
    let outcome = given.charge(used, at(2)).await;
    assert!(matches!(&outcome, ChargeOutcome::Ended(challenge) if challenge.used), "{outcome:?}");
}

async fn the_ladder_locks_across_challenges(given: &Given) {
    let first = given.begun("ada@example.com", NOW).await;
    let second = given.begun("ada@example.com", NOW).await;
    assert_eq!(given.charged(first, at(1)).await.locked_until, None);
    assert_eq!(given.charged(second, at(2)).await.locked_until, None);
    assert_eq!(given.charged(first, at(3)).await.locked_until, Some(at(303)));
    assert_eq!(until(&given.charge(second, at(4)).await), at(303));
    assert_eq!(until(&given.charge(first, at(299)).await), at(303));
    let other = given.begun("bob@example.com", NOW).await;
    given.charged(other, at(4)).await;
}

async fn a_refused_attempt_does_not_count(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    for _ in 0..3 {
        given.charged(id, at(1)).await;
    }
    for seconds in 2..20 {
        assert_eq!(until(&given.charge(id, at(seconds)).await), at(301));
    }
    assert_eq!(given.store.challenge(id).await.unwrap().unwrap().attempts, 3);
    assert_eq!(given.inspect.number("SELECT consecutive_failures FROM lockouts").await, 3);
}

async fn an_expired_lock_keeps_the_count(given: &Given) {
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..16 {
        let id = given.begun("ada@example.com", at(now)).await;
        let locked_until = given.charged(id, at(now)).await.locked_until;
        let wait = locked_until.map_or(0, |until| until.since(at(now)).as_secs());
        waits.push(wait);
        now += wait;
    }
    let (five, thirty, hour, day) = (300, 1800, 3600, 86_400);
    assert_eq!(waits, [0, 0, five, 0, thirty, 0, 0, 0, 0, hour, 0, 0, 0, 0, day, day]);
}

async fn past_the_last_rung_each_failure_locks(given: &Given) {
    let ladder = Ladder::new(vec![Rung { failures: 1, wait: Duration::from_micros(1) }]).unwrap();
    let id = given.begun("ada@example.com", NOW).await;
    for attempt in 1..=3_u64 {
        let now = NOW.after(Duration::from_micros(attempt));
        let outcome = given.store.charge_attempt(an_attempt(id, now, &ladder)).await.unwrap();
        let ChargeOutcome::Charged(charged) = outcome else { panic!("{outcome:?}") };
        let end = now.after(Duration::from_micros(1));
        assert_eq!(charged.locked_until, Some(end));
        assert_eq!(until(&given.store.charge_attempt(an_attempt(id, now, &ladder)).await.unwrap()), end);
    }
}

async fn no_ladder_locks_nobody(given: &Given) {
    let ladder = Ladder::new(Vec::new()).unwrap();
    let id = given.begun("ada@example.com", NOW).await;
    for _ in 0..5 {
        let outcome = given.store.charge_attempt(an_attempt(id, at(1), &ladder)).await.unwrap();
        assert!(matches!(outcome, ChargeOutcome::Charged(charged) if charged.locked_until.is_none()));
    }
}

async fn success_forgets_failures(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    given.charged(id, at(1)).await;
    given.charged(id, at(2)).await;
    let third = given.charged(id, at(3)).await;
    assert!(third.locked_until.is_some());
    let outcome = given.store.complete_sign_in(completion(&third, at(3))).await.unwrap();
    assert_eq!(outcome, SignInOutcome::SignedIn);
    assert_eq!(given.inspect.count("lockouts").await, 0);
    let next = given.begun("ada@example.com", at(4)).await;
    assert_eq!(given.charged(next, at(4)).await.locked_until, None);
}

async fn the_user_is_told(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let roles = vec![Role::new("maker").unwrap(), Role::new("viewer").unwrap()];
    let change = UserChange::Roles(roles.clone());
    let changed = event(at(1), Act::RolesChanged);
    given.store.change_user(session.user_id, change, at(1), changed, None).await.unwrap();
    let id = given.begun("ada@example.com", at(2)).await;
    let user = given.charged(id, at(2)).await.user.unwrap();
    assert_eq!((user.user_id, user.disabled, user.create_time), (session.user_id, false, NOW));
    assert_eq!((user.roles, user.contact.email.unwrap().bytes.as_slice()), (roles, b"users.email".as_slice()));
    assert!(given.store.user_of(identifier("ADA@example.com")).await.unwrap().is_none());
}

async fn a_pardon_takes_a_charge_back(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    // Two are charged, and one of them is given back; then one is charged for good.
    for (challenge_id, seconds) in [(Some(id), [1, 2].as_slice()), (None, &[3])] {
        for second in seconds {
            given.charged(id, at(*second)).await;
        }
        let pardon = Pardon { counter_key: identifier("ada@example.com").0, challenge_id };
        let failed = event(at(4), Act::CodeVerified).failed("OVERLOADED");
        let failure = FailedAttempt { events: vec![failed], notice: None, pardon: Some(pardon) };
        given.store.record_failure(failure).await.unwrap();
        assert_eq!(given.inspect.count("lockouts").await, 0, "no failure is left");
    }
    assert_eq!(given.inspect.number("SELECT attempts FROM challenges").await, 2);
    assert_eq!(given.inspect.events().await.iter().filter(|event| event.reason == "OVERLOADED").count(), 2);
}

async fn a_failure_is_recorded(given: &Given) {
    let failed = event(NOW, Act::CodeVerified).failed("CODE_INVALID");
    let lock = AuditEvent { time: at(1), ..event(NOW, Act::IdentifierLocked).failed("TOO_MANY_FAILURES") };
    given.store.record_failure(FailedAttempt { events: vec![failed, lock], notice: None, pardon: None }).await.unwrap();
    given.store.record_failure(FailedAttempt { events: Vec::new(), notice: None, pardon: None }).await.unwrap();
    given.store.record(&event(at(2), Act::OperatorRefused).failed("UNAUTHENTICATED")).await.unwrap();
    let events = given.inspect.events().await;
    let told: Vec<_> = events.iter().map(|event| (event.act.as_str(), event.reason.as_str())).collect();
    let wanted = [
        ("code.verified", "CODE_INVALID"),
        ("identifier.locked", "TOO_MANY_FAILURES"),
        ("operator.refused", "UNAUTHENTICATED"),
    ];
    assert_eq!(told, wanted);
    assert!(events.iter().all(|event| event.outcome == "failure"));
}
