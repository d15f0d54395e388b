//! Rotating a refresh token: every outcome, and what each leaves behind.

use super::{
    Given,
    given::{NOW, at, digest, event, rotation, sealed},
    on_both,
};
use identity::{
    domain::{
        audit::{Act, AuditEvent},
        id::{SessionId, UserId},
        message::Recipient,
        session::LiveSession,
        user::{Role, UserChange},
    },
    ports::store::{Rotation, RotationOutcome},
};
use std::time::Duration;
use uuid::Uuid;

on_both!(
    the_live_token_rotates,
    roles_are_those_of_the_moment,
    a_lost_answer_is_given_again,
    the_grace_ends,
    the_same_call_has_a_longer_grace,
    an_old_token_ends_every_session,
    a_made_up_token_ends_nothing,
    another_device_ends_the_session,
    a_device_may_stay_unnamed,
    what_has_ended_is_refused,
    an_unknown_session_leaves_no_event,
    use_moves_the_end_but_not_past_the_last,
);

fn rotated(outcome: RotationOutcome) -> LiveSession {
    match outcome {
        RotationOutcome::Rotated(live) => *live,
        other => panic!("not rotated: {other:?}"),
    }
}

fn repeated(outcome: RotationOutcome) -> LiveSession {
    match outcome {
        RotationOutcome::Repeated(live) => *live,
        other => panic!("not answered again: {other:?}"),
    }
}

/// Its event, which is given back.
async fn refused(given: &Given, rotation: Rotation) -> AuditEvent {
    let outcome = given.store.rotate(rotation).await.unwrap();
    let RotationOutcome::Refused(event) = outcome else { panic!("not refused: {outcome:?}") };
    assert_eq!((event.act, event.reason.as_ref()), (Act::TokenRefreshed, "REFRESH_TOKEN_INVALID"));
    *event
}

async fn running(given: &Given, user: UserId) -> usize {
    given.store.sessions(user, None, 100, at(60)).await.unwrap().sessions.len()
}

async fn the_live_token_rotates(given: &Given) {
    let before = given.signed_in("ada@example.com", NOW).await;
    let live = rotated(given.store.rotate(rotation(before.session_id, 0, at(60))).await.unwrap());
    let session = &live.session;
    assert_eq!((session.counter, session.refresh_hash), (1, digest("token 1")));
    assert_eq!((session.last_use_time, session.create_time, session.auth_time), (at(60), NOW, NOW));
    assert_eq!(session.last_use_address, Some("192.0.2.7".parse().unwrap()));
    assert_eq!((&session.device, &session.client_id), (&before.device, &before.client_id));
    assert_eq!(session.idle_expire_time, at(60).after(Duration::from_hours(7 * 24)));
    assert_eq!(session.absolute_expire_time, before.absolute_expire_time);
    let live = rotated(given.store.rotate(rotation(before.session_id, 1, at(61))).await.unwrap());
    assert_eq!((live.session.counter, live.session.refresh_hash), (2, digest("token 2")));
    let events = given.inspect.events().await;
    let last = events.last().unwrap();
    assert_eq!((last.act.as_str(), last.outcome.as_str()), ("token.refreshed", "success"));
    assert_eq!(last.user_id, Some(before.user_id.uuid()));
    assert_eq!(last.session_id, Some(before.session_id.uuid()));
    assert_eq!((last.client_id.as_deref(), last.device_id.as_str()), (Some("Shop.Web_1"), "Phone 1 "));
}

async fn roles_are_those_of_the_moment(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let roles = vec![Role::new("admin:all").unwrap(), Role::new("viewer").unwrap()];
    let change = UserChange::Roles(roles.clone());
    given.store.change_user(session.user_id, change, at(1), event(at(1), Act::RolesChanged), None).await.unwrap();
    let live = rotated(given.store.rotate(rotation(session.session_id, 0, at(2))).await.unwrap());
    assert_eq!(live.roles, roles);
}

