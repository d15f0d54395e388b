//! `GetUser`, `FindUser`, `SetUserRoles`, `DisableUser` and `EnableUser`.

use identity::grpc::proto::find_user_request::Identifier;
use identity::grpc::proto::{
    DisableUserRequest, EnableUserRequest, FindUserRequest, GetUserRequest, SetUserRolesRequest,
};
use tonic::Code;

use super::{NO_SUCH_ID, assert_fields, assert_refused};
use crate::both_stores::on_both_stores;
use crate::support::client::operator;

fn by_email(email: &str) -> FindUserRequest {
    FindUserRequest { identifier: Some(Identifier::Email(email.to_owned())) }
}

on_both_stores!(reads_a_user_by_id_and_address, |world| {
    let user = world.server.sign_in("mira@example.org").await.user.unwrap();
    let (client, token) = (world.server.admin().await, world.server.admin_token());
    let request = operator(GetUserRequest { user_id: user.user_id.clone() }, &token);
    assert_eq!(client.admin().get_user(request).await.unwrap().into_inner().user.unwrap(), user);
    let found = client.admin().find_user(operator(by_email("MIRA@example.ORG"), &token)).await.unwrap();
    assert_eq!(found.into_inner().user.unwrap(), user);

    let unknown = operator(GetUserRequest { user_id: NO_SUCH_ID.to_owned() }, &token);
    let refusal = assert_refused(client.admin().get_user(unknown).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(refusal.metadata["resource"], "user");
    let unknown = client.admin().find_user(operator(by_email("noa@example.org"), &token)).await;
    assert_refused(unknown, Code::NotFound, "NOT_FOUND");
    let audit = world.audit().await;
    assert_eq!((audit.count("user.read", ""), audit.count("user.read", "NOT_FOUND")), (2, 2));
    assert!(audit.0.iter().filter(|event| event.act == "user.read").all(|event| event.actor == "operator"));
});

on_both_stores!(replaces_roles, |world| {
    let user_id = world.server.sign_in("mira@example.org").await.user.unwrap().user_id;
    let (client, token) = (world.server.admin().await, world.server.admin_token());
    let set = async |roles: &[&str]| {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let request = SetUserRolesRequest { user_id: user_id.clone(), roles, request_id: String::new() };
        client.admin().set_user_roles(operator(request, &token)).await.unwrap().into_inner().user.unwrap().roles
    };
    assert_eq!(set(&["viewer", "maker", "viewer"]).await, ["maker", "viewer"]);
    assert_eq!(set(&[]).await, [""; 0]);
    assert_eq!(set(&["billing:read"]).await, ["billing:read"]);
    let again = world.server.sign_in("mira@example.org").await;
    assert_eq!(again.user.unwrap().roles, ["billing:read"]);
    let unknown = SetUserRolesRequest { user_id: NO_SUCH_ID.to_owned(), ..SetUserRolesRequest::default() };
    assert_refused(client.admin().set_user_roles(operator(unknown, &token)).await, Code::NotFound, "NOT_FOUND");
    let audit = world.audit().await;
    let changes = audit.0.iter().filter(|event| event.act == "user.roles_changed");
    let changes: Vec<_> = changes.map(|event| (event.outcome.as_str(), event.reason.as_str())).collect();
    let expected = [("success", "maker, viewer"), ("success", "(none)"), ("success", "billing:read")];
    assert_eq!(changes, [&expected[..], &[("failure", "NOT_FOUND")]].concat(), "the log says which roles");
});

on_both_stores!(disables_and_enables, |world| {
    let signed_in = world.server.sign_in("mira@example.org").await;
    let (user_id, access_token) = (signed_in.user.unwrap().user_id, signed_in.tokens.unwrap().access_token);
    let (admin, token, client) = (world.server.admin().await, world.server.admin_token(), world.server.client().await);
    let disable = DisableUserRequest { user_id: user_id.clone(), ..DisableUserRequest::default() };
    let disabled = admin.admin().disable_user(operator(disable, &token)).await.unwrap().into_inner();
    assert!(disabled.user.unwrap().disabled);
    assert!(!client.validate(&access_token).await.unwrap().active);
    let audit = world.audit().await;
    assert_eq!((audit.count("user.disabled", ""), audit.count("session.revoked", "USER_DISABLED")), (1, 1));
    assert!(audit.0.iter().any(|event| event.act == "session.revoked" && event.actor == "operator"));
    let (challenge, code) = world.server.request_code("mira@example.org").await;
    let refusal = client.verify_otp(&challenge.challenge_id, &code).await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::PermissionDenied, "USER_DISABLED"));

    let enable = EnableUserRequest { user_id, ..EnableUserRequest::default() };
    let enabled = admin.admin().enable_user(operator(enable, &token)).await.unwrap().into_inner();
    assert!(!enabled.user.unwrap().disabled);
    assert!(!world.server.sign_in("mira@example.org").await.new_user);
    assert!(!client.validate(&access_token).await.unwrap().active, "what was ended stays ended");
});

on_both_stores!(refuses_every_bad_field_and_does_nothing, |world| {
    let (client, token) = (world.server.admin().await, world.server.admin_token());
    for bad in ["", "x", "0192e4a07b7e7c3a9d0e3f1a2b4c5d6e"] {
        let request = operator(GetUserRequest { user_id: bad.to_owned() }, &token);
        assert_fields(client.admin().get_user(request).await, "INVALID_FIELD", &["user_id"]);
    }
    let none = operator(FindUserRequest::default(), &token);
    assert_fields(client.admin().find_user(none).await, "INVALID_FIELD", &["identifier"]);
    let bad = operator(by_email("mira"), &token);
    assert_fields(client.admin().find_user(bad).await, "INVALID_EMAIL", &["email"]);
    let too_many = vec!["a".to_owned(); 33];
    let bad_roles = [too_many, vec![String::new()], vec!["A".to_owned()], vec!["a b".to_owned()], vec!["a".repeat(65)]];
    for roles in bad_roles {
        let request = SetUserRolesRequest { user_id: "?".to_owned(), roles, request_id: "?".to_owned() };
        let answer = client.admin().set_user_roles(operator(request, &token)).await;
        assert_fields(answer, "INVALID_FIELD", &["request_id", "roles", "user_id"]);
    }
    let disable = DisableUserRequest { user_id: String::new(), request_id: "?".to_owned() };
    let answer = client.admin().disable_user(operator(disable, &token)).await;
    assert_fields(answer, "INVALID_FIELD", &["request_id", "user_id"]);
    let enable = EnableUserRequest { user_id: String::new(), request_id: "?".to_owned() };
    let answer = client.admin().enable_user(operator(enable, &token)).await;
    assert_fields(answer, "INVALID_FIELD", &["request_id", "user_id"]);
    assert_eq!(world.audit().await.of_callers(), 0);
});
