//! Sign-outs of one user by every way at once: each session ends once, and nobody waits for another in a circle.

use super::race;
use crate::contract::store::{
    Given,
    devices::{known, opened_on},
    given::{NOW, at, event, rotation},
    on_both,
};
use identity::domain::{audit::Act, user::UserChange};

on_both!(every_way_out_at_once, a_device_goes_with_its_sessions_that_end_at_once);

async fn every_way_out_at_once(given: &Given) {
    for round in 0..20 {
        let address = format!("user{round}@example.com");
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(given.signed_in(&address, NOW).await);
        }
        let user = sessions[0].user_id;
        given.store.rotate(rotation(sessions[3].session_id, 0, NOW)).await.unwrap();
        given.store.rotate(rotation(sessions[3].session_id, 1, NOW)).await.unwrap();
        race(given, 12, |store, number| {
            let id = sessions[number % 4].session_id;
            async move {
                let revoked = event(at(60), Act::SessionRevoked);
                match number % 6 {
                    0 => drop(store.sign_out(id, Some(0), false, at(60), revoked).await.unwrap()),
                    1 => drop(store.end_others(user, id, at(60), revoked, None).await.unwrap()),
                    2 => drop(store.sign_out(id, Some(0), true, at(60), revoked).await.unwrap()),
                    3 => drop(store.rotate(rotation(id, 0, at(60))).await.unwrap()),
                    4 => drop(store.end_session(user, id, at(60), revoked).await.unwrap()),
                    _ => {
                        let disabled = event(at(60), Act::UserDisabled);
                        drop(store.change_user(user, UserChange::Disable, at(60), disabled, None).await.unwrap());
                    }
                }
            }
        })
        .await;
        assert!(given.store.sessions(user, None, 10, at(61)).await.unwrap().sessions.is_empty(), "round {round}");
    }
    assert_eq!(given.revocations(at(60)).await.len(), 80);
    let twice = "SELECT COUNT(*) FROM (SELECT session_id FROM audit_events WHERE act = 'session.revoked' \
        GROUP BY session_id HAVING COUNT(*) > 1) AS twice";
    assert_eq!(given.inspect.number(twice).await, 0);
}

/// Each end sees whether the others have come before it: none of them leaves the device to a session that is about to end.
async fn a_device_goes_with_its_sessions_that_end_at_once(given: &Given) {
    for round in 0..20 {
        let (first, device) = known(given, at(10 * round)).await;
        let mut sessions = vec![first];
        for _ in 0..3 {
            sessions.push(opened_on(given, &device, at(10 * round + 1)).await);
        }
        race(given, 4, |store, number| {
            let session = sessions[number].clone();
            async move {
                let (now, revoked) = (at(10 * round + 2), event(at(10 * round + 2), Act::SessionRevoked));
                store.end_session(session.user_id, session.session_id, now, revoked).await.unwrap()
            }
        })
        .await;
        assert!(!given.store.device_stands(device).await.unwrap(), "round {round}");
    }
}
