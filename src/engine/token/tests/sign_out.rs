use super::*;
use crate::{
    domain::audit::Act,
    ports::{keys::Keys as _, store::SignOutOutcome},
};
use std::sync::atomic::Ordering;

fn by_refresh(text: &str, all_sessions: bool) -> SignOut {
    SignOut { refresh_token: Some(text.to_owned().into()), access_token: None, all_sessions }
}

fn by_access(text: &str, all_sessions: bool) -> SignOut {
    SignOut { refresh_token: None, access_token: Some(text.to_owned().into()), all_sessions }
}

fn refresh_text(world: &World, issuer: &TokenIssuer) -> String {
    issuer.first_token(session_id(1)).to_text(world.refresh().newest()).expose_secret().to_owned()
}

#[tokio::test]
async fn a_refresh_token_ends_its_session_at_once() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = access_token(&world, &issuer, session_id(1)).await;
    assert!(issuer.authenticate(&token).is_ok());
    *world.sign_out_outcome.lock().unwrap() = Some(SignOutOutcome::Ended(vec![session_id(1)]));
    issuer.sign_out(by_refresh(&refresh_text(&world, &issuer), false), &origin()).await.unwrap();
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::TokenInvalid);
    let ended = world.ended.lock().unwrap();
    assert_eq!(ended[0].0, format!("{} all=false", session_id(1)));
    assert_eq!(ended[0].1.act, Act::SessionRevoked);
}

#[tokio::test]
async fn a_dead_or_unknown_refresh_token_is_answered_like_a_live_one() {
    let world = World::new();
    let issuer = ready(&world).await;
    issuer.sign_out(by_refresh(&refresh_text(&world, &issuer), true), &origin()).await.unwrap();
    assert_eq!(world.ended.lock().unwrap().len(), 1);
    let access = access_token(&world, &issuer, session_id(1)).await;
    for text in ["", "idr_AAAA", "nonsense", &access] {
        issuer.sign_out(by_refresh(text, true), &origin()).await.unwrap();
    }
    assert_eq!(world.ended.lock().unwrap().len(), 1, "the store is not asked");
    assert!(issuer.authenticate(&access).is_ok());
}

#[tokio::test]
async fn an_access_token_ends_its_session_or_all() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = access_token(&world, &issuer, session_id(1)).await;
    *world.sign_out_outcome.lock().unwrap() = Some(SignOutOutcome::Ended(vec![session_id(1)]));
    issuer.sign_out(by_access(&token, false), &origin()).await.unwrap();
    assert_eq!(world.ended.lock().unwrap()[0].0, format!("{} all=false", session_id(1)));
    let token = access_token(&world, &issuer, session_id(2)).await;
    issuer.sign_out(by_access(&token, true), &origin()).await.unwrap();
    assert_eq!(world.ended.lock().unwrap()[1].0, format!("{} all=true", session_id(2)));
}

#[tokio::test]
async fn of_an_ended_session_an_access_token_is_answered_again_and_ends_nothing() {
    let world = World::new();
    let issuer = ready(&world).await;
    let token = access_token(&world, &issuer, session_id(1)).await;
    issuer.note_ended(&[session_id(1)]);
    for all in [false, true] {
        issuer.sign_out(by_access(&token, all), &origin()).await.unwrap();
    }
    assert!(matches!(issuer.authenticate_to_end(&token), Ok(Leaving::Ended(id)) if id == session_id(1)));
    assert_eq!(issuer.authenticate(&token).unwrap_err(), Refusal::TokenInvalid);
    // It is told by a token that is sound otherwise, and by no other: neither by one of another signature, nor by an old one.
    let forged = token.replacen("k1", "k9", 1);
    assert!(matches!(issuer.authenticate_to_end(&forged), Err(Refusal::TokenInvalid)));
    world.pass(Duration::from_hours(1));
    issuer.poll_revocations().await.unwrap();
    assert!(matches!(issuer.authenticate_to_end(&token), Err(Refusal::TokenInvalid)));
    assert_eq!(issuer.sign_out(by_access(&token, false), &origin()).await.unwrap_err(), Refusal::TokenInvalid);
    assert!(world.ended.lock().unwrap().is_empty(), "the store is not asked");
}

#[tokio::test]
async fn what_is_no_access_token_ends_nothing() {
    let world = World::new();
    let issuer = ready(&world).await;
    let refresh = refresh_text(&world, &issuer);
    for text in ["", "x", &refresh] {
        assert_eq!(issuer.sign_out(by_access(text, true), &origin()).await.unwrap_err(), Refusal::TokenInvalid);
    }
    let nothing = SignOut { refresh_token: None, access_token: None, all_sessions: true };
    let Refusal::Invalid(violations) = issuer.sign_out(nothing, &origin()).await.unwrap_err() else { panic!() };
    assert_eq!(violations[0].field, "refresh_token");
    assert!(world.ended.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_fault_is_no_success() {
    let world = World::new();
    let issuer = ready(&world).await;
    world.down.store(true, Ordering::SeqCst);
    let outcome = issuer.sign_out(by_refresh(&refresh_text(&world, &issuer), false), &origin()).await;
    assert_eq!(outcome.unwrap_err(), Refusal::StoreUnavailable);
}
