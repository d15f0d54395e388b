use super::*;
use crate::{
    domain::{
        audit::{Act, Outcome},
        message::{Content, NewMessage, OUTBOX_CONTENT},
        policy::{SecurityEvent, Template},
        sealed::{Place, open},
    },
    ports::{
        keys::Keys as _,
        store::{Rotation, RotationOutcome},
    },
};
use std::sync::atomic::Ordering;

/// A first token in the client's hands, and the token itself.
struct Held {
    text: String,
    token: RefreshToken,
}

fn held(world: &World, issuer: &TokenIssuer) -> Held {
    let token = issuer.first_token(session_id(1));
    Held { text: token.to_text(world.refresh().newest()).expose_secret().to_owned(), token }
}

fn request(text: &str) -> Refresh {
    Refresh { refresh_token: text.to_owned().into(), device_id: "phone".to_owned(), request_id: None, patient: false }
}

fn will(world: &World, outcome: RotationOutcome) {
    *world.rotation_outcome.lock().unwrap() = Some(outcome);
}

fn asked(world: &World) -> Rotation {
    world.rotation.lock().unwrap().take().expect("the store was asked")
}

#[tokio::test]
async fn a_rotation_gives_the_one_child() {
    let world = World::new();
    let issuer = issuer(&world);
    let Held { text, token } = held(&world, &issuer);
    let child = token.child(world.refresh().newest());
    will(&world, RotationOutcome::Rotated(Box::new(live(&world, &child))));
    let tokens = issuer.refresh(request(&text), &origin()).await.unwrap();
    assert_eq!(tokens.refresh_token.expose_secret(), child.to_text(world.refresh().newest()).expose_secret());
    let rotation = asked(&world);
    assert_eq!((rotation.session_id, rotation.counter, rotation.authentic), (session_id(1), 0, true));
    assert_eq!((rotation.presented, rotation.successor), (token.hash(), child.hash()));
    assert_eq!(rotation.device_id, "phone");
    assert_eq!(rotation.address, origin().address);
    assert!(rotation.request_key.is_none());
}

#[tokio::test]
async fn a_lost_answer_is_given_again_even_where_the_key_is_no_longer_the_newest() {
    let world = World::new();
    let issuer = issuer(&world);
    let Held { text, token } = held(&world, &issuer);
    let child = token.child(world.refresh().newest());
    let state = live(&world, &child);
    will(&world, RotationOutcome::Rotated(Box::new(state.clone())));
    let first = issuer.refresh(request(&text), &origin()).await.unwrap();
    world.pass(Duration::from_secs(3));
    will(&world, RotationOutcome::Repeated(Box::new(state.clone())));
    let again = issuer.refresh(request(&text), &origin()).await.unwrap();
    assert_eq!(again.refresh_token.expose_secret(), first.refresh_token.expose_secret());
    assert_eq!(again.access_token.expose_secret(), first.access_token.expose_secret());

    world.refresh_keys(&["a", "b"]);
    will(&world, RotationOutcome::Repeated(Box::new(state.clone())));
    let again = issuer.refresh(request(&text), &origin()).await.unwrap();
    let given = RefreshToken::parse(again.refresh_token.expose_secret(), &world.refresh()).unwrap();
    assert_eq!((given.token.hash(), given.authentic), (child.hash(), true));

    world.refresh_keys(&["b"]);
    will(&world, RotationOutcome::Repeated(Box::new(state)));
    assert_eq!(issuer.refresh(request(&text), &origin()).await.unwrap_err(), Refusal::RefreshTokenInvalid);
}

#[tokio::test]
async fn a_refused_signature_costs_nothing() {
    let world = World::new();
    let issuer = issuer(&world);
    let Held { text, token } = held(&world, &issuer);
    let child = token.child(world.refresh().newest());
    let state = live(&world, &child);
    will(&world, RotationOutcome::Rotated(Box::new(state.clone())));
    world.overloaded.store(true, Ordering::SeqCst);
    assert_eq!(issuer.refresh(request(&text), &origin()).await.unwrap_err(), Refusal::Overloaded);
    world.overloaded.store(false, Ordering::SeqCst);
    will(&world, RotationOutcome::Repeated(Box::new(state)));
    let tokens = issuer.refresh(request(&text), &origin()).await.unwrap();
    assert_eq!(tokens.refresh_token.expose_secret(), child.to_text(world.refresh().newest()).expose_secret());
}

#[tokio::test]
async fn reuse_ends_the_sessions_here_at_once() {
    let world = World::new();
    let issuer = ready(&world).await;
    let other = access_token(&world, &issuer, session_id(2)).await;
    let bystander = access_token(&world, &issuer, session_id(3)).await;
    let Held { text, .. } = held(&world, &issuer);
    will(&world, RotationOutcome::Reused { user_id: user_id(), ended: vec![session_id(1), session_id(2)] });
    assert_eq!(issuer.refresh(request(&text), &origin()).await.unwrap_err(), Refusal::RefreshTokenReused);
    assert_eq!(issuer.authenticate(&other).unwrap_err(), Refusal::TokenInvalid);
    assert!(issuer.authenticate(&bystander).is_ok());
}

