//! What expires goes; the audit log stays.

use super::{
    Given,
    given::{NOW, answer, at, challenge, completion},
    on_both,
};
use identity::ports::store::Settlement;
use std::time::Duration;

on_both!(what_expires_goes, audit_events_are_only_appended, a_ping_is_answered);

const DAY: Duration = Duration::from_hours(24);

async fn what_expires_goes(given: &Given) {
    let mut new = challenge("ada@example.com", NOW);
    new.answer = Some(answer("request", "SendOtp", NOW));
    let (id, message) = (new.challenge.scope.challenge_id, new.message.message_id);
    given.store.begin_challenge(new).await.unwrap();
    given.store.complete_sign_in(completion(&given.charged(id, at(1)).await, at(1))).await.unwrap();
    given.store.claim(10, at(1), Duration::from_mins(1)).await.unwrap();
    given.store.settle(message, Settlement::Dropped { reason: "EXPIRED" }, at(2), None).await.unwrap();
    assert_eq!(given.store.sweep(at(3)).await.unwrap(), 0);
    assert_eq!(given.store.sweep(at(600)).await.unwrap(), 1);
    assert_eq!(given.inspect.count("answers").await, 0);
    assert_eq!(given.store.sweep(at(2).after(DAY)).await.unwrap(), 1);
    assert_eq!(given.inspect.count("outbox").await, 0);
    let end = at(300).after(DAY);
    assert_eq!(given.store.sweep(end.before(Duration::from_micros(1))).await.unwrap(), 0);
    assert_eq!(given.store.sweep(end).await.unwrap(), 1);
    assert!(given.store.challenge(id).await.unwrap().is_none());
    assert_eq!(given.inspect.acts().await, ["code.sent", "code.verified", "session.started"]);
    for table in ["users", "sessions"] {
        assert_eq!(given.inspect.count(table).await, 1, "{table}");
    }
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
