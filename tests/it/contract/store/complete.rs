//! Completing a sign-in: all of it or nothing.

use super::{
    Given,
    given::{NOW, answer, at, completion, event, identifier, sealed},
    on_both,
};
use identity::{
    domain::{
        audit::Act,
        contact::Channel,
        id::ChallengeId,
        user::{Role, SealedContact, UserChange},
    },
    ports::store::{KnownAnswer, SignInOutcome, SignInUser},
};
use std::time::Duration;
use uuid::Uuid;

on_both!(
    a_new_user_comes_to_be,
    a_user_with_a_number_keeps_it_and_the_channel,
    a_known_user_gets_a_further_session,
    a_code_is_used_once,
    an_expired_challenge_is_spent,
    a_user_who_came_to_be_is_noticed,
    a_disabled_user_is_noticed,
    changed_roles_are_noticed,
    a_recorded_answer_is_kept,
    a_taken_answer_is_spent,
);

async fn rows(given: &Given) -> [i64; 4] {
    let mut counts = [0; 4];
    for (count, table) in counts.iter_mut().zip(["users", "sessions", "audit_events", "answers"]) {
        *count = given.inspect.count(table).await;
    }
    counts
}

async fn a_new_user_comes_to_be(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let user = given.store.user(session.user_id).await.unwrap().unwrap();
    assert_eq!((user.create_time, user.disabled, user.roles.len()), (NOW, false, 0));
    assert_eq!(user.contact, SealedContact { email: Some(sealed("users.email")), phone: None });
    let same = given.store.user_of(identifier("ada@example.com")).await.unwrap().unwrap();
    assert_eq!(same.user_id, user.user_id);
    let page = given.store.sessions(user.user_id, None, 10, NOW).await.unwrap();
    assert_eq!(format!("{:?}", page.sessions), format!("{:?}", [&session]));
    assert_eq!(page.sessions[0].refresh_hash, session.refresh_hash);
    assert_eq!(given.inspect.acts().await, ["code.sent", "code.verified", "session.started"]);
}

async fn a_user_with_a_number_keeps_it_and_the_channel(given: &Given) {
    let id = given.begun("+491761234567", NOW).await;
    let mut sign_in = completion(&given.charged(id, NOW).await, NOW);
    sign_in.session.channel = Channel::Sms;
    let contact = SealedContact { email: None, phone: Some(sealed("users.phone")) };
    let SignInUser::New(new) = &mut sign_in.user else { panic!("a user before the first sign-in") };
    new.contact = contact.clone();
    let session = sign_in.session.clone();
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
    let user = given.store.user(session.user_id).await.unwrap().unwrap();
    assert_eq!(user.contact, contact);
    let next = given.begun("+491761234567", at(1)).await;
    assert_eq!(given.charged(next, at(1)).await.user.unwrap().contact, contact);
    let page = given.store.sessions(user.user_id, None, 10, NOW).await.unwrap();
    assert_eq!(page.sessions[0].channel, Channel::Sms);
}

async fn a_known_user_gets_a_further_session(given: &Given) {
    let first = given.signed_in("ada@example.com", NOW).await;
    let second = given.signed_in("ada@example.com", at(1)).await;
    assert_eq!(first.user_id, second.user_id);
    assert_eq!(rows(given).await, [1, 2, 6, 0]);
}

async fn a_code_is_used_once(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let attempt = given.charged(id, at(1)).await;
    assert_eq!(given.store.complete_sign_in(completion(&attempt, at(1))).await.unwrap(), SignInOutcome::SignedIn);
    assert!(given.store.challenge(id).await.unwrap().unwrap().used);
    let before = rows(given).await;
    assert_eq!(given.store.complete_sign_in(completion(&attempt, at(1))).await.unwrap(), SignInOutcome::Spent);
    assert_eq!(rows(given).await, before);
}

