//! API-5: every method of magic links gives the same answer to the same request.

use std::time::Duration;

use identity::grpc::proto::{
    CompleteSignInRequest, LinkCompletion, RedeemMagicLinkRequest, RejectMagicLinkRequest, SendMagicLinkRequest,
};

use super::repeat::{ID, assert_repeated, lasting};
use crate::both_stores::{on_both_stores, on_both_stores_with_clock};
use crate::support::client::{send_link_request, send_otp_request};
use crate::support::refusal::Refusal;

const EMAIL: &str = "mira@example.org";

on_both_stores!(a_link_is_sent_once, |world| {
    let client = world.server.client().await;
    let request = SendMagicLinkRequest {
        request_id: ID.to_owned(),
        link_completion: LinkCompletion::AskingDevice.into(),
        ..send_link_request(EMAIL)
    };
    let first = client.identity().send_magic_link(request.clone()).await.unwrap().into_inner();
    for _ in 0..3 {
        let again = client.identity().send_magic_link(request.clone()).await.unwrap().into_inner();
        assert_eq!(again.challenge, first.challenge, "the number and the secret too");
    }
    let other = SendMagicLinkRequest { locale: "de".to_owned(), ..request };
    let refusal = Refusal::from(client.identity().send_magic_link(other).await.unwrap_err());
    assert_eq!(refusal.field_names(), ["request_id"]);
    // The same id names another call of another method.
    let mut code = send_otp_request(EMAIL);
    ID.clone_into(&mut code.request_id);
    client.identity().send_otp(code).await.unwrap();
    world.server.mailbox().wait_for(EMAIL, 2).await;
    assert_eq!(world.audit().await.count("code.sent", ""), 2);
});

on_both_stores!(a_link_is_redeemed_once, |world| {
    let client = world.server.client().await;
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let request = RedeemMagicLinkRequest { token, request_id: ID.to_owned(), ..RedeemMagicLinkRequest::default() };
    let first = client.identity().redeem_magic_link(request.clone()).await.unwrap().into_inner();
    let again = client.identity().redeem_magic_link(request.clone()).await.unwrap().into_inner();
    assert_eq!((lasting(again.tokens), again.session, again.new_user), (lasting(first.tokens), first.session, true));
    let anew = RedeemMagicLinkRequest { request_id: String::new(), ..request };
    assert_eq!(Refusal::from(client.identity().redeem_magic_link(anew).await.unwrap_err()).reason, "LINK_INVALID");
    assert_eq!(world.audit().await.count("session.started", ""), 1);
});

on_both_stores!(a_redemption_repeats_when_asked_64_times_at_once, |world| {
    let client = world.server.client().await;
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let request = RedeemMagicLinkRequest { token, request_id: ID.to_owned(), ..RedeemMagicLinkRequest::default() };
    let calls = (0..64).map(|_| {
        let (client, request) = (client.clone(), request.clone());
        tokio::spawn(async move { client.identity().redeem_magic_link(request).await })
    });
    let mut tokens = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        // Calls that overtake each other before the first is written are attempts of their own.
        if let Ok(answer) = call.await.unwrap() {
            tokens.push(lasting(answer.into_inner().tokens));
        }
    }
    assert!(!tokens.is_empty() && tokens.iter().all(|each| *each == tokens[0]), "one answer for all");
    assert_eq!(world.number("SELECT COUNT(*) FROM sessions").await, 1);
});

on_both_stores!(an_approval_and_its_collection_repeat, |world| {
    let client = world.server.client().await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    let approve = RedeemMagicLinkRequest {
        token,
        match_number: challenge.match_number,
        request_id: ID.to_owned(),
        ..RedeemMagicLinkRequest::default()
    };
    for _ in 0..2 {
        assert!(client.identity().redeem_magic_link(approve.clone()).await.unwrap().into_inner().approved);
    }
    let collect = CompleteSignInRequest {
        challenge_id: challenge.challenge_id,
        binding_secret: challenge.binding_secret,
        request_id: ID.to_owned(),
        ..CompleteSignInRequest::default()
    };
    let first = client.identity().complete_sign_in(collect.clone()).await.unwrap().into_inner();
    let again = client.identity().complete_sign_in(collect).await.unwrap().into_inner();
    assert_eq!((lasting(again.tokens), again.session), (lasting(first.tokens), first.session));
    assert!(client.identity().redeem_magic_link(approve).await.unwrap().into_inner().approved, "also after that");
    let audit = world.audit().await;
    assert_eq!((audit.count("link.approved", ""), audit.count("sign_in.collected", "")), (1, 1));
});

on_both_stores_with_clock!(repeated_sign_ins_by_link_tell_the_seconds_that_are_left, |world| {
    let client = world.server.client().await;
    let passed = Duration::from_mins(5);
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let redeem = RedeemMagicLinkRequest { token, request_id: ID.to_owned(), ..RedeemMagicLinkRequest::default() };
    let first = client.identity().redeem_magic_link(redeem.clone()).await.unwrap().into_inner().tokens;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    client.approve(&token, &challenge.match_number).await.unwrap();
    let collect = CompleteSignInRequest {
        challenge_id: challenge.challenge_id,
        binding_secret: challenge.binding_secret,
        request_id: ID.to_owned(),
        ..CompleteSignInRequest::default()
    };
    let collected = client.identity().complete_sign_in(collect.clone()).await.unwrap().into_inner().tokens;
    world.advance(passed);
    let again = client.identity().redeem_magic_link(redeem).await.unwrap().into_inner().tokens;
    assert_repeated(first, again, passed);
    let again = client.identity().complete_sign_in(collect).await.unwrap().into_inner().tokens;
    assert_repeated(collected, again, passed);
});

on_both_stores!(a_rejection_repeats, |world| {
    let client = world.server.client().await;
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let request = RejectMagicLinkRequest { token, revoke_all_sessions: true, request_id: ID.to_owned() };
    for _ in 0..3 {
        client.identity().reject_magic_link(request.clone()).await.unwrap();
    }
    assert_eq!(world.audit().await.count("link.rejected", ""), 1);
});
