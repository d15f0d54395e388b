//! OTP-7: a further code within the same challenge.

use std::time::Duration;

use identity::grpc::proto::ResendOtpRequest;
use tonic::Code;

use crate::both_stores::on_both_stores_with_clock;
use crate::support::refusal::Refusal;
use crate::support::world::World;

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

on_both_stores_with_clock!(what_has_ended_is_told_only_to_the_asker, |world| {
    let (challenge, code) = world.server.request_code("ended@example.com").await;
    world.advance(Duration::from_mins(5));
    let id = &challenge.challenge_id;
    assert_eq!(resend(&world, id, "").await.unwrap_err().reason, "CODE_INVALID");
    assert_eq!(resend(&world, id, "somebody else's secret").await.unwrap_err().reason, "CODE_INVALID");
    assert_eq!(resend(&world, id, &challenge.binding_secret).await.unwrap_err().reason, "CODE_EXPIRED");
    assert_eq!(resend(&world, "unknown", &challenge.binding_secret).await.unwrap_err().reason, "CODE_INVALID");
    let late = world.server.client().await.verify_otp(id, &code).await.unwrap_err();
    assert_eq!(late.reason, "CODE_INVALID");
});
