//! OTP-7: a further code within the same challenge.

use std::time::Duration;

use identity::grpc::proto::{Challenge, LinkCompletion, ResendOtpRequest, SendOtpRequest, VerifyOtpRequest};
use tonic::Code;

use crate::both_stores::{bodies_on_both_stores, on_both_stores_with_clock};
use crate::support::client::send_otp_request;
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World};

async fn resend(world: &World, challenge_id: &str, binding_secret: &str) -> Result<i32, Refusal> {
    let request = ResendOtpRequest {
        challenge_id: challenge_id.to_owned(),
        binding_secret: binding_secret.to_owned(),
        ..ResendOtpRequest::default()
    };
    let answer = world.server.client().await.identity().resend_otp(request).await?;
    Ok(answer.into_inner().challenge.unwrap().attempts_remaining)
}

on_both_stores_with_clock!(earlier_codes_stay_good_and_share_the_attempts, |world| {
    let email = "resend@example.com";
    let (challenge, first) = world.server.request_code(email).await;
    let early = resend(&world, &challenge.challenge_id, "").await.unwrap_err();
    assert_eq!((early.code, early.reason.as_str()), (Code::ResourceExhausted, "RESEND_TOO_SOON"));
    let wait = early.retry_delay.expect("RetryInfo");
    assert!(wait <= Duration::from_secs(30) && wait > Duration::from_secs(20), "{wait:?}");

    // Waiting exactly as long as it says is enough.
    world.advance(wait);
    let wrong = if first == "000000" { "111111" } else { "000000" };
    let client = world.server.client().await;
    assert_eq!(client.verify_otp(&challenge.challenge_id, wrong).await.unwrap_err().reason, "CODE_INVALID");
    assert_eq!(resend(&world, &challenge.challenge_id, "").await.unwrap(), 4, "one budget for all codes");
    let second = world.server.mailbox().wait_for(email, 2).await.code().unwrap();

    // The slow first message arrives at last, and is still good; with it the second is used up as well.
    client.verify_otp(&challenge.challenge_id, &first).await.unwrap();
    assert_eq!(client.verify_otp(&challenge.challenge_id, &second).await.unwrap_err().reason, "CODE_INVALID");
    let audit = world.audit().await;
    assert_eq!((audit.count("code.resent", ""), audit.count("code.resent", "RESEND_TOO_SOON")), (1, 1));
});

on_both_stores_with_clock!(a_resend_counts_as_a_request, |world| {
    let email = "counted@example.com";
    let (challenge, _) = world.server.request_code(email).await;
    for _ in 0..2 {
        world.advance(Duration::from_secs(31));
        resend(&world, &challenge.challenge_id, "").await.unwrap();
    }
    world.advance(Duration::from_secs(31));
    let refused = resend(&world, &challenge.challenge_id, "").await.unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.quotas), ("RATE_LIMITED", 1));
    assert_eq!(world.server.client().await.send_otp(email).await.unwrap_err().reason, "RATE_LIMITED");
    world.server.mailbox().wait_for(email, 3).await;
    assert_eq!(world.audit().await.count("code.resent", "RATE_LIMITED_IDENTIFIER"), 1);
});

bodies_on_both_stores!(the_newest_three_codes_and_links_are_good);

async fn the_newest_three_codes_and_links_are_good(store: Store) {
    let email = "three@example.com";
    let world = World::with_clock_and(store, |settings| {
        settings.limit("identifier", 10, 300);
        settings.policy("lockout.first_delay", "0s");
    })
    .await;
    let client = world.server.client().await;
    let request = SendOtpRequest { include_magic_link: true, ..send_otp_request(email) };
    let challenge = client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    for nth in 1..4 {
        world.server.mailbox().wait_for(email, nth).await;
        world.advance(Duration::from_secs(31));
        resend(&world, &challenge.challenge_id, "").await.unwrap();
    }
    world.server.mailbox().wait_for(email, 4).await;
    let mails = world.server.mailbox().to(email);
    let mut links = Vec::new();
    for mail in &mails {
        links.push(client.inspect(&mail.link_token().unwrap()).await.is_ok());
    }
    assert_eq!(links, [false, true, true, true]);
    let verify = async |nth: usize| client.verify_otp(&challenge.challenge_id, &mails[nth].code().unwrap()).await;
    assert_eq!(verify(0).await.unwrap_err().reason, "CODE_INVALID");
    verify(1).await.unwrap();
}

on_both_stores_with_clock!(what_has_ended_is_told_only_to_the_asker, |world| {
    let (challenge, code) = world.server.request_code("ended@example.com").await;
    world.advance(Duration::from_mins(5));
    let id = &challenge.challenge_id;
    assert_eq!(resend(&world, id, "").await.unwrap_err().reason, "CODE_INVALID");
    assert_eq!(resend(&world, id, "somebody else's secret").await.unwrap_err().reason, "CODE_INVALID");
    assert_eq!(resend(&world, id, &challenge.binding_secret).await.unwrap_err().reason, "CODE_EXPIRED");
    assert_eq!(resend(&world, "unknown", &challenge.binding_secret).await.unwrap_err().reason, "CODE_INVALID");
    let client = world.server.client().await;
    let verify = async |challenge: &Challenge, code: &str, binding_secret: &str| {
        let request = VerifyOtpRequest {
            challenge_id: challenge.challenge_id.clone(),
            code: code.to_owned(),
            binding_secret: binding_secret.to_owned(),
            ..VerifyOtpRequest::default()
        };
        client.identity().verify_otp(request).await.map_err(|status| Refusal::from(status).reason)
    };
    assert_eq!(verify(&challenge, &code, "").await.unwrap_err(), "CODE_INVALID");
    assert_eq!(verify(&challenge, &code, &challenge.binding_secret).await.unwrap_err(), "CODE_EXPIRED");

    // Of one that was used, or rejected, there is nothing left to expire.
    let (used, code) = world.server.request_code("used@example.com").await;
    client.verify_otp(&used.challenge_id, &code).await.unwrap();
    let request = SendOtpRequest { include_magic_link: true, ..send_otp_request("rejected@example.com") };
    let send = async || client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let (rejected, token) = world.server.link_of("rejected@example.com", send).await;
    client.reject(&token, false).await.unwrap();
    for ended in [&used, &rejected] {
        let (id, secret) = (&ended.challenge_id, &ended.binding_secret);
        assert_eq!(verify(ended, &code, "").await.unwrap_err(), "CODE_INVALID");
        assert_eq!(verify(ended, &code, secret).await.unwrap_err(), "CHALLENGE_NOT_FOUND");
        assert_eq!(resend(&world, id, "").await.unwrap_err().reason, "CODE_INVALID");
        assert_eq!(resend(&world, id, secret).await.unwrap_err().reason, "CHALLENGE_NOT_FOUND");
    }
    // One that was approved by its link is still to be collected; its code is good no more.
    let link_completion = LinkCompletion::AskingDevice.into();
    let request =
        SendOtpRequest { include_magic_link: true, link_completion, ..send_otp_request("approved@example.com") };
    let send = async || client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let (approved, token) = world.server.link_of("approved@example.com", send).await;
    client.approve(&token, &approved.match_number).await.unwrap();
    assert_eq!(verify(&approved, &code, "").await.unwrap_err(), "CODE_INVALID");
    assert_eq!(verify(&approved, &code, &approved.binding_secret).await.unwrap_err(), "CODE_EXPIRED");
});
