//! LINK-1, LINK-3: magic links, from the message to the session, on whichever device it goes to.

use std::time::Duration;

use identity::grpc::proto::{
    ApprovalState, Challenge, DeliveryState, Device, LinkCompletion, RedeemMagicLinkRequest, RefreshTokenRequest,
    ResendOtpRequest, SendMagicLinkRequest, SendOtpRequest, ValidateTokenRequest, WatchChallengeRequest,
    WatchChallengeResponse,
};
use tonic::{Code, Streaming};

use crate::both_stores::{on_both_stores, on_both_stores_with_clock};
use crate::support::client::{Client, send_link_request, send_otp_request};
use crate::support::refusal::Refusal;
use crate::support::wait;

const EMAIL: &str = "mira@example.org";

/// What the claims of an access token say of how its person proved to be one.
async fn methods(client: &Client, access_token: &str) -> Vec<String> {
    let request = ValidateTokenRequest { access_token: access_token.to_owned(), ..ValidateTokenRequest::default() };
    client.tokens().validate_token(request).await.unwrap().into_inner().claims.unwrap().amr
}

on_both_stores!(a_link_signs_in_on_the_device_that_opens_it, |world| {
    let client = world.server.client().await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    assert_eq!((challenge.code_length, challenge.match_number.as_str()), (0, ""));
    assert_eq!(world.server.mailbox().to(EMAIL)[0].code(), None, "no code beside the link");
    let device = Some(Device { device_id: "tablet".to_owned(), ..Device::default() });
    let request = RedeemMagicLinkRequest { token: token.clone(), device, ..RedeemMagicLinkRequest::default() };
    let answer = client.identity().redeem_magic_link(request).await.unwrap().into_inner();
    assert!(answer.new_user && !answer.approved && !answer.device_token.is_empty());
    assert_eq!(answer.user.unwrap().email, EMAIL);
    assert_eq!(answer.session.unwrap().device.unwrap().device_id, "tablet");
    let tokens = answer.tokens.unwrap();
    assert!(client.validate(&tokens.access_token).await.unwrap().active);
    assert_eq!(methods(&client, &tokens.access_token).await, ["link"]);
    let refusal = client.redeem(&token).await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "LINK_INVALID"));
    let audit = world.audit().await;
    assert_eq!((audit.count("link.redeemed", ""), audit.count("session.started", "")), (1, 1));
    assert_eq!(audit.count("link.refused", "LINK_USED"), 1);
});

on_both_stores!(a_refreshed_session_still_says_that_it_began_with_a_link, |world| {
    let client = world.server.client().await;
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let refresh_token = client.redeem(&token).await.unwrap().tokens.unwrap().refresh_token;
    let request = RefreshTokenRequest { refresh_token, ..RefreshTokenRequest::default() };
    let tokens = client.identity().refresh_token(request).await.unwrap().into_inner().tokens.unwrap();
    assert_eq!(methods(&client, &tokens.access_token).await, ["link"]);
});

