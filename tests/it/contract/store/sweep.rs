//! What expires goes; the audit log stays.

use super::{
    Given,
    given::{NOW, answer, at, challenge, completion},
    on_both,
};
use identity::domain::{challenge::Purpose, contact::Channel};
use identity::ports::store::Settlement;
use std::time::Duration;

on_both!(what_expires_goes, an_unused_challenge_is_told_once, audit_events_are_only_appended, a_ping_is_answered);

const DAY: Duration = Duration::from_hours(24);

async fn what_expires_goes(given: &Given) {
    let mut new = challenge("ada@example.com", NOW);
    new.answer = Some(answer("request", "SendOtp", NOW));
    let (id, message) = (new.challenge.scope.challenge_id, new.message.message_id);
    given.store.begin_challenge(new).await.unwrap();
    given.store.complete_sign_in(completion(&given.charged(id, at(1)).await, at(1))).await.unwrap();
    given.store.claim(10, at(1), Duration::from_mins(1)).await.unwrap();
    given.store.settle(message, Settlement::Dropped { reason: "EXPIRED" }, at(2), None).await.unwrap();
    assert_eq!(given.store.sweep(at(3)).await.unwrap().rows, 0);
    assert_eq!(given.store.sweep(at(600)).await.unwrap().rows, 1);
    assert_eq!(given.inspect.count("answers").await, 0);
    assert_eq!(given.store.sweep(at(2).after(DAY)).await.unwrap().rows, 1);
    assert_eq!(given.inspect.count("outbox").await, 0);
    let end = at(300).after(DAY);
    assert_eq!(given.store.sweep(end.before(Duration::from_micros(1))).await.unwrap().rows, 0);
    let swept = given.store.sweep(end).await.unwrap();
    assert_eq!((swept.rows, swept.abandoned.len()), (1, 0), "it was used");
    assert!(given.store.challenge(id).await.unwrap().is_none());
    assert_eq!(given.inspect.acts().await, ["code.sent", "code.verified", "session.started"]);
    for table in ["users", "sessions"] {
        assert_eq!(given.inspect.count(table).await, 1, "{table}");
    }
}

/// A challenge that nobody used is told once, when it goes, with what it was.
async fn an_unused_challenge_is_told_once(given: &Given) {
    let (unused, tried) = (challenge("ada@example.com", NOW), challenge("ben@example.com", NOW));
    let used = challenge("cem@example.com", NOW);
    let ids = [&unused, &tried, &used].map(|new| new.challenge.scope.challenge_id);
    given.store.begin_challenge(tried).await.unwrap();
    given.inspect.execute("UPDATE challenges SET attempts = max_attempts").await.unwrap();
    for new in [unused, used] {
        given.store.begin_challenge(new).await.unwrap();
    }
    given.store.complete_sign_in(completion(&given.charged(ids[2], at(1)).await, at(1))).await.unwrap();
    let end = at(300).after(DAY);
    let (first, second) = tokio::join!(given.store.sweep(end), given.store.sweep(end));
    let mut told: Vec<_> = [first, second].into_iter().flat_map(|swept| swept.unwrap().abandoned).collect();
    told.sort_by_key(|one| one.exhausted);
    let [one, two] = &told[..] else { panic!("{told:?}") };
    assert_eq!((one.challenge_id, one.exhausted, one.expire_time), (ids[0], false, at(300)));
    assert_eq!((two.challenge_id, two.exhausted), (ids[1], true));
    assert_eq!((one.channel, one.purpose, one.locale.as_str()), (Channel::Email, Purpose::SignIn, "de-AT"));
    assert!(given.store.sweep(end).await.unwrap().abandoned.is_empty());
}

async fn audit_events_are_only_appended(given: &Given) {
    given.begun("ada@example.com", NOW).await;
    for statement in ["UPDATE audit_events SET reason = 'x'", "DELETE FROM audit_events"] {
        let refused = given.inspect.execute(statement).await.unwrap_err();
        assert!(refused.contains("audit events are only appended"), "{refused}");
    }
    if given.engine == super::Engine::Postgres {
        let refused = given.inspect.execute("TRUNCATE audit_events").await.unwrap_err();
        assert!(refused.contains("audit events are only appended"), "{refused}");
    }
    assert_eq!(given.inspect.count("audit_events").await, 1);
}

async fn a_ping_is_answered(given: &Given) {
    given.store.ping().await.unwrap();
}
