//! Callers who hang up: what they began is done wholly or not at all, and leaves no transaction open.

use super::replicas;
use crate::contract::store::{
    Engine, Given,
    given::{NOW, an_attempt, at, challenge, completion, further, rotation},
    on_both,
};
use crate::support::wait;
use identity::{
    domain::lockout::Ladder,
    ports::store::{BeginOutcome, ChargeOutcome},
};
use std::time::Duration;
use tokio::time::timeout;

on_both!(a_step_is_done_wholly_or_not_at_all);

/// Waits that end before, within and after a step.
fn waits() -> impl Iterator<Item = Duration> {
    (0..300).map(|round| Duration::from_micros(round * 7))
}

async fn a_step_is_done_wholly_or_not_at_all(given: &Given) {
    let [store, _] = replicas(given).await;
    for wait in waits() {
        let _ = timeout(wait, store.begin_challenge(challenge("ada@example.com", NOW))).await;
    }
    let id = given.begun("bob@example.com", NOW).await;
    let none = Ladder::new(Vec::new()).unwrap();
    for (round, wait) in (0_u64..).zip(waits()) {
        let now = at(31 + 31 * (round % 8));
        let _ = timeout(wait, store.add_code(further(id, "code", now))).await;
        let _ = timeout(wait, store.charge_attempt(an_attempt(id, now, &none))).await;
    }
    let session = given.signed_in("eve@example.com", NOW).await;
    for wait in waits() {
        let mut again = rotation(session.session_id, 0, at(1));
        again.grace = Duration::from_hours(1);
        let _ = timeout(wait, store.rotate(again)).await;
    }
    for wait in waits().step_by(6) {
        let address = format!("user{}@example.com", wait.as_micros());
        let begun = given.begun(&address, NOW).await;
        let sign_in = completion(&given.charged(begun, at(1)).await, at(1));
        let _ = timeout(wait, store.complete_sign_in(sign_in)).await;
    }
    rests(given).await;
    whole(given).await;
    for _ in 0..16 {
        let outcome = store.begin_challenge(challenge("ada@example.com", NOW)).await.unwrap();
        assert_eq!(outcome, BeginOutcome::Begun);
    }
    let after = given.begun("zoe@example.com", NOW).await;
    assert!(matches!(store.charge_attempt(an_attempt(after, at(1), &none)).await.unwrap(), ChargeOutcome::Charged(_)));
}

/// What was begun has ended: no transaction is left open.
async fn rests(given: &Given) {
    let mut calm = 0;
    wait::until("the store rests", Duration::from_secs(10), async || {
        let busy = match given.engine {
            Engine::Postgres => {
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND state <> 'idle'"
            }
            // The write lock can be had.
            Engine::Sqlite => {
                given.inspect.execute("DELETE FROM lockouts WHERE FALSE").await.unwrap();
                "SELECT 0"
            }
        };
        calm = if given.inspect.number(busy).await == 0 { calm + 1 } else { 0 };
        (calm >= 20).then_some(())
    })
    .await;
}

/// No step left a part of itself.
async fn whole(given: &Given) {
    let count = async |text: &str| given.inspect.number(&format!("SELECT COUNT(*) FROM {text}")).await;
    let challenges = count("challenges").await;
    assert!(challenges > 50, "{challenges}");
    assert_eq!(count("audit_events WHERE act = 'code.sent'").await, challenges);
    let resent = count("audit_events WHERE act = 'code.resent'").await;
    assert_eq!(count("outbox").await, challenges + resent);
    assert_eq!(count("sessions").await, count("users").await);
    assert_eq!(count("sessions").await, count("challenges WHERE used").await);
    assert_eq!(count("sessions").await, count("audit_events WHERE act = 'session.started'").await);
    let refreshed = count("audit_events WHERE act = 'token.refreshed' AND reason = ''").await;
    assert_eq!(count("sessions WHERE counter = 1").await, refreshed);
    let charged = given.inspect.number("SELECT CAST(MAX(attempts) AS BIGINT) FROM challenges").await;
    let failures = given.inspect.number("SELECT MAX(consecutive_failures) FROM lockouts").await;
    assert_eq!(charged, failures);
}
