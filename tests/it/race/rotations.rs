//! Rotations: one successor, never two branches, and never a live token after the session has ended.

use super::{MANY, race};
use crate::contract::store::{
    Given,
    given::{NOW, at, digest, event, rotation},
    on_both,
};
use identity::{
    domain::{audit::Act, digest::Digest, id::SessionId},
    ports::store::{Rotation, RotationOutcome, SignOutOutcome},
};

on_both!(
    one_token_has_one_successor,
    two_devices_have_one_live_token,
    an_old_token_ends_what_is_being_rotated,
    after_a_sign_out_nothing_lives,
    many_are_refreshed_while_all_end,
);

async fn one_token_has_one_successor(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let id = session.session_id;
    let outcomes =
        race(given, MANY, |store, _| async move { store.rotate(rotation(id, 0, at(60))).await.unwrap() }).await;
    let mut rotated = 0;
    for outcome in &outcomes {
        let live = match outcome {
            RotationOutcome::Rotated(live) => {
                rotated += 1;
                live
            }
            RotationOutcome::Repeated(live) => live,
            other => panic!("{other:?}"),
        };
        assert_eq!((live.session.counter, live.session.refresh_hash), (1, digest("token 1")));
        assert_eq!(live.session.last_use_time, at(60));
    }
    assert_eq!(rotated, 1);
    let acts = given.inspect.acts().await;
    assert_eq!(acts.iter().filter(|act| *act == "token.refreshed").count(), 1);
    assert_eq!(acts.iter().filter(|act| *act == "token.refreshed ANSWERED_AGAIN").count(), MANY - 1);
}

/// A thief and the owner with the same token but other successors, which cannot be made without the key: the store keeps
/// to the first.
async fn two_devices_have_one_live_token(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let id = session.session_id;
    let own = |number: usize| Digest::sha256(&[&number.to_be_bytes()]);
    let outcomes = race(given, MANY, |store, number| async move {
        store.rotate(Rotation { successor: own(number), ..rotation(id, 0, at(60)) }).await.unwrap()
    })
    .await;
    let winner = outcomes.iter().position(|outcome| matches!(outcome, RotationOutcome::Rotated(_))).unwrap();
    for outcome in outcomes {
        let (RotationOutcome::Rotated(live) | RotationOutcome::Repeated(live)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(live.session.refresh_hash, own(winner));
    }
}

async fn an_old_token_ends_what_is_being_rotated(given: &Given) {
    for round in 0..40 {
        let address = format!("user{round}@example.com");
        let session = given.signed_in(&address, NOW).await;
        given.signed_in(&address, NOW).await;
        let id = session.session_id;
        for counter in 0..2 {
            given.store.rotate(rotation(id, counter, at(1))).await.unwrap();
        }
        race(given, 6, |store, number| async move {
            let counter = if number < 3 { 0 } else { 2 };
            store.rotate(rotation(id, counter, at(2))).await.unwrap()
        })
        .await;
        assert!(given.store.sessions(session.user_id, None, 10, at(3)).await.unwrap().sessions.is_empty());
        is_dead(given, id).await;
    }
    let acts = given.inspect.acts().await;
    assert_eq!(acts.iter().filter(|act| act.starts_with("refresh_token.reused")).count(), 40);
}

async fn after_a_sign_out_nothing_lives(given: &Given) {
    let replicas = super::replicas(given).await;
    let mut rotated = 0;
    for round in 0..1000_u32 {
        let address = format!("user{}@example.com", round % 10);
        let session = given.signed_in(&address, at(u64::from(round))).await;
        let (id, user) = (session.session_id, session.user_id);
        let now = at(u64::from(round) + 1);
        let (out, done) = (&replicas[0], event(now, Act::SessionRevoked));
        let out = async {
            if round % 2 == 0 {
                out.end_session(user, id, now, done).await.unwrap()
            } else {
                let SignOutOutcome::Ended(ended) = out.sign_out(id, Some(0), true, now, done).await.unwrap() else {
                    panic!()
                };
                ended
            }
        };
        let (first, ended, second) = tokio::join!(
            replicas[1].rotate(rotation(id, 0, now)),
            out,
            replicas[(round % 2) as usize].rotate(rotation(id, 0, now)),
        );
        rotated += usize::from(matches!(first.unwrap(), RotationOutcome::Rotated(_)));
        rotated += usize::from(matches!(second.unwrap(), RotationOutcome::Rotated(_)));
        assert_eq!(ended, [id], "round {round}");
        for counter in [0, 1] {
            let outcome = given.store.rotate(rotation(id, counter, now)).await.unwrap();
            assert!(matches!(outcome, RotationOutcome::Refused(_)), "round {round}: {outcome:?}");
        }
        assert!(given.revocations(now).await.iter().any(|revocation| revocation.session_id == id));
    }
    // The race is one: either side wins at times.
    assert!((10..=1000).contains(&rotated), "{rotated} rotations came first");
}

/// Both lock several sessions: in one order, or each would hold what the other needs until the store gives up.
async fn many_are_refreshed_while_all_end(given: &Given) {
    for round in 0..20 {
        let address = format!("user{round}@example.com");
        let mut ids = Vec::new();
        let first = given.signed_in(&address, NOW).await;
        let user_id = first.user_id;
        for _ in 0..12 {
            ids.push(given.signed_in(&address, NOW).await.session_id);
        }
        ids.sort_by(|one, other| other.bytes().cmp(one.bytes()));
        race(given, ids.len() + 1, |store, number| {
            let id = ids.get(number).copied();
            async move {
                if let Some(id) = id {
                    store.rotate(rotation(id, 0, at(1))).await.unwrap();
                } else {
                    let ended = event(at(1), Act::SessionRevoked);
                    store.sign_out(first.session_id, Some(0), true, at(1), ended).await.unwrap();
                }
            }
        })
        .await;
        assert!(given.store.sessions(user_id, None, 20, at(2)).await.unwrap().sessions.is_empty(), "round {round}");
    }
}

/// None of a session's tokens is good any more.
async fn is_dead(given: &Given, id: SessionId) {
    for counter in 0..4 {
        let outcome = given.store.rotate(rotation(id, counter, at(4))).await.unwrap();
        assert!(matches!(outcome, RotationOutcome::Refused(_)), "{counter}: {outcome:?}");
    }
}
