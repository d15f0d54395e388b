//! What is done about unusual use: with what it is about, and no notice of a kind twice within an hour.

use super::{
    Given,
    given::{NOW, at, completion, event, identifier, notice, rotation},
    on_both,
};
use identity::{
    domain::{
        audit::{Act, AuditEvent, Outcome},
        device_token::KnownDevice,
        id::{MessageId, UserId},
        message::Recipient,
        policy::SecurityEvent,
        session::Session,
        time::Timestamp,
    },
    ports::store::{Response, Rotation, RotationOutcome, SignIn, SignInOutcome},
};
use std::{sync::Arc, time::Duration};

on_both!(
    a_sign_in_tells_once_an_hour,
    a_new_user_is_told_nothing,
    what_is_not_signed_in_is_not_told,
    a_sign_in_may_end_all_other_sessions,
    a_replay_without_revoke_ends_its_session_alone,
    another_device_may_end_every_session,
    many_sign_ins_at_once_tell_once,
);

const HOUR: u64 = 3600;

/// A sign-in of an address with a notice, and the notice's id.
async fn told(given: &Given, now: Timestamp) -> (SignIn, MessageId) {
    let id = given.begun("ada@example.com", now).await;
    let notice = notice(SecurityEvent::NewDevice, now);
    let message_id = notice.message.message_id;
    (SignIn { notice: Some(notice), ..completion(&given.charged(id, now).await, now) }, message_id)
}

/// The event of the sessions that a sign-in ends, where it does.
fn revoking(revokes: bool) -> Option<AuditEvent> {
    revokes.then(|| event(at(1), Act::SessionRevoked).ended(Outcome::Success, "NEW_DEVICE"))
}

/// The users whom claimed messages go to, by message; codes left aside.
async fn notices(given: &Given, now: Timestamp) -> Vec<(MessageId, UserId)> {
    let claimed = given.store.claim(100, now, Duration::from_secs(1)).await.unwrap();
    let notices = claimed.into_iter().filter_map(|message| match message.recipient {
        Recipient::User { user_id, .. } => Some((message.message_id, user_id)),
        Recipient::InContent => None,
    });
    notices.collect()
}

async fn running(given: &Given, session: &Session, now: Timestamp) -> usize {
    given.store.sessions(session.user_id, None, 100, now).await.unwrap().sessions.len()
}

