use super::{fakes::text, *};
use crate::domain::revocation::Revocation;
use std::sync::atomic::Ordering;

/// For how long an end is remembered: the longest life of a token, and twice the longest skew.
const LIFE: Duration = Duration::from_mins(17);

fn end(world: &World, session: u128) {
    let revocation = Revocation { session_id: session_id(session), revoke_time: world.now() };
    world.feed.lock().unwrap().push(revocation);
}

fn since(world: &World) -> Duration {
    world.now().since(world.since.lock().unwrap().unwrap())
}

#[tokio::test]
async fn nothing_is_active_before_the_feed_has_been_read() {
    let world = World::new();
    let issuer = issuer(&world);
    let token = access_token(&world, &issuer, session_id(1)).await;
    assert!(!issuer.feed_is_fresh());
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::StoreUnavailable);
    assert!(matches!(issuer.validate("x", "", "").await, Ok(Validation::Inactive(Inactive::Malformed))));
    issuer.poll_revocations().await.unwrap();
    assert!(issuer.feed_is_fresh());
    assert!(issuer.authenticate(&token).is_ok());
}

#[tokio::test]
async fn a_feed_that_stops_stops_validation_after_five_seconds() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = access_token(&world, &issuer, session_id(1)).await;
    world.down.store(true, Ordering::SeqCst);
    world.pass(Duration::from_secs(5));
    issuer.poll_revocations().await.unwrap_err();
    assert!(issuer.authenticate(&token).is_ok());
    world.pass(Duration::from_micros(1));
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::StoreUnavailable);
    assert!(!issuer.feed_is_fresh());
    issuer.note_ended(&[session_id(1)]);
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::TokenInvalid, "known to have ended, feed or not");
}

#[tokio::test]
async fn a_clock_set_back_makes_no_old_reading_fresh() {
    let world = World::new();
    let issuer = ready(&world).await;
    world.set_back(Duration::from_mins(1));
    assert!(!issuer.feed_is_fresh());
    issuer.poll_revocations().await.unwrap();
    assert!(issuer.feed_is_fresh());
    assert_eq!(since(&world), LIFE);
}

/// Ahead, it had what ended be forgotten, and what it brings back is not good again.
#[tokio::test]
async fn a_clock_that_was_ahead_revives_nothing() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = access_token(&world, &issuer, session_id(1)).await;
    end(&world, 1);
    issuer.poll_revocations().await.unwrap();
    world.pass(Duration::from_hours(1));
    issuer.poll_revocations().await.unwrap();
    world.set_back(Duration::from_hours(1));
    assert!(!issuer.feed_is_fresh());
    issuer.poll_revocations().await.unwrap();
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::TokenInvalid);
}

#[tokio::test]
async fn the_first_reading_goes_back_a_whole_life_and_the_next_overlap() {
    let world = World::new();
    let issuer = issuer(&world);
    end(&world, 1);
    let token = access_token(&world, &issuer, session_id(1)).await;
    world.pass(LIFE);
    issuer.poll_revocations().await.unwrap();
    assert_eq!(since(&world), LIFE);
    let Validation::Inactive(reason) = issuer.validate(&token, "", "").await.unwrap() else { panic!() };
    assert_eq!(reason, Inactive::Expired);
    world.pass(Duration::from_millis(250));
    issuer.poll_revocations().await.unwrap();
    assert_eq!(since(&world), Duration::from_millis(10_250));
}

#[tokio::test]
async fn a_revocation_of_another_process_arrives_with_the_next_reading() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = access_token(&world, &issuer, session_id(1)).await;
    assert!(issuer.authenticate(&token).is_ok());
    // Committed nine seconds after it was stamped, behind several readings.
    let revoke_time = world.now();
    for _ in 0..36 {
        world.pass(Duration::from_millis(250));
        issuer.poll_revocations().await.unwrap();
    }
    world.feed.lock().unwrap().push(Revocation { session_id: session_id(1), revoke_time });
    world.pass(Duration::from_millis(250));
    issuer.poll_revocations().await.unwrap();
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::TokenInvalid);
}

/// Stamped two minutes before it is there to be read: by a clock that is behind, or for a commit that hung.
#[tokio::test]
async fn a_revocation_that_comes_to_light_late_arrives_within_five_seconds() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = access_token(&world, &issuer, session_id(1)).await;
    let revoke_time = world.now();
    world.pass(Duration::from_mins(2));
    issuer.poll_revocations().await.unwrap();
    world.feed.lock().unwrap().push(Revocation { session_id: session_id(1), revoke_time });
    for _ in 0..17 {
        world.pass(Duration::from_millis(250));
        issuer.poll_revocations().await.unwrap();
    }
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::TokenInvalid);
}

#[tokio::test]
async fn where_much_has_ended_a_whole_life_is_read_less_often() {
    let world = World::new();
    let issuer = issuer(&world);
    for session in 1..=10_000 {
        end(&world, session);
    }
    let mut whole = Vec::new();
    for poll in 0..100 {
        issuer.poll_revocations().await.unwrap();
        if since(&world) == LIFE {
            whole.push(poll);
        }
        world.pass(Duration::from_millis(250));
    }
    assert_eq!(whole, [0, 21, 42, 63, 84]);
}

#[tokio::test]
async fn what_a_failed_reading_missed_is_read_by_the_next() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = access_token(&world, &issuer, session_id(1)).await;
    world.down.store(true, Ordering::SeqCst);
    end(&world, 1);
    world.pass(Duration::from_mins(2));
    issuer.poll_revocations().await.unwrap_err();
    world.down.store(false, Ordering::SeqCst);
    issuer.poll_revocations().await.unwrap();
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::TokenInvalid);
}

#[tokio::test]
async fn an_end_is_remembered_for_as_long_as_a_token_can_live_and_no_longer() {
    let world = World::new();
    let issuer = ready(&world).await;
    let first = issuer.first_token(session_id(1));
    let mut state = live(&world, &first);
    // The session's last token comes from a process whose clock is ahead by the difference that is allowed.
    state.session.last_use_time = world.now().after(Duration::from_secs(5));
    let claims = AccessClaims::of(&state, ISSUER, &["api".to_owned()], Duration::from_mins(15));
    issuer.note_ended(&[session_id(1)]);
    world.pass(Duration::from_secs(909));
    issuer.poll_revocations().await.unwrap();
    issuer.note_ended(&[session_id(2)]);
    let reason = async |token: &str| match issuer.validate(token, "", "").await.unwrap() {
        Validation::Active(_) => None,
        Validation::Inactive(reason) => Some(reason),
    };
    assert_eq!(reason(&text("k1", &claims)).await, Some(Inactive::Revoked));
    world.pass(LIFE.checked_sub(Duration::from_secs(908)).unwrap());
    issuer.poll_revocations().await.unwrap();
    assert_eq!(reason(&text("k1", &claims)).await, Some(Inactive::Expired));
    let endless = AccessClaims { exp: i64::MAX / 2_000_000, ..claims };
    assert_eq!(reason(&text("k1", &endless)).await, None, "forgotten: no token of it can be alive");
}
