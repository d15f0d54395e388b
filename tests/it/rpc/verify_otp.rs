use identity::grpc::proto::{Device, VerifyOtpRequest};
use tonic::Code;

use super::{assert_fields, assert_refused, seconds_until};
use crate::both_stores::on_both_stores;

on_both_stores!(signs_in, |world| {
    let (challenge, code) = world.server.request_code("mira@example.org").await;
    let client = world.server.client().await;
    let device = Device {
        device_id: "phone-1".to_owned(),
        display_name: "Mira’s phone".to_owned(),
        platform: "ios".to_owned(),
        public_key_jwk: String::new(),
    };
    let request = VerifyOtpRequest {
        challenge_id: challenge.challenge_id,
        code,
        device: Some(device.clone()),
        device_token: "unknown".to_owned(),
        ..VerifyOtpRequest::default()
    };
    let answer = client.identity().verify_otp(request).await.unwrap().into_inner();
    let (tokens, user, session) = (answer.tokens.unwrap(), answer.user.unwrap(), answer.session.unwrap());
    assert!(answer.new_user && answer.device_token.starts_with("idd_"));
    assert_eq!(tokens.token_type, "Bearer");
    assert!((895..=900).contains(&tokens.expires_in), "{}", tokens.expires_in);
    assert!((895..=900).contains(&seconds_until(tokens.access_token_expire_time)));
    assert!(seconds_until(tokens.refresh_token_expire_time) > 24 * 3600);
    assert!(tokens.refresh_token.starts_with("idr_") && tokens.access_token.split('.').count() == 3);
    assert_eq!((user.email.as_str(), user.phone_number.as_str(), user.disabled), ("mira@example.org", "", false));
    assert!(user.roles.is_empty() && seconds_until(user.create_time).abs() < 10);
    assert_eq!((session.user_id, session.device.unwrap()), (user.user_id, device));
    assert_eq!((session.client_id.as_str(), session.current), ("default", true));
    assert_eq!(session.last_use_address, "127.0.0.1");
    assert!(seconds_until(session.create_time).abs() < 10 && seconds_until(session.last_use_time).abs() < 10);
    assert!(seconds_until(session.expire_time) > 24 * 3600);
});

on_both_stores!(refuses_every_bad_field_and_charges_nothing, |world| {
    let (challenge, code) = world.server.request_code("mira@example.org").await;
    let client = world.server.client().await;
    let good = VerifyOtpRequest { challenge_id: challenge.challenge_id, code, ..VerifyOtpRequest::default() };
    for code in ["", "12345", "12345678901", "12345a", " 123456", "１２３４５６", "123456\n"] {
        let request = VerifyOtpRequest { code: code.to_owned(), ..good.clone() };
        assert_fields(client.identity().verify_otp(request).await, "INVALID_CODE_FORMAT", &["code"]);
    }
    for challenge_id in ["", "a\nb", &"x".repeat(129)] {
        let request = VerifyOtpRequest { challenge_id: challenge_id.to_owned(), ..good.clone() };
        assert_fields(client.identity().verify_otp(request).await, "INVALID_FIELD", &["challenge_id"]);
    }
    let all = VerifyOtpRequest {
        challenge_id: String::new(),
        code: "x".to_owned(),
        device: Some(Device {
            device_id: "x".repeat(129),
            display_name: "\u{1b}".to_owned(),
            platform: "x".repeat(65),
            public_key_jwk: "{}".to_owned(),
        }),
        request_id: "?".to_owned(),
        binding_secret: "x".repeat(129),
        device_token: "x".repeat(513),
    };
    let fields = [
        "binding_secret",
        "challenge_id",
        "code",
        "device.device_id",
        "device.display_name",
        "device.platform",
        "device.public_key_jwk",
        "device_token",
        "request_id",
    ];
    assert_fields(client.identity().verify_otp(all).await, "INVALID_CODE_FORMAT", &fields);
    // None of it was an attempt: the code is still good, with three of the ladder's failures to go.
    assert_eq!(world.audit().await.total("code.verified"), 0);
    client.identity().verify_otp(good).await.unwrap();
});

on_both_stores!(an_unknown_challenge_and_a_wrong_code_look_alike, |world| {
    let (challenge, code) = world.server.request_code("mira@example.org").await;
    let client = world.server.client().await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let mut seen = Vec::new();
    for (challenge_id, code) in
        [(challenge.challenge_id.as_str(), wrong), ("x", code.as_str()), (super::NO_SUCH_ID, code.as_str())]
    {
        let request = VerifyOtpRequest {
            challenge_id: challenge_id.to_owned(),
            code: code.to_owned(),
            ..VerifyOtpRequest::default()
        };
        let refusal =
            assert_refused(client.identity().verify_otp(request).await, Code::Unauthenticated, "CODE_INVALID");
        seen.push((refusal.message.clone(), refusal.status.details().to_vec()));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
});