async fn a_lost_answer_is_given_again(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let first = rotated(given.store.rotate(rotation(session.session_id, 0, at(60))).await.unwrap());
    let within = at(70).before(Duration::from_micros(1));
    for now in [at(60), at(65), within] {
        let again = repeated(given.store.rotate(rotation(session.session_id, 0, now)).await.unwrap());
        assert_eq!(format!("{again:?}"), format!("{first:?}"));
        assert_eq!(again.session.refresh_hash, digest("token 1"));
    }
    let acts = given.inspect.acts().await;
    assert_eq!(acts.iter().filter(|act| *act == "token.refreshed ANSWERED_AGAIN").count(), 3);
    rotated(given.store.rotate(rotation(session.session_id, 1, at(66))).await.unwrap());
}

async fn the_grace_ends(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    rotated(given.store.rotate(rotation(session.session_id, 0, at(60))).await.unwrap());
    let outcome = given.store.rotate(rotation(session.session_id, 0, at(70))).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Reused { .. }), "{outcome:?}");
}

async fn the_same_call_has_a_longer_grace(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let with_key = |now, key: &str| Rotation { request_key: Some(digest(key)), ..rotation(session.session_id, 0, now) };
    rotated(given.store.rotate(with_key(at(60), "call")).await.unwrap());
    repeated(given.store.rotate(with_key(at(359), "call")).await.unwrap());
    repeated(given.store.rotate(with_key(at(61), "other call")).await.unwrap());
    let outcome = given.store.rotate(with_key(at(359), "other call")).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Reused { .. }), "{outcome:?}");
}

async fn an_old_token_ends_every_session(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let other = given.signed_in("ada@example.com", at(1)).await;
    let stranger = given.signed_in("bob@example.com", at(1)).await;
    rotated(given.store.rotate(rotation(session.session_id, 0, at(2))).await.unwrap());
    rotated(given.store.rotate(rotation(session.session_id, 1, at(3))).await.unwrap());
    let old = rotation(session.session_id, 0, at(4));
    let notice = old.reused.notice.as_ref().unwrap().message.message_id;
    let outcome = given.store.rotate(old).await.unwrap();
    let RotationOutcome::Reused { user_id, mut ended } = outcome else { panic!("{outcome:?}") };
    let mut wanted = [session.session_id, other.session_id];
    ended.sort();
    wanted.sort();
    assert_eq!((user_id, ended.as_slice()), (session.user_id, wanted.as_slice()));
    assert_eq!((running(given, session.user_id).await, running(given, stranger.user_id).await), (0, 1));
    assert_eq!(given.inspect.revoked().await, wanted.map(|id| (id, "REFRESH_TOKEN_REUSED".to_owned())));
    let revoked = given.revocations(at(4)).await;
    assert_eq!(revoked.len(), 2);
    assert!(revoked.iter().all(|revocation| revocation.revoke_time == at(4)));
    let claimed = given.store.claim(100, at(4), Duration::from_mins(1)).await.unwrap();
    let notice = claimed.iter().find(|message| message.message_id == notice).unwrap();
    let Recipient::User { user_id, contact, locale } = &notice.recipient else { panic!("{notice:?}") };
    assert_eq!((*user_id, contact.email.as_ref()), (session.user_id, Some(&sealed("users.email"))));
    assert_eq!(locale, "de-AT", "the language that the user first signed in with");
    refused(given, rotation(session.session_id, 2, at(5))).await;
    refused(given, rotation(session.session_id, 0, at(5))).await;
    refused(given, rotation(other.session_id, 0, at(5))).await;
    let acts = given.inspect.acts().await;
    assert_eq!(acts.iter().filter(|act| act.starts_with("refresh_token.reused")).count(), 1);
    assert_eq!(acts.iter().filter(|act| act.starts_with("token.refreshed ")).count(), 0);
}

async fn a_made_up_token_ends_nothing(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    rotated(given.store.rotate(rotation(session.session_id, 0, at(1))).await.unwrap());
    rotated(given.store.rotate(rotation(session.session_id, 1, at(2))).await.unwrap());
    for counter in [0, 1, 2, 3, u32::MAX - 1] {
        let made_up =
            Rotation { presented: digest("made up"), authentic: false, ..rotation(session.session_id, counter, at(3)) };
        let event = refused(given, made_up).await;
        assert_eq!((event.user_id, event.session_id), (Some(session.user_id), Some(session.session_id)));
    }
    refused(given, Rotation { presented: digest("made up"), ..rotation(session.session_id, 2, at(3)) }).await;
    refused(given, rotation(session.session_id, 3, at(3))).await;
    assert_eq!(running(given, session.user_id).await, 1);
    rotated(given.store.rotate(rotation(session.session_id, 2, at(3))).await.unwrap());
}

