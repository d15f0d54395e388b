//! Calls whose time is over before their work begins: nothing is done for a caller who has given up.

use std::time::Duration;

use identity::grpc::proto::{GetUserRequest, VerifyOtpRequest};
use prost::Message;
use tonic::Code;

use super::raw::{Raw, framed};
use crate::both_stores::on_both_stores;
use crate::support::client::send_otp_request;

on_both_stores!(a124_a_call_whose_time_is_over_is_not_begun, |world| {
    let (challenge, code) = world.server.request_code("ada@example.com").await;
    let verify = VerifyOtpRequest {
        challenge_id: challenge.challenge_id.clone(),
        code: code.clone(),
        ..VerifyOtpRequest::default()
    };
    let people = Raw::connect(world.server.addresses().grpc).await;
    let operators = Raw::connect(world.server.addresses().admin).await;
    for asked in ["0S", "0n", "1n"] {
        for (raw, method, message) in [
            (&people, "IdentityService/VerifyOtp", verify.encode_to_vec()),
            (&people, "IdentityService/SendOtp", send_otp_request("late@example.com").encode_to_vec()),
            (&operators, "AdminService/GetUser", GetUserRequest::default().encode_to_vec()),
        ] {
            let refusal = raw.call(method, &[("grpc-timeout", asked)], framed(&message)).await.refusal;
            let told = (refusal.code, refusal.reason.as_str());
            assert_eq!(told, (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"), "{method} {asked}");
        }
    }
    // What was begun all the same would be over by now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    world
        .server
        .client()
        .await
        .verify_otp(&challenge.challenge_id, &code)
        .await
        .expect("the code is as good as before");
    assert!(world.server.mailbox().to("late@example.com").is_empty(), "nothing was sent");
    let audit = world.audit().await;
    assert_eq!(audit.count("operator.refused", "SERVICE_CREDENTIAL_REQUIRED"), 0);
    let sent = world.server.client().await.send_otp("late@example.com").await;
    assert!(sent.is_ok(), "nothing was counted: {sent:?}");
});
