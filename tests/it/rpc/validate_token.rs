use identity::grpc::proto::{Device, InactiveReason, SetUserRolesRequest, ValidateTokenRequest, VerifyOtpRequest};

use super::{assert_fields, seconds_until};
use crate::both_stores::on_both_stores;
use crate::support::client::operator;

on_both_stores!(tells_the_claims, |world| {
    let user = world.server.sign_in("mira@example.org").await.user.unwrap();
    let roles =
        SetUserRolesRequest { user_id: user.user_id.clone(), roles: vec!["viewer".into()], ..Default::default() };
    let token = world.server.admin_token();
    world.server.admin().await.admin().set_user_roles(operator(roles, &token)).await.unwrap();
    let (challenge, code) = world.server.request_code("mira@example.org").await;
    let client = world.server.client().await;
    let device = Some(Device { device_id: "phone-1".to_owned(), ..Device::default() });
    let verify = VerifyOtpRequest { challenge_id: challenge.challenge_id, code, device, ..Default::default() };
    let answer = client.identity().verify_otp(verify).await.unwrap().into_inner();
    let (access_token, session) = (answer.tokens.unwrap().access_token, answer.session.unwrap());

    let request = ValidateTokenRequest {
        access_token: access_token.clone(),
        audience: "identity".to_owned(),
        device_id: "phone-1".to_owned(),
    };
    let answer = client.tokens().validate_token(request.clone()).await.unwrap().into_inner();
    assert_eq!((answer.active, answer.inactive_reason()), (true, InactiveReason::Unspecified));
    let claims = answer.claims.unwrap();
    assert_eq!((claims.sub, claims.session_id), (user.user_id, session.session_id));
    assert_eq!((claims.iss.as_str(), claims.aud), ("http://localhost:8080", vec!["identity".to_owned()]));
    assert_eq!((claims.client_id.as_str(), claims.device_id.as_str()), ("default", "phone-1"));
    assert_eq!((claims.roles, claims.amr), (vec!["viewer".to_owned()], vec!["otp".to_owned()]));
    assert!(!claims.jti.is_empty() && !claims.acr.is_empty());
    assert!((895..=900).contains(&seconds_until(claims.expire_time)));
    for time in [claims.issue_time, claims.not_before_time, claims.auth_time] {
        assert!(seconds_until(time).abs() < 10);
    }

    let other = ValidateTokenRequest { audience: "other".to_owned(), ..request.clone() };
    let answer = client.tokens().validate_token(other).await.unwrap().into_inner();
    assert_eq!((answer.active, answer.inactive_reason(), answer.claims), (false, InactiveReason::Audience, None));
    let other = ValidateTokenRequest { device_id: "phone-2".to_owned(), ..request };
    let answer = client.tokens().validate_token(other).await.unwrap().into_inner();
    assert_eq!((answer.active, answer.inactive_reason(), answer.claims), (false, InactiveReason::Device, None));
});

on_both_stores!(a_bad_token_is_an_answer, |world| {
    let tokens = world.server.sign_in("mira@example.org").await.tokens.unwrap();
    let client = world.server.client().await;
    let mut changed = tokens.access_token.clone();
    let middle = changed.rfind('.').unwrap() + 10;
    let other = if &changed[middle..=middle] == "A" { "B" } else { "A" };
    changed.replace_range(middle..=middle, other);
    for (token, reason) in [
        ("x", InactiveReason::Malformed),
        ("a.b.c", InactiveReason::Malformed),
        ("\u{0}", InactiveReason::Malformed),
        (tokens.refresh_token.as_str(), InactiveReason::Malformed),
        (changed.as_str(), InactiveReason::Signature),
    ] {
        let answer = client.validate(token).await.unwrap();
        assert_eq!((answer.active, answer.inactive_reason()), (false, reason), "{token}");
    }
});

on_both_stores!(refuses_every_bad_field, |world| {
    let client = world.server.client().await;
    let good = ValidateTokenRequest { access_token: "x".to_owned(), ..ValidateTokenRequest::default() };
    for access_token in [String::new(), "x".repeat(8193)] {
        let request = ValidateTokenRequest { access_token, ..good.clone() };
        assert_fields(client.tokens().validate_token(request).await, "INVALID_FIELD", &["access_token"]);
    }
    let all = ValidateTokenRequest {
        access_token: String::new(),
        audience: "x".repeat(256),
        device_id: "a\u{7f}".to_owned(),
    };
    let fields = ["access_token", "audience", "device_id"];
    assert_fields(client.tokens().validate_token(all).await, "INVALID_FIELD", &fields);
    // As long as may be, and still an answer.
    let longest = ValidateTokenRequest { access_token: "x".repeat(8192), ..good };
    assert!(!client.tokens().validate_token(longest).await.unwrap().into_inner().active);
});