async fn a_sign_in_tells_once_an_hour(given: &Given) {
    let first = given.signed_in("ada@example.com", NOW).await;
    let mut expected = Vec::new();
    for (seconds, tells) in [(1, true), (2, false), (HOUR, false), (HOUR + 1, true), (2 * HOUR, false)] {
        let (sign_in, notice) = told(given, at(seconds)).await;
        assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
        if tells {
            expected.push((notice, first.user_id));
        }
    }
    // A notice of another kind is its own.
    let mut replay = rotation(first.session_id, 0, at(2 * HOUR));
    given.store.rotate(replay.clone()).await.unwrap();
    given.store.rotate(rotation(first.session_id, 1, at(2 * HOUR))).await.unwrap();
    replay.reused.revoke = false;
    let other = replay.reused.notice.as_ref().unwrap().message.message_id;
    assert!(matches!(given.store.rotate(replay).await.unwrap(), RotationOutcome::Reused { .. }));
    expected.push((other, first.user_id));
    let mut found = notices(given, at(2 * HOUR)).await;
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

async fn many_sign_ins_at_once_tell_once(given: &Given) {
    let user = given.signed_in("ada@example.com", NOW).await.user_id;
    let mut sign_ins = Vec::new();
    for _ in 0..16 {
        sign_ins.push(told(given, at(1)).await.0);
        given.inspect.execute("DELETE FROM lockouts").await.unwrap();
    }
    // Three of them end the sessions of all others too, under the lock of the user.
    let calls = sign_ins.into_iter().enumerate().map(|(nth, sign_in)| {
        let (store, sign_in) = (Arc::clone(&given.store), SignIn { revoke: revoking(nth % 5 == 4), ..sign_in });
        tokio::spawn(async move { store.complete_sign_in(sign_in).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), SignInOutcome::SignedIn);
    }
    let found = notices(given, at(1)).await;
    assert_eq!(found.iter().map(|(_, of)| *of).collect::<Vec<_>>(), [user]);
    assert_eq!(given.inspect.count("sessions").await, 17);
}

async fn a_new_user_is_told_nothing(given: &Given) {
    given.signed_in("ada@example.com", NOW).await;
    assert_eq!((notices(given, at(1)).await, given.inspect.count("notices").await), (Vec::new(), 0));
}

async fn what_is_not_signed_in_is_not_told(given: &Given) {
    given.signed_in("ada@example.com", NOW).await;
    let (sign_in, _) = told(given, at(1)).await;
    given.inspect.execute("UPDATE users SET disabled = TRUE").await.unwrap();
    assert_eq!(given.store.complete_sign_in(sign_in.clone()).await.unwrap(), SignInOutcome::UserChanged);
    let ending = SignIn { revoke: revoking(true), ..sign_in };
    assert_eq!(given.store.complete_sign_in(ending).await.unwrap(), SignInOutcome::UserChanged);
    assert_eq!((notices(given, at(1)).await, given.inspect.count("notices").await), (Vec::new(), 0));
}

async fn a_sign_in_may_end_all_other_sessions(given: &Given) {
    let first = given.signed_in("ada@example.com", NOW).await;
    let stranger = given.signed_in("bob@example.com", NOW).await;
    let (sign_in, notice) = told(given, at(1)).await;
    let device = |issue_time| KnownDevice {
        identifier_key: identifier("ada@example.com"),
        device_key: sign_in.device_key,
        issue_time,
    };
    let (before, own) = (device(NOW), device(at(1)));
    let second = sign_in.session.clone();
    let sign_in = SignIn { revoke: revoking(true), ..sign_in };
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
    let left = given.store.sessions(first.user_id, None, 100, at(1)).await.unwrap().sessions;
    assert_eq!(left.iter().map(|session| session.session_id).collect::<Vec<_>>(), [second.session_id]);
    assert_eq!(running(given, &stranger, at(1)).await, 1);
    assert_eq!(notices(given, at(1)).await, [(notice, first.user_id)]);
    let revoked = given.revocations(at(1)).await;
    assert_eq!(revoked.iter().map(|one| one.session_id).collect::<Vec<_>>(), [first.session_id]);
    assert_eq!(given.inspect.revoked().await, [(first.session_id, "NEW_DEVICE".to_owned())]);
    // The device that signed in stays known; those before do not.
    assert!(given.store.device_stands(own).await.unwrap() && !given.store.device_stands(before).await.unwrap());
}

async fn a_replay_without_revoke_ends_its_session_alone(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    given.signed_in("ada@example.com", NOW).await;
    for counter in [0, 1] {
        given.store.rotate(rotation(session.session_id, counter, at(1))).await.unwrap();
    }
    let replay = Rotation { reused: Response::default(), ..rotation(session.session_id, 0, at(2)) };
    let outcome = given.store.rotate(replay).await.unwrap();
    let RotationOutcome::Reused { ended, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((ended.as_slice(), running(given, &session, at(2)).await), ([session.session_id].as_slice(), 1));
    assert_eq!(given.inspect.revoked().await, [(session.session_id, "REFRESH_TOKEN_REUSED".to_owned())]);
    assert!(notices(given, at(2)).await.is_empty());
    let acts = given.inspect.acts().await;
    assert_eq!(acts.iter().filter(|act| *act == "security.responded").count(), 1);
}

async fn another_device_may_end_every_session(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    given.signed_in("ada@example.com", NOW).await;
    let notice = notice(SecurityEvent::DeviceMismatch, at(1));
    let told = notice.message.message_id;
    let mismatched = Response { notice: Some(notice), revoke: true };
    let foreign = Rotation { device_id: "other".to_owned(), mismatched, ..rotation(session.session_id, 0, at(1)) };
    let outcome = given.store.rotate(foreign).await.unwrap();
    let RotationOutcome::DeviceMismatch { ended } = outcome else { panic!("{outcome:?}") };
    assert_eq!((ended.len(), running(given, &session, at(1)).await), (2, 0));
    let mut ended: Vec<_> = ended.into_iter().map(|id| (id, "DEVICE_MISMATCH".to_owned())).collect();
    ended.sort();
    assert_eq!(given.inspect.revoked().await, ended);
    assert_eq!(notices(given, at(1)).await, [(told, session.user_id)]);
}
