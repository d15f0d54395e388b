//! The operators' token, and which listener answers what.

use identity::grpc::proto::{GetCurrentUserRequest, GetUserRequest, SendOtpRequest};
use tonic::{Code, IntoRequest, Request};

use super::{NO_SUCH_ID, assert_refused};
use crate::both_stores::on_both_stores;
use crate::support::client::{bearer, operator, with_metadata};

fn request() -> Request<GetUserRequest> {
    GetUserRequest { user_id: NO_SUCH_ID.to_owned() }.into_request()
}

on_both_stores!(every_call_of_an_operator_needs_it, |world| {
    let person = world.server.sign_in("mira@example.org").await.tokens.unwrap().access_token;
    let (client, token) = (world.server.admin().await, world.server.admin_token());
    let mut twice = operator(request(), &token);
    twice.metadata_mut().append("x-service-token", token.parse().unwrap());
    let bad = [
        request(),
        operator(request(), ""),
        operator(request(), "wrong"),
        operator(request(), &token[..token.len() - 1]),
        operator(request(), &person),
        bearer(request(), &person),
        with_metadata(request(), "authorization", &format!("Basic {token}")),
        twice,
    ];
    let calls = bad.len();
    for request in bad {
        let answer = client.admin().get_user(request).await;
        assert_refused(answer, Code::Unauthenticated, "SERVICE_CREDENTIAL_REQUIRED");
    }
    // In either header.
    assert_refused(client.admin().get_user(operator(request(), &token)).await, Code::NotFound, "NOT_FOUND");
    assert_refused(client.admin().get_user(bearer(request(), &token)).await, Code::NotFound, "NOT_FOUND");
    let blanks = with_metadata(request(), "authorization", &format!("Bearer  {token}"));
    assert_refused(client.admin().get_user(blanks).await, Code::NotFound, "NOT_FOUND");
    let audit = world.audit().await;
    assert_eq!(audit.count("operator.refused", "SERVICE_CREDENTIAL_REQUIRED"), calls);
    assert_eq!(audit.count("user.read", "NOT_FOUND"), 3);
});

on_both_stores!(each_listener_answers_its_own_services, |world| {
    let (people, operators) = (world.server.client().await, world.server.admin().await);
    let token = world.server.admin_token();
    let answer = people.admin().get_user(operator(request(), &token)).await;
    assert_refused(answer, Code::Unimplemented, "METHOD_NOT_FOUND");
    let answer = operators.identity().send_otp(operator(SendOtpRequest::default(), &token)).await;
    assert_refused(answer, Code::Unimplemented, "METHOD_NOT_FOUND");
    let answer = operators.sessions().get_current_user(operator(GetCurrentUserRequest {}, &token)).await;
    assert_refused(answer, Code::Unimplemented, "METHOD_NOT_FOUND");
});
