//! Beginning a challenge, and reading it back to the letter.

use super::{
    Given,
    given::{NOW, answer, at, challenge, identifier},
    on_both,
};
use identity::{
    domain::{answer::AnswerKey, client::ClientId, digest::Digest, id::ChallengeId, message::Recipient},
    ports::store::{BeginOutcome, KnownAnswer},
};
use std::time::Duration;
use uuid::Uuid;

on_both!(
    a_challenge_comes_back_as_it_was,
    letters_blanks_and_unicode_stay,
    an_unknown_challenge_is_none,
    begin_writes_message_and_event,
    the_same_request_begins_once,
    an_expired_answer_gives_way,
    an_answer_tells_another_request,
);

async fn a_challenge_comes_back_as_it_was(given: &Given) {
    let new = challenge("ada@example.com", NOW);
    let wanted = format!("{:?}", new.challenge);
    let id = new.challenge.scope.challenge_id;
    let (mac, salt) = (new.challenge.binding_hash, new.challenge.scope.salt);
    assert_eq!(given.store.begin_challenge(new).await.unwrap(), BeginOutcome::Begun);
    let found = given.store.challenge(id).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), wanted);
    // `Debug` of a digest tells nothing.
    assert_eq!((found.binding_hash, found.scope.salt), (mac, salt));
    assert_eq!(found.scope.identifier_key, identifier("ada@example.com"));
    assert_eq!(found.create_time.micros(), 1_800_000_000_123_457);
}

async fn letters_blanks_and_unicode_stay(given: &Given) {
    for locale in
        ["de", "DE", "de ", " de", "\u{e9}", "e\u{301}", "ﬀ", "ß", "ẞ", "İ", "🙂\u{200d}", "a'b\"c\\d%_$1", ""]
    {
        let mut new = challenge(locale, NOW);
        locale.clone_into(&mut new.challenge.locale);
        new.challenge.scope.client_id = ClientId::new("aA-_.9").unwrap();
        let id = new.challenge.scope.challenge_id;
        given.store.begin_challenge(new).await.unwrap();
        let found = given.store.challenge(id).await.unwrap().unwrap();
        assert_eq!((found.locale.as_str(), found.scope.client_id.as_str()), (locale, "aA-_.9"));
    }
}

async fn an_unknown_challenge_is_none(given: &Given) {
    assert!(given.store.challenge(ChallengeId::new(Uuid::from_u128(7))).await.unwrap().is_none());
}

async fn begin_writes_message_and_event(given: &Given) {
    let new = challenge("ada@example.com", NOW);
    let (id, message) = (new.challenge.scope.challenge_id, new.message.clone());
    given.store.begin_challenge(new).await.unwrap();
    let claimed = given.store.claim(10, NOW, Duration::from_mins(1)).await.unwrap();
    let [claimed] = claimed.as_slice() else { panic!("{claimed:?}") };
    assert_eq!((claimed.message_id, claimed.challenge_id), (message.message_id, Some(id)));
    assert_eq!((&claimed.content, claimed.attempts), (&message.content, 1));
    assert_eq!((claimed.create_time, claimed.expire_time), (message.create_time, message.expire_time));
    assert!(matches!(claimed.recipient, Recipient::InContent));
    let events = given.inspect.events().await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].act.as_str(), events[0].outcome.as_str()), ("code.sent", "success"));
    assert_eq!((events[0].time, events[0].address.as_deref()), (NOW.micros(), Some("2001:db8::1")));
    let whole = "SELECT count(*) FROM audit_events WHERE trace_id = '4bf92f3577b34da6a3ce929d0e0e4736' \
        AND actor = 'person' AND challenge_id IS NOT NULL AND user_id IS NULL AND identifier_key IS NULL";
    assert_eq!(given.inspect.number(whole).await, 1);
}

async fn the_same_request_begins_once(given: &Given) {
    let mut first = challenge("ada@example.com", NOW);
    first.answer = Some(answer("request", "SendOtp ada", NOW));
    let key = first.answer.as_ref().unwrap().key;
    assert_eq!(given.store.begin_challenge(first).await.unwrap(), BeginOutcome::Begun);
    for request in ["SendOtp ada", "SendOtp bob"] {
        let mut again = challenge("ada@example.com", at(1));
        again.answer = Some(answer("request", request, at(1)));
        assert_eq!(given.store.begin_challenge(again).await.unwrap(), BeginOutcome::AlreadyAnswered);
    }
    for table in ["challenges", "outbox", "audit_events", "answers"] {
        assert_eq!(given.inspect.count(table).await, 1, "{table}");
    }
    let KnownAnswer::Same(body) = given.store.answer(&key, at(1)).await.unwrap() else { panic!("the answer is kept") };
    assert_eq!(body.bytes, b"SendOtp ada");
}

async fn an_expired_answer_gives_way(given: &Given) {
    let mut first = challenge("ada@example.com", NOW);
    first.answer = Some(answer("request", "one", NOW));
    let expire_time = first.answer.as_ref().unwrap().expire_time;
    given.store.begin_challenge(first).await.unwrap();
    let mut again = challenge("ada@example.com", expire_time);
    again.answer = Some(answer("request", "two", expire_time));
    let key = again.answer.as_ref().unwrap().key;
    assert!(matches!(given.store.answer(&key, expire_time).await.unwrap(), KnownAnswer::None));
    assert_eq!(given.store.begin_challenge(again).await.unwrap(), BeginOutcome::Begun);
    let KnownAnswer::Same(body) = given.store.answer(&key, expire_time).await.unwrap() else { panic!("it is kept") };
    assert_eq!(body.bytes, b"two");
}

async fn an_answer_tells_another_request(given: &Given) {
    let mut new = challenge("ada@example.com", NOW);
    let recorded = answer("request", "one", NOW);
    new.answer = Some(recorded.clone());
    given.store.begin_challenge(new).await.unwrap();
    let other = AnswerKey { fingerprint: Digest::sha256(&[b"two"]), ..recorded.key };
    assert!(matches!(given.store.answer(&other, NOW).await.unwrap(), KnownAnswer::Different));
    let last = recorded.expire_time.before(Duration::from_micros(1));
    assert!(matches!(given.store.answer(&recorded.key, last).await.unwrap(), KnownAnswer::Same(_)));
    let unknown = AnswerKey { call: Digest::sha256(&[b"other"]), ..recorded.key };
    assert!(matches!(given.store.answer(&unknown, NOW).await.unwrap(), KnownAnswer::None));
}