// A57: the opener gets no tokens; the asking device collects them, once.
on_both_stores!(a57_the_asking_device_collects_what_another_approved, |world| {
    let (asking, opening) = (world.server.client().await, world.server.client().await);
    let device =
        Some(Device {
            device_id: "laptop".to_owned(), display_name: "Mira’s laptop".to_owned(), ..Device::default()
        });
    let completion = LinkCompletion::AskingDevice.into();
    let request = SendMagicLinkRequest { device, link_completion: completion, ..send_link_request(EMAIL) };
    let send = async || asking.identity().send_magic_link(request).await.unwrap().into_inner().challenge.unwrap();
    let (challenge, token) = world.server.link_of(EMAIL, send).await;
    assert_eq!(challenge.match_number.len(), 2);
    let pending = asking.collect(&challenge).await.unwrap_err();
    assert_eq!((pending.code, pending.reason.as_str()), (Code::FailedPrecondition, "SIGN_IN_PENDING"));

    let told = opening.inspect(&token).await.unwrap();
    assert_eq!((told.link_completion(), told.needs_match_number), (LinkCompletion::AskingDevice, true));
    assert_eq!(told.device.unwrap().display_name, "Mira’s laptop");
    assert!(!told.address.is_empty() && told.create_time.is_some());
    let missing = opening.redeem(&token).await.unwrap_err();
    assert_eq!((missing.reason.as_str(), missing.field_names()), ("INVALID_FIELD", vec!["match_number"]));
    let approved = opening.approve(&token, &challenge.match_number).await.unwrap();
    assert!(approved.approved && approved.tokens.is_none() && approved.session.is_none());
    assert_eq!(opening.approve(&token, &challenge.match_number).await.unwrap_err().reason, "LINK_INVALID");

    let stranger = Challenge { binding_secret: "x".repeat(43), ..challenge.clone() };
    assert_eq!(asking.collect(&stranger).await.unwrap_err().reason, "LINK_INVALID");
    let answer = asking.collect(&challenge).await.unwrap();
    assert_eq!(answer.session.unwrap().device.unwrap().device_id, "laptop");
    assert_eq!(methods(&asking, &answer.tokens.unwrap().access_token).await, ["link"]);
    assert_eq!(asking.collect(&challenge).await.unwrap_err().reason, "LINK_INVALID");
    let audit = world.audit().await;
    assert_eq!((audit.count("link.approved", ""), audit.count("sign_in.collected", "")), (1, 1));
    assert_eq!(audit.count("session.started", ""), 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM lockouts").await, 0, "the charged attempt is forgotten");
});

on_both_stores!(only_the_asking_device_may_open_it_where_it_says_so, |world| {
    let client = world.server.client().await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::SameDevice).await;
    let with = async |secret: &str| {
        let (token, binding_secret) = (token.clone(), secret.to_owned());
        let request = RedeemMagicLinkRequest { token, binding_secret, ..RedeemMagicLinkRequest::default() };
        client.identity().redeem_magic_link(request).await
    };
    for secret in ["", "x"] {
        assert_eq!(Refusal::from(with(secret).await.unwrap_err()).reason, "LINK_INVALID");
    }
    assert_eq!(world.number("SELECT attempts FROM challenges").await, 0, "nothing was charged for it");
    assert!(with(&challenge.binding_secret).await.unwrap().into_inner().tokens.is_some());
});

// Everything at once, in one message; A60: they end together.
on_both_stores!(a60_a_code_and_a_link_end_together, |world| {
    let client = world.server.client().await;
    for by_code in [true, false] {
        let email = format!("both-{by_code}@example.org");
        let request = SendOtpRequest { include_magic_link: true, ..send_otp_request(&email) };
        let send = async || client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
        let (challenge, token) = world.server.link_of(&email, send).await;
        let code = world.server.mailbox().to(&email)[0].code().unwrap();
        assert_eq!((challenge.code_length, code.len()), (6, 6));
        if by_code {
            client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
        } else {
            client.redeem(&token).await.unwrap();
        }
        assert_eq!(client.redeem(&token).await.unwrap_err().reason, "LINK_INVALID");
        assert_eq!(client.inspect(&token).await.unwrap_err().reason, "LINK_INVALID");
        assert_eq!(client.reject(&token, false).await.unwrap_err().reason, "LINK_INVALID");
        assert_eq!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err().reason, "CODE_INVALID");
    }
});

on_both_stores!(a60_an_approved_link_ends_the_code_too, |world| {
    let client = world.server.client().await;
    let link_completion = LinkCompletion::AskingDevice.into();
    let request = SendOtpRequest { include_magic_link: true, link_completion, ..send_otp_request(EMAIL) };
    let send = async || client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let (challenge, token) = world.server.link_of(EMAIL, send).await;
    let code = world.server.mailbox().to(EMAIL)[0].code().unwrap();
    assert!(client.approve(&token, &challenge.match_number).await.unwrap().approved);
    assert_eq!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err().reason, "CODE_INVALID");
    assert!(client.collect(&challenge).await.unwrap().tokens.is_some());
    assert_eq!(world.audit().await.count("session.started", ""), 1);
});

