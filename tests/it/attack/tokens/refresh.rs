//! Refresh tokens: old ones, lost answers, other devices.

use std::time::Duration;

use identity::grpc::proto::identity_service_client::IdentityServiceClient;
use identity::grpc::proto::{InactiveReason, RefreshTokenRequest, TokenSet};
use tonic::Code;
use tonic::transport::Endpoint;

use super::{assert_unseen, device, objection, refresh, refresh_with, sign_out};
use crate::both_stores::on_both_stores;
use crate::support::client::Client;
use crate::support::proxy::{Fault, Proxy};

/// Asserts that neither token of a set is good any more.
async fn assert_dead(client: &Client, tokens: &TokenSet) {
    assert_eq!(objection(client, &tokens.access_token, "", "").await, Some(InactiveReason::Revoked));
    let refusal = refresh(client, &tokens.refresh_token).await.unwrap_err();
    assert_eq!(refusal.code, Code::Unauthenticated);
}

on_both_stores!(a81_an_older_token, |world| {
    let client = world.server.client().await;
    let other = world.server.sign_in("a81@example.com").await.tokens.unwrap();
    let bystander = world.server.sign_in("a81-bystander@example.com").await.tokens.unwrap();
    let first = world.server.sign_in("a81@example.com").await.tokens.unwrap();
    let second = refresh(&client, &first.refresh_token).await.unwrap();
    let third = refresh(&client, &second.refresh_token).await.unwrap();
    let refusal = refresh(&client, &first.refresh_token).await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "REFRESH_TOKEN_REUSED"));
    for tokens in [&first, &second, &third, &other] {
        assert_dead(&client, tokens).await;
    }
    assert_eq!(objection(&client, &bystander.access_token, "", "").await, None);
    refresh(&client, &bystander.refresh_token).await.unwrap();
    let audit = world.audit().await;
    assert_eq!(audit.count("refresh_token.reused", "REFRESH_TOKEN_REUSED"), 1, "what is dead already is not reused");
    // Two codes, and the notice.
    let mail = world.server.mailbox().wait_for("a81@example.com", 3).await;
    assert!(mail.code().is_none(), "the notice carries no code");
    for tokens in [first, second, third, other] {
        assert_unseen(&world, &tokens.refresh_token);
        assert_unseen(&world, &tokens.access_token);
    }
});

on_both_stores!(a81_a_made_up_token_ends_nothing, |world| {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let client = world.server.client().await;
    let first = world.server.sign_in("a81-made-up@example.com").await.tokens.unwrap();
    let second = refresh(&client, &first.refresh_token).await.unwrap();
    let third = refresh(&client, &second.refresh_token).await.unwrap();
    // Version and session are no secret; the rest is made up, at every place in the family.
    let bytes = URL_SAFE_NO_PAD.decode(first.refresh_token.strip_prefix("idr_").unwrap()).unwrap();
    for counter in [0_u32, 1, 2, 3, u32::MAX] {
        let mut made_up = bytes.clone();
        made_up[17..21].copy_from_slice(&counter.to_be_bytes());
        made_up[21..].fill(0x5a);
        let text = format!("idr_{}", URL_SAFE_NO_PAD.encode(made_up));
        let refusal = refresh(&client, &text).await.unwrap_err();
        assert_eq!(refusal.reason, "REFRESH_TOKEN_INVALID", "{counter}");
        sign_out(&client, &text).await.unwrap();
    }
    assert_eq!(objection(&client, &third.access_token, "", "").await, None);
    refresh(&client, &third.refresh_token).await.unwrap();
    let audit = world.audit().await;
    assert_eq!(audit.count("token.refreshed", "REFRESH_TOKEN_INVALID"), 5);
    assert_eq!(audit.total("refresh_token.reused"), 0);
});

on_both_stores!(a83_a_lost_answer, |world| {
    let proxy = Proxy::start(&world.server.addresses().grpc.to_string()).await;
    let client = world.server.client().await;
    let mut tokens = world.server.sign_in("a83@example.com").await.tokens.unwrap();
    // The answer is cut after so many bytes: before, within and behind it.
    for cut in (0..2000).step_by(125) {
        proxy.set(Fault::CutAfter(cut));
        let channel = Endpoint::try_from(format!("http://{}", proxy.address())).unwrap();
        let channel = channel.timeout(Duration::from_secs(5)).connect_lazy();
        let request = RefreshTokenRequest { refresh_token: tokens.refresh_token.clone(), ..Default::default() };
        let lost = IdentityServiceClient::new(channel).refresh_token(request).await;
        let again = refresh(&client, &tokens.refresh_token).await.unwrap();
        let and_again = refresh(&client, &tokens.refresh_token).await.unwrap();
        assert_eq!(again.refresh_token, and_again.refresh_token, "cut after {cut} bytes");
        assert_eq!(again.access_token, and_again.access_token, "cut after {cut} bytes");
        if let Ok(arrived) = lost {
            let arrived = arrived.into_inner().tokens.unwrap();
            assert_eq!(
                (arrived.refresh_token, arrived.access_token),
                (again.refresh_token.clone(), again.access_token.clone())
            );
        }
        assert_eq!(objection(&client, &again.access_token, "", "").await, None);
        tokens = again;
    }
    assert_eq!(world.audit().await.total("refresh_token.reused"), 0);
});

on_both_stores!(a83_no_grace_once_the_child_is_used, |world| {
    let client = world.server.client().await;
    let first = world.server.sign_in("a83-used@example.com").await.tokens.unwrap();
    let second = refresh(&client, &first.refresh_token).await.unwrap();
    refresh(&client, &second.refresh_token).await.unwrap();
    let refusal = refresh(&client, &first.refresh_token).await.unwrap_err();
    assert_eq!(refusal.reason, "REFRESH_TOKEN_REUSED");
});

on_both_stores!(another_devices_name_ends_the_session, |world| {
    use identity::grpc::proto::VerifyOtpRequest;
    let client = world.server.client().await;
    let (challenge, code) = world.server.request_code("device@example.com").await;
    let request = VerifyOtpRequest {
        challenge_id: challenge.challenge_id,
        code,
        device: Some(device("phone")),
        ..Default::default()
    };
    let first = client.identity().verify_otp(request).await.unwrap().into_inner().tokens.unwrap();
    let with = |token: &TokenSet, id| RefreshTokenRequest {
        refresh_token: token.refresh_token.clone(),
        device: Some(device(id)),
        ..Default::default()
    };
    let second = refresh_with(&client, with(&first, "phone")).await.unwrap();
    let refusal = refresh_with(&client, with(&second, "laptop")).await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unauthenticated, "DEVICE_MISMATCH"));
    assert_dead(&client, &second).await;
    assert_eq!(world.audit().await.count("token.refreshed", "DEVICE_MISMATCH"), 1);
});