#[tokio::test]
async fn another_device_ends_the_session_here_at_once() {
    let world = World::new();
    let issuer = ready(&world).await;
    let own = access_token(&world, &issuer, session_id(1)).await;
    let Held { text, .. } = held(&world, &issuer);
    will(&world, RotationOutcome::DeviceMismatch { ended: vec![session_id(1)] });
    assert_eq!(issuer.refresh(request(&text), &origin()).await.unwrap_err(), Refusal::DeviceMismatch);
    assert_eq!(issuer.authenticate(&own).unwrap_err(), Refusal::TokenInvalid);
}

#[tokio::test]
async fn what_is_no_refresh_token_never_reaches_the_store() {
    let world = World::new();
    let issuer = ready(&world).await;
    let access = access_token(&world, &issuer, session_id(1)).await;
    let Held { text, .. } = held(&world, &issuer);
    let cut = &text[..text.len() - 1];
    let padded = format!("{text}=");
    let spaced = format!(" {text}");
    let long = format!("idr_{}", "A".repeat(100_000));
    for text in ["", "idr_", &access, cut, &padded, &spaced, &long, &text.to_uppercase()] {
        assert_eq!(issuer.refresh(request(text), &origin()).await.unwrap_err(), Refusal::RefreshTokenInvalid, "{text}");
        assert!(world.rotation.lock().unwrap().is_none(), "{text}");
    }
}

#[tokio::test]
async fn a_made_up_token_is_told_to_the_store_as_such() {
    let world = World::new();
    let issuer = issuer(&world);
    let made_up = issuer.first_token(session_id(1)).to_text(&secret32([0; 32]));
    let refusal = issuer.refresh(request(made_up.expose_secret()), &origin()).await.unwrap_err();
    assert_eq!(refusal, Refusal::RefreshTokenInvalid);
    assert!(!asked(&world).authentic);
}

#[tokio::test]
async fn each_way_has_its_event_and_the_notice_opens_in_its_place() {
    let world = World::new();
    let issuer = issuer(&world);
    let Held { text, token } = held(&world, &issuer);
    let request_id = Some(Uuid::from_u128(5));
    let _ = issuer.refresh(Refresh { request_id, ..request(&text) }, &origin()).await;
    let rotation = asked(&world);
    assert!(rotation.request_key.is_some());
    let events = rotation.events;
    let told = |event: &crate::domain::audit::AuditEvent| (event.act, event.outcome, event.reason.clone().into_owned());
    assert_eq!(told(&events.rotated), (Act::TokenRefreshed, Outcome::Success, String::new()));
    assert_eq!(told(&events.repeated), (Act::TokenRefreshed, Outcome::Success, "ANSWERED_AGAIN".to_owned()));
    assert_eq!(told(&events.reused), (Act::RefreshTokenReused, Outcome::Failure, "REFRESH_TOKEN_REUSED".to_owned()));
    assert_eq!(told(&events.device_mismatch), (Act::TokenRefreshed, Outcome::Failure, "DEVICE_MISMATCH".to_owned()));
    assert_eq!(told(&events.refused), (Act::TokenRefreshed, Outcome::Failure, "REFRESH_TOKEN_INVALID".to_owned()));
    assert_eq!(events.reused.session_id, Some(token.session_id));
    assert_eq!(events.reused.device_id, "phone");

    let responded = [&events.reuse_responded, &events.mismatch_responded].map(told);
    let expected = ["replayed_token: notify, revoke", "device_mismatch: none"];
    assert_eq!(responded, expected.map(|reason| (Act::SecurityResponded, Outcome::Success, reason.to_owned())));
    assert_ne!(events.reuse_responded.event_id, events.reused.event_id);

    assert!(rotation.reused.revoke && !rotation.mismatched.revoke && rotation.mismatched.notice.is_none());
    let notice = rotation.reused.notice.unwrap();
    assert_eq!(notice.event, SecurityEvent::ReplayedToken);
    let content = opened(&world, &notice.message);
    let Content::RefreshTokenReused { address, noticed_at, everywhere } = &content else { panic!("another content") };
    assert_eq!((address.as_str(), *noticed_at, *everywhere), ("192.0.2.7", world.now().micros(), true));
}

#[tokio::test]
async fn policy_chooses_what_another_device_brings() {
    let world = World::new();
    *world.template.lock().unwrap() = Template::Strict;
    let issuer = issuer(&world);
    let _ = issuer.refresh(request(&held(&world, &issuer).text), &origin()).await;
    let rotation = asked(&world);
    assert_eq!(rotation.events.mismatch_responded.reason, "device_mismatch: notify, revoke");
    assert!(rotation.mismatched.revoke);
    let content = opened(&world, &rotation.mismatched.notice.unwrap().message);
    assert!(matches!(content, Content::DeviceMismatch { everywhere: true, .. }));
}

fn opened(world: &World, message: &NewMessage) -> Content {
    let place = Place { column: OUTBOX_CONTENT, row: message.message_id.bytes() };
    let content = open(&world.sealing(), place, &message.content).unwrap();
    serde_json::from_slice(content.expose_secret()).unwrap()
}

#[tokio::test]
async fn a_fault_is_told_without_its_text() {
    let world = World::new();
    let issuer = issuer(&world);
    let Held { text, .. } = held(&world, &issuer);
    world.down.store(true, Ordering::SeqCst);
    assert_eq!(issuer.refresh(request(&text), &origin()).await.unwrap_err(), Refusal::StoreUnavailable);
}