// OTP-7: an earlier link stays good as an earlier code does.
on_both_stores_with_clock!(a_resend_sends_a_further_link_and_the_earlier_ones_stay_good, |world| {
    let client = world.server.client().await;
    let (challenge, first) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    let resend = || ResendOtpRequest { challenge_id: challenge.challenge_id.clone(), ..ResendOtpRequest::default() };
    let too_soon = client.identity().resend_otp(resend()).await.unwrap_err();
    assert_eq!(Refusal::from(too_soon).reason, "RESEND_TOO_SOON");
    world.advance(Duration::from_secs(31));
    let again = async || client.identity().resend_otp(resend()).await.unwrap().into_inner().challenge.unwrap();
    let (answer, second) = world.server.link_of(EMAIL, again).await;
    assert!(first != second && answer.match_number.is_empty() && answer.binding_secret.is_empty());
    for token in [&first, &second] {
        assert!(client.inspect(token).await.unwrap().needs_match_number);
    }
    assert!(client.approve(&first, &challenge.match_number).await.unwrap().approved);
    assert!(client.collect(&challenge).await.unwrap().tokens.is_some());
});

on_both_stores_with_clock!(a_link_outlives_its_code_and_ends_after_a_quarter_of_an_hour, |world| {
    let client = world.server.client().await;
    let request = SendOtpRequest { include_magic_link: true, ..send_otp_request(EMAIL) };
    let send = async || client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let (challenge, token) = world.server.link_of(EMAIL, send).await;
    let code = world.server.mailbox().to(EMAIL)[0].code().unwrap();
    world.advance(Duration::from_secs(301));
    assert_eq!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err().reason, "CODE_INVALID");
    assert_eq!(world.number("SELECT COUNT(*) FROM lockouts").await, 0, "an expired code is not charged");
    client.inspect(&token).await.unwrap();
    world.advance(Duration::from_secs(590));
    client.inspect(&token).await.unwrap();
    world.advance(Duration::from_secs(10));
    for refused in [client.inspect(&token).await.err(), client.redeem(&token).await.err()] {
        assert_eq!(refused.unwrap().reason, "LINK_INVALID");
    }
    assert_eq!(world.audit().await.count("link.refused", "LINK_EXPIRED"), 2);
});

on_both_stores!(this_was_not_me_ends_the_challenge_and_all_sessions, |world| {
    let client = world.server.client().await;
    let session = world.server.sign_in(EMAIL).await.tokens.unwrap();
    let request = SendOtpRequest {
        include_magic_link: true,
        link_completion: LinkCompletion::AskingDevice.into(),
        ..send_otp_request(EMAIL)
    };
    let send = async || client.identity().send_otp(request).await.unwrap().into_inner().challenge.unwrap();
    let (challenge, token) = world.server.link_of(EMAIL, send).await;
    let code = world.server.mailbox().to(EMAIL).pop().unwrap().code().unwrap();
    // Approved by mistake: as long as nobody has collected it, it can be taken back.
    client.approve(&token, &challenge.match_number).await.unwrap();
    client.reject(&token, true).await.unwrap();
    assert_eq!(client.reject(&token, true).await.unwrap_err().reason, "LINK_INVALID");
    assert_eq!(client.collect(&challenge).await.unwrap_err().reason, "LINK_INVALID");
    assert_eq!(client.redeem(&token).await.unwrap_err().reason, "LINK_INVALID");
    assert_eq!(client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err().reason, "CODE_INVALID");
    assert!(!client.validate(&session.access_token).await.unwrap().active, "every session has ended");
    let audit = world.audit().await;
    assert_eq!((audit.count("link.rejected", ""), audit.count("session.revoked", "")), (1, 1));
    assert_eq!(audit.count("link.refused", "LINK_REJECTED"), 2);
});