async fn another_device_ends_the_session(given: &Given) {
    for (address, counter, device) in [("ada@example.com", 0, "Phone 1"), ("bob@example.com", 1, "phone 1 ")] {
        let session = given.signed_in(address, NOW).await;
        let other = given.signed_in(address, NOW).await;
        for used in 0..counter {
            rotated(given.store.rotate(rotation(session.session_id, used, at(1))).await.unwrap());
        }
        let foreign = Rotation { device_id: device.to_owned(), ..rotation(session.session_id, 0, at(2)) };
        let outcome = given.store.rotate(foreign).await.unwrap();
        assert!(
            matches!(&outcome, RotationOutcome::DeviceMismatch { ended } if *ended == [session.session_id]),
            "{outcome:?}"
        );
        refused(given, rotation(session.session_id, counter, at(3))).await;
        rotated(given.store.rotate(rotation(other.session_id, 0, at(3))).await.unwrap());
        assert!(given.revocations(at(2)).await.iter().any(|r| r.session_id == session.session_id));
    }
    let acts = given.inspect.acts().await;
    assert_eq!(acts.iter().filter(|act| *act == "token.refreshed DEVICE_MISMATCH").count(), 2);
}

async fn a_device_may_stay_unnamed(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let named = Rotation { device_id: "Phone 1 ".to_owned(), ..rotation(session.session_id, 0, at(1)) };
    rotated(given.store.rotate(named).await.unwrap());
    rotated(given.store.rotate(rotation(session.session_id, 1, at(2))).await.unwrap());
    given.inspect.execute("UPDATE sessions SET device_id = ''").await.unwrap();
    let named = Rotation { device_id: "Phone 2".to_owned(), ..rotation(session.session_id, 2, at(3)) };
    rotated(given.store.rotate(named).await.unwrap());
}

async fn what_has_ended_is_refused(given: &Given) {
    let ended = given.signed_in("ada@example.com", NOW).await;
    let done = event(at(1), Act::SessionRevoked);
    given.store.end_session(ended.user_id, ended.session_id, at(1), done).await.unwrap();
    refused(given, rotation(ended.session_id, 0, at(2))).await;
    let idle = given.signed_in("ada@example.com", NOW).await;
    let last = idle.idle_expire_time.before(Duration::from_micros(1));
    refused(given, rotation(idle.session_id, 0, idle.idle_expire_time)).await;
    rotated(given.store.rotate(rotation(idle.session_id, 0, last)).await.unwrap());
    let disabled = given.signed_in("bob@example.com", NOW).await;
    given.inspect.execute("UPDATE users SET disabled = TRUE").await.unwrap();
    let event = refused(given, rotation(disabled.session_id, 0, at(2))).await;
    assert_eq!((event.user_id, event.device_id.as_str()), (Some(disabled.user_id), "Phone 1 "));
    let acts = given.inspect.acts().await;
    assert_eq!(acts.iter().filter(|act| act.starts_with("token.refreshed ")).count(), 0, "they are given back");
}

async fn an_unknown_session_leaves_no_event(given: &Given) {
    let unknown = rotation(SessionId::new(Uuid::from_u128(7)), 0, NOW);
    assert_eq!(refused(given, unknown.clone()).await.session_id, Some(unknown.session_id), "it is ours, and swept");
    assert_eq!(refused(given, Rotation { authentic: false, ..unknown }).await.session_id, None);
    assert_eq!(given.inspect.count("audit_events").await, 0);
}

async fn use_moves_the_end_but_not_past_the_last(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let day = |days: u64| at(days * 86_400);
    for (counter, days) in [(0, 6), (1, 12), (2, 18)] {
        let live = rotated(given.store.rotate(rotation(session.session_id, counter, day(days))).await.unwrap());
        assert_eq!(live.session.idle_expire_time, day(days + 7));
    }
    let live = rotated(given.store.rotate(rotation(session.session_id, 3, day(24))).await.unwrap());
    assert_eq!(live.session.idle_expire_time, session.absolute_expire_time);
    refused(given, rotation(session.session_id, 4, session.absolute_expire_time)).await;
}
