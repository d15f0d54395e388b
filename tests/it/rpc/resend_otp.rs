use identity::grpc::proto::ResendOtpRequest;
use tonic::Code;

use super::{assert_fields, assert_refused};
use crate::both_stores::on_both_stores;

fn request(challenge_id: &str) -> ResendOtpRequest {
    ResendOtpRequest { challenge_id: challenge_id.to_owned(), ..ResendOtpRequest::default() }
}

on_both_stores!(waits_for_the_cool_down, |world| {
    let client = world.server.client().await;
    let challenge = client.send_otp("mira@example.org").await.unwrap();
    let answer = client.identity().resend_otp(request(&challenge.challenge_id)).await;
    let refusal = assert_refused(answer, Code::ResourceExhausted, "RESEND_TOO_SOON");
    let wait = refusal.retry_delay.unwrap().as_secs();
    assert!((25..=30).contains(&wait), "{wait}");
    assert!(refusal.status.metadata().get("retry-after").is_some() && refusal.quotas == 1);
    assert_eq!(world.audit().await.count("code.resent", "RESEND_TOO_SOON"), 1);
});

on_both_stores!(refuses_every_bad_field_and_does_nothing, |world| {
    let client = world.server.client().await;
    for bad in ["", "a\nb", &"x".repeat(129)] {
        assert_fields(client.identity().resend_otp(request(bad)).await, "INVALID_FIELD", &["challenge_id"]);
    }
    let all = ResendOtpRequest {
        challenge_id: String::new(),
        request_id: "?".to_owned(),
        binding_secret: "x".repeat(129),
        device_token: "x".repeat(513),
    };
    let fields = ["binding_secret", "challenge_id", "device_token", "request_id"];
    assert_fields(client.identity().resend_otp(all).await, "INVALID_FIELD", &fields);
    assert_eq!(world.audit().await.of_callers(), 0);
});

on_both_stores!(an_unknown_challenge_looks_like_a_wrong_code, |world| {
    let client = world.server.client().await;
    for unknown in ["x", super::NO_SUCH_ID] {
        assert_refused(client.identity().resend_otp(request(unknown)).await, Code::Unauthenticated, "CODE_INVALID");
    }
    assert_eq!(world.audit().await.count("code.resent", "CHALLENGE_NOT_FOUND"), 2);
});