on_both_stores!(a_rejection_leaves_sessions_alone_unless_it_says_so, |world| {
    let client = world.server.client().await;
    let session = world.server.sign_in(EMAIL).await.tokens.unwrap();
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    client.reject(&token, false).await.unwrap();
    assert!(client.validate(&session.access_token).await.unwrap().active);
    let (_, stranger) = world.server.request_link("nobody@example.org", LinkCompletion::OpeningDevice).await;
    client.reject(&stranger, true).await.unwrap();
});

/// Opens a stream of a challenge's changes.
async fn watch(client: &Client, challenge: &Challenge) -> Streaming<WatchChallengeResponse> {
    let request = WatchChallengeRequest {
        challenge_id: challenge.challenge_id.clone(),
        binding_secret: challenge.binding_secret.clone(),
    };
    client.identity().watch_challenge(request).await.unwrap().into_inner()
}

on_both_stores!(whoever_asked_watches_on_every_replica, |world| {
    let another = world.another().await;
    let (asking, opening) = (another.client().await, world.server.client().await);
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    let mut changes = watch(&asking, &challenge).await;
    let until = async |changes: &mut Streaming<_>, approval: ApprovalState| {
        let told = async {
            loop {
                let change: WatchChallengeResponse = changes.message().await.unwrap().unwrap();
                if change.approval_state() == approval && change.delivery_state() == DeliveryState::Sent {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), told).await.expect("the change is told");
    };
    until(&mut changes, ApprovalState::Pending).await;
    opening.approve(&token, &challenge.match_number).await.unwrap();
    until(&mut changes, ApprovalState::Approved).await;
    asking.collect(&challenge).await.unwrap();
    until(&mut changes, ApprovalState::Completed).await;
    assert!(changes.message().await.unwrap().is_none(), "the last state ends the stream");
    let mut late = watch(&opening, &challenge).await;
    assert_eq!(late.message().await.unwrap().unwrap().approval_state(), ApprovalState::Completed);
    assert!(late.message().await.unwrap().is_none());
});

on_both_stores!(nobody_else_watches_and_no_more_than_four, |world| {
    let client = world.server.client().await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    for (challenge_id, binding_secret) in [
        (challenge.challenge_id.clone(), "x".repeat(43)),
        ("0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6e".to_owned(), challenge.binding_secret.clone()),
        ("x".to_owned(), challenge.binding_secret.clone()),
    ] {
        let request = WatchChallengeRequest { challenge_id, binding_secret };
        let refusal = Refusal::from(client.identity().watch_challenge(request).await.unwrap_err());
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "CHALLENGE_NOT_FOUND"));
    }
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(watch(&client, &challenge).await);
    }
    let request = || WatchChallengeRequest {
        challenge_id: challenge.challenge_id.clone(),
        binding_secret: challenge.binding_secret.clone(),
    };
    let refusal = Refusal::from(client.identity().watch_challenge(request()).await.unwrap_err());
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "OVERLOADED"));
    open.pop();
    let place = async || client.identity().watch_challenge(request()).await.ok();
    wait::until("a place of one that has gone", Duration::from_secs(5), place).await;
    // A rejection is told, and is the last word.
    let mut changes = open.pop().unwrap();
    client.reject(&token, false).await.unwrap();
    let mut last = ApprovalState::Pending;
    while let Some(change) = changes.message().await.unwrap() {
        last = change.approval_state();
    }
    assert_eq!(last, ApprovalState::Rejected);
});

on_both_stores!(those_who_watch_do_not_hold_up_the_end, |mut world| {
    let client = world.server.client().await;
    let (challenge, _) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let mut changes = watch(&client, &challenge).await;
    changes.message().await.unwrap();
    assert!(world.server.terminate().await.success());
    let status = loop {
        match changes.message().await {
            Ok(change) => assert!(change.is_some(), "it is no end"),
            Err(status) => break status,
        }
    };
    assert_eq!(Refusal::from(status).reason, "OVERLOADED", "the stream ends, and is not cut");
    let log = world.server.log().text();
    assert!(!log.contains("stopped before everything had ended"), "{log}");
});
