//! Further codes of a challenge.

use super::{
    Given,
    given::{NOW, answer, at, challenge, completion, digest, further},
    on_both,
};
use identity::{
    domain::id::ChallengeId,
    ports::store::{KnownAnswer, ResendOutcome},
};
use uuid::Uuid;

on_both!(
    a_further_code_goes_first,
    of_four_codes_the_oldest_goes,
    expired_codes_are_not_live,
    too_soon_tells_when,
    what_has_ended_gets_no_code,
    the_same_request_adds_once,
);

async fn a_further_code_goes_first(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    assert!(matches!(given.store.add_code(further(id, "second", at(30))).await.unwrap(), ResendOutcome::Added));
    let attempt = given.charged(id, at(31)).await;
    let macs: Vec<_> = attempt.live_codes.iter().map(|code| code.mac).collect();
    assert_eq!(macs, [digest("second"), digest("first")]);
    assert_eq!(attempt.live_codes[1].expire_time, at(300));
    assert_eq!((attempt.challenge.expire_time, attempt.challenge.resend_time), (at(330), at(60)));
    assert_eq!(given.inspect.acts().await, ["code.resent", "code.sent"]);
    assert_eq!(given.inspect.count("outbox").await, 2);
}

async fn of_four_codes_the_oldest_goes(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    for (text, seconds) in [("second", 30), ("third", 60), ("fourth", 90)] {
        assert!(matches!(given.store.add_code(further(id, text, at(seconds))).await.unwrap(), ResendOutcome::Added));
    }
    let attempt = given.charged(id, at(91)).await;
    let macs: Vec<_> = attempt.live_codes.iter().map(|code| code.mac).collect();
    assert_eq!(macs, [digest("fourth"), digest("third"), digest("second")]);
}

async fn expired_codes_are_not_live(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    given.store.add_code(further(id, "second", at(200))).await.unwrap();
    let attempt = given.charged(id, at(300)).await;
    assert_eq!(attempt.live_codes.iter().map(|code| code.mac).collect::<Vec<_>>(), [digest("second")]);
}

async fn too_soon_tells_when(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let outcome = given.store.add_code(further(id, "second", at(29))).await.unwrap();
    assert!(matches!(outcome, ResendOutcome::TooSoon(time) if time == at(30)), "{outcome:?}");
    assert_eq!(given.inspect.count("outbox").await, 1);
    assert_eq!(given.inspect.count("audit_events").await, 1);
}

async fn what_has_ended_gets_no_code(given: &Given) {
    let expired = given.begun("ada@example.com", NOW).await;
    let used = given.begun("bob@example.com", NOW).await;
    let sign_in = completion(&given.charged(used, at(1)).await, at(1));
    given.store.complete_sign_in(sign_in).await.unwrap();
    let mut new = challenge("eve@example.com", NOW);
    new.challenge.max_attempts = 1;
    let exhausted = new.challenge.scope.challenge_id;
    given.store.begin_challenge(new).await.unwrap();
    given.charged(exhausted, at(1)).await;
    let unknown = ChallengeId::new(Uuid::from_u128(7));
    for (id, seconds) in [(expired, 300), (used, 60), (exhausted, 60), (unknown, 60)] {
        let outcome = given.store.add_code(further(id, "second", at(seconds))).await.unwrap();
        assert!(matches!(outcome, ResendOutcome::Ended), "{outcome:?}");
    }
    assert_eq!(given.inspect.count("outbox").await, 3);
}

async fn the_same_request_adds_once(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let mut first = further(id, "second", at(30));
    first.answer = Some(answer("request", "ResendOtp", at(30)));
    let key = first.answer.as_ref().unwrap().key;
    assert!(matches!(given.store.add_code(first).await.unwrap(), ResendOutcome::Added));
    let mut again = further(id, "third", at(31));
    again.answer = Some(answer("request", "ResendOtp", at(31)));
    // Not TooSoon, although it is: the caller asks for the answer that was lost.
    assert!(matches!(given.store.add_code(again).await.unwrap(), ResendOutcome::AlreadyAnswered));
    assert!(matches!(given.store.answer(&key, at(31)).await.unwrap(), KnownAnswer::Same(_)));
    assert_eq!(given.charged(id, at(32)).await.live_codes.len(), 2);
}
