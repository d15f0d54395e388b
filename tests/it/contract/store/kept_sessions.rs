//! How long a session is kept, and that nothing is answered otherwise once it has gone.

use super::{
    Engine, Given,
    given::{NOW, at, event, rotation},
    grants::{grant, redemption},
    on_both,
};
use identity::{
    domain::{audit::Act, session::Session, time::Timestamp},
    ports::store::{RedemptionOutcome, RotationOutcome, SignOutOutcome},
};
use std::time::Duration;

on_both!(
    a_session_goes_a_day_after_its_last_end,
    one_that_has_gone_is_as_unknown,
    one_that_lasts_longer_keeps_none_after_it,
    a_sweep_looks_at_the_oldest_alone,
    two_sweeps_remove_each_once,
);

const DAY: Duration = Duration::from_hours(24);
const MICRO: Duration = Duration::from_micros(1);

/// When a session of the moment goes.
fn gone(session: &Session) -> Timestamp {
    session.absolute_expire_time.after(DAY)
}

async fn swept(given: &Given, now: Timestamp) -> i64 {
    given.store.sweep(now).await.unwrap();
    given.inspect.count("sessions").await
}

async fn a_session_goes_a_day_after_its_last_end(given: &Given) {
    let [unused, ended, rotated] = [
        given.signed_in("ada@example.com", NOW).await,
        given.signed_in("ben@example.com", NOW).await,
        given.signed_in("cem@example.com", NOW).await,
    ];
    given.signed_in("dan@example.com", at(1)).await;
    given.store.rotate(rotation(rotated.session_id, 0, at(60))).await.unwrap();
    // Ended at the last moment: every replica has to hear of it for as long as an access token of it may live.
    let last = ended.absolute_expire_time.before(MICRO);
    let out = given.store.sign_out(ended.session_id, None, false, last, event(last, Act::SessionRevoked)).await;
    assert!(matches!(out.unwrap(), SignOutOutcome::Ended(_)));
    assert_eq!(swept(given, unused.idle_expire_time.after(DAY)).await, 4, "its idle end is not its last");
    assert_eq!(swept(given, gone(&unused).before(MICRO)).await, 4);
    let feed = given.revocations(last).await;
    assert_eq!(feed.iter().map(|one| one.session_id).collect::<Vec<_>>(), [ended.session_id]);
    assert_eq!(swept(given, gone(&unused)).await, 1, "the newest has a second more");
    assert!(given.revocations(NOW).await.is_empty());
    assert_eq!(given.inspect.count("users").await, 4, "nobody is forgotten");
}

async fn one_that_has_gone_is_as_unknown(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    given.store.keep_grant(grant("code", &session)).await.unwrap();
    let over = gone(&session);
    let refresh =
        async |counter, now| match given.store.rotate(rotation(session.session_id, counter, now)).await.unwrap() {
            RotationOutcome::Refused(event) => event.reason,
            outcome => panic!("{outcome:?}"),
        };
    let before = [refresh(0, over.before(MICRO)).await, refresh(1, over.before(MICRO)).await];
    assert_eq!(swept(given, over).await, 0);
    assert_eq!([refresh(0, over).await, refresh(1, over).await], before);
    let events = given.inspect.events().await.len();
    for all in [false, true] {
        let event = event(over, Act::SessionRevoked);
        let out = given.store.sign_out(session.session_id, Some(0), all, over, event).await.unwrap();
        assert!(matches!(out, SignOutOutcome::Unknown), "{out:?}");
    }
    assert!(given.store.sessions(session.user_id, None, 100, over).await.unwrap().sessions.is_empty());
    let redeemed = given.store.redeem_grant(redemption("code", 1)).await.unwrap();
    assert!(matches!(redeemed, RedemptionOutcome::Refused(_)), "{redeemed:?}");
    assert_eq!(given.inspect.events().await.len(), events, "nothing has happened");
}

/// The policy was another one once.
async fn one_that_lasts_longer_keeps_none_after_it(given: &Given) {
    given.signed_in("ada@example.com", NOW).await;
    given.inspect.execute("UPDATE sessions SET absolute_expire_time = 9000000000000000000").await.unwrap();
    let second = given.signed_in("ben@example.com", NOW).await;
    assert_eq!(swept(given, gone(&second)).await, 1);
    assert_eq!(given.inspect.count("sessions WHERE absolute_expire_time = 9000000000000000000").await, 1);
}

/// 4500 more like the one that is there.
async fn many(given: &Given) {
    let columns = "user_id, client_id, device_id, device_name, platform, create_time, auth_time, last_use_time, \
        idle_expire_time, absolute_expire_time, counter, refresh_hash";
    let (numbers, id, from) = match given.engine {
        Engine::Postgres => ("", "lpad(to_hex(n), 32, '0')::uuid", "generate_series(1, 4500) AS n"),
        Engine::Sqlite => {
            ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500) ", "randomblob(16)", "n")
        }
    };
    let more =
        format!("{numbers}INSERT INTO sessions (session_id, {columns}) SELECT {id}, {columns} FROM sessions, {from}");
    given.inspect.execute(&more).await.unwrap();
}

async fn a_sweep_looks_at_the_oldest_alone(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    given.store.sweep(at(600).after(DAY)).await.unwrap();
    many(given).await;
    let mut rounds = Vec::new();
    loop {
        let swept = given.store.sweep(gone(&session)).await.unwrap();
        rounds.push((swept.rows, swept.full));
        if !swept.full {
            break;
        }
    }
    assert_eq!(rounds, [(2000, true), (2000, true), (501, false)]);
}

async fn two_sweeps_remove_each_once(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    given.store.sweep(at(600).after(DAY)).await.unwrap();
    many(given).await;
    let mut rows = 0;
    while given.inspect.count("sessions").await > 0 {
        let (one, other) = tokio::join!(given.store.sweep(gone(&session)), given.store.sweep(gone(&session)));
        rows += one.unwrap().rows + other.unwrap().rows;
    }
    assert_eq!(rows, 4501);
}