async fn an_expired_challenge_is_spent(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let attempt = given.charged(id, at(1)).await;
    let mut unknown = completion(&attempt, at(1));
    unknown.challenge_id = ChallengeId::new(Uuid::from_u128(7));
    let before = rows(given).await;
    for sign_in in [unknown, completion(&attempt, at(300))] {
        assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::Spent);
    }
    assert_eq!(rows(given).await, before);
    let last = completion(&attempt, at(300).before(Duration::from_micros(1)));
    assert_eq!(given.store.complete_sign_in(last).await.unwrap(), SignInOutcome::SignedIn);
}

async fn a_user_who_came_to_be_is_noticed(given: &Given) {
    let slow = given.begun("ada@example.com", NOW).await;
    let mut attempt = given.charged(slow, at(1)).await;
    let session = given.signed_in("ada@example.com", at(2)).await;
    let before = rows(given).await;
    let mut sign_in = completion(&attempt, at(3));
    sign_in.answer = Some(answer("request", "VerifyOtp", at(3)));
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::UserChanged);
    assert_eq!(rows(given).await, before);
    assert!(!given.store.challenge(slow).await.unwrap().unwrap().used);
    attempt.user = given.store.user_of(identifier("ada@example.com")).await.unwrap();
    let sign_in = completion(&attempt, at(3));
    assert_eq!(sign_in.session.user_id, session.user_id);
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
}

async fn a_disabled_user_is_noticed(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let id = given.begun("ada@example.com", at(1)).await;
    let attempt = given.charged(id, at(1)).await;
    let disabled = event(at(2), Act::UserDisabled);
    given.store.change_user(session.user_id, UserChange::Disable, at(2), disabled, None).await.unwrap();
    let before = rows(given).await;
    let outcome = given.store.complete_sign_in(completion(&attempt, at(3))).await.unwrap();
    assert_eq!(outcome, SignInOutcome::UserChanged);
    assert_eq!(rows(given).await, before);
    let mut nobody = completion(&attempt, at(3));
    let none =
        SignInUser::Existing { user_id: identity::domain::id::UserId::new(Uuid::from_u128(7)), roles: Vec::new() };
    nobody.user = none;
    assert_eq!(given.store.complete_sign_in(nobody).await.unwrap(), SignInOutcome::UserChanged);
}

async fn changed_roles_are_noticed(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let id = given.begun("ada@example.com", at(1)).await;
    let mut attempt = given.charged(id, at(1)).await;
    let change = UserChange::Roles(vec![Role::new("viewer").unwrap()]);
    let changed = event(at(2), Act::RolesChanged);
    given.store.change_user(session.user_id, change, at(2), changed, None).await.unwrap();
    let outcome = given.store.complete_sign_in(completion(&attempt, at(3))).await.unwrap();
    assert_eq!(outcome, SignInOutcome::UserChanged);
    attempt.user = given.store.user_of(identifier("ada@example.com")).await.unwrap();
    assert_eq!(given.store.complete_sign_in(completion(&attempt, at(3))).await.unwrap(), SignInOutcome::SignedIn);
}

async fn a_recorded_answer_is_kept(given: &Given) {
    let id = given.begun("ada@example.com", NOW).await;
    let mut sign_in = completion(&given.charged(id, at(1)).await, at(1));
    let recorded = answer("request", "VerifyOtp", at(1));
    sign_in.answer = Some(recorded.clone());
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
    assert!(matches!(given.store.answer(&recorded.key, at(2)).await.unwrap(), KnownAnswer::Same(_)));
}

async fn a_taken_answer_is_spent(given: &Given) {
    for address in ["ada@example.com", "bob@example.com"] {
        let id = given.begun(address, NOW).await;
        let mut sign_in = completion(&given.charged(id, at(1)).await, at(1));
        sign_in.answer = Some(answer("request", "VerifyOtp", at(1)));
        let before = rows(given).await;
        let outcome = given.store.complete_sign_in(sign_in).await.unwrap();
        if address == "ada@example.com" {
            assert_eq!(outcome, SignInOutcome::SignedIn);
        } else {
            assert_eq!(outcome, SignInOutcome::Spent);
            assert_eq!(rows(given).await, before);
            assert!(!given.store.challenge(id).await.unwrap().unwrap().used);
        }
    }
}
