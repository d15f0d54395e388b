//! Grants: redeemed once, by whom they are for; a second time ends the session.

use super::{
    Given,
    given::{NOW, at, digest, event, rotation, sealed},
    on_both,
};
use identity::{
    domain::{audit::Act, client::ClientId, session::Session, user::UserChange},
    ports::store::{NewGrant, Redemption, RedemptionOutcome},
};
use std::time::Duration;

on_both!(
    a_grant_gives_its_session_once,
    a_second_time_ends_the_session,
    only_whom_it_is_for_redeems_it,
    it_ends_with_its_time,
    it_ends_with_the_first_refresh,
    it_ends_with_its_session_and_its_user,
    what_is_old_is_swept,
);

/// A grant of a session, good for a minute.
pub(crate) fn grant(code: &str, session: &Session) -> NewGrant {
    NewGrant {
        code_hash: digest(code),
        client_id: session.client_id.clone(),
        redirect_uri: "https://shop.example.com/in".to_owned(),
        verifier_hash: digest("verifier"),
        session_id: session.session_id,
        token: sealed("token"),
        expire_time: at(60),
    }
}

/// A redemption of it as its client makes it.
pub(crate) fn redemption(code: &str, seconds: u64) -> Redemption {
    let now = at(seconds);
    let event = event(now, Act::GrantRedeemed);
    Redemption {
        code_hash: digest(code),
        client_id: ClientId::new("Shop.Web_1").unwrap(),
        redirect_uri: "https://shop.example.com/in".to_owned(),
        verifier_hash: digest("verifier"),
        now,
        redeemed: event.clone(),
        reused: event.clone().failed("GRANT_REUSED"),
        refused: event.failed("GRANT_INVALID"),
    }
}

/// A refusal changes nothing: its event is given back, and not written.
async fn is_refused(given: &Given, redemption: Redemption) {
    let before = given.inspect.events().await.len();
    let outcome = given.store.redeem_grant(redemption).await.unwrap();
    let RedemptionOutcome::Refused(event) = outcome else { panic!("{outcome:?}") };
    assert_eq!(event.reason, "GRANT_INVALID");
    assert_eq!(given.inspect.events().await.len(), before);
}

async fn given_grant(given: &Given) -> Session {
    let session = given.signed_in("ada@example.com", NOW).await;
    given.store.keep_grant(grant("code", &session)).await.unwrap();
    session
}

async fn a_grant_gives_its_session_once(given: &Given) {
    let session = given_grant(given).await;
    let outcome = given.store.redeem_grant(redemption("code", 1)).await.unwrap();
    let RedemptionOutcome::Redeemed { token, live } = outcome else { panic!("{outcome:?}") };
    assert_eq!(token, sealed("token"));
    assert_eq!(format!("{:?}", live.session), format!("{session:?}"));
    let events = given.inspect.events().await;
    let last = events.last().unwrap();
    assert_eq!((last.act.as_str(), last.outcome.as_str()), ("grant.redeemed", "success"));
    assert_eq!((last.user_id, last.session_id), (Some(session.user_id.uuid()), Some(session.session_id.uuid())));
    assert_eq!(last.device_id, session.device.device_id);
}

async fn a_second_time_ends_the_session(given: &Given) {
    let session = given_grant(given).await;
    given.store.redeem_grant(redemption("code", 1)).await.unwrap();
    // Whatever else it shows: the code is in two hands.
    let mut second = redemption("code", 120);
    second.verifier_hash = digest("another");
    let outcome = given.store.redeem_grant(second).await.unwrap();
    let RedemptionOutcome::Reused { ended } = outcome else { panic!("{outcome:?}") };
    assert_eq!(ended, [session.session_id]);
    assert!(given.store.sessions(session.user_id, None, 10, at(120)).await.unwrap().sessions.is_empty());
    let third = given.store.redeem_grant(redemption("code", 121)).await.unwrap();
    let RedemptionOutcome::Refused(event) = third else { panic!("nothing is left to end: {third:?}") };
    assert_eq!((event.reason.as_ref(), event.session_id), ("GRANT_REUSED", Some(session.session_id)));
    let acts = given.inspect.acts().await;
    let count = |wanted: &str| acts.iter().filter(|act| *act == wanted).count();
    assert_eq!((count("grant.redeemed"), count("grant.redeemed GRANT_REUSED")), (1, 1));
    assert_eq!(given.inspect.revoked().await, [(session.session_id, "GRANT_REUSED".to_owned())]);
}

async fn only_whom_it_is_for_redeems_it(given: &Given) {
    given_grant(given).await;
    is_refused(given, redemption("Code", 1)).await;
    is_refused(given, Redemption { client_id: ClientId::new("shop.web_1").unwrap(), ..redemption("code", 1) }).await;
    for uri in ["https://shop.example.com/in/", "https://SHOP.example.com/in", ""] {
        is_refused(given, Redemption { redirect_uri: uri.to_owned(), ..redemption("code", 1) }).await;
    }
    is_refused(given, Redemption { verifier_hash: digest("another"), ..redemption("code", 1) }).await;
    let outcome = given.store.redeem_grant(redemption("code", 2)).await.unwrap();
    assert!(matches!(outcome, RedemptionOutcome::Redeemed { .. }), "a stranger cannot use it up: {outcome:?}");
    // Nor can another client end the session with it.
    let stranger = Redemption { client_id: ClientId::new("other").unwrap(), ..redemption("code", 3) };
    is_refused(given, stranger).await;
}

async fn it_ends_with_its_time(given: &Given) {
    given_grant(given).await;
    is_refused(given, redemption("code", 60)).await;
    let within = Redemption { now: at(60).before(Duration::from_micros(1)), ..redemption("code", 60) };
    let outcome = given.store.redeem_grant(within).await.unwrap();
    assert!(matches!(outcome, RedemptionOutcome::Redeemed { .. }), "{outcome:?}");
}

async fn it_ends_with_the_first_refresh(given: &Given) {
    let session = given_grant(given).await;
    given.store.rotate(rotation(session.session_id, 0, at(1))).await.unwrap();
    is_refused(given, redemption("code", 2)).await;
    let running = given.store.sessions(session.user_id, None, 10, at(2)).await.unwrap().sessions;
    assert_eq!(running.len(), 1, "and the session goes on");
}

async fn it_ends_with_its_session_and_its_user(given: &Given) {
    let session = given_grant(given).await;
    let done = event(at(1), Act::SessionRevoked);
    given.store.end_session(session.user_id, session.session_id, at(1), done).await.unwrap();
    is_refused(given, redemption("code", 2)).await;
    let session = given.signed_in("noa@example.com", NOW).await;
    given.store.keep_grant(grant("other", &session)).await.unwrap();
    let disabled = event(at(1), Act::UserDisabled);
    given.store.change_user(session.user_id, UserChange::Disable, at(1), disabled, None).await.unwrap();
    is_refused(given, redemption("other", 2)).await;
}

async fn what_is_old_is_swept(given: &Given) {
    given_grant(given).await;
    given.store.redeem_grant(redemption("code", 1)).await.unwrap();
    let day = Duration::from_hours(24);
    given.store.sweep(at(60).after(day).before(Duration::from_micros(1))).await.unwrap();
    assert_eq!(given.inspect.count("grants").await, 1);
    given.store.sweep(at(60).after(day)).await.unwrap();
    assert_eq!(given.inspect.count("grants").await, 0);
}
