//! API-5, of what operators write: under one request id one thing is done, and told to all who ask for it.

use std::iter;

use identity::grpc::proto::{
    DisableUserRequest, EnableUserRequest, GetUserRequest, SetUserRolesRequest, UnlockRequest, User, unlock_request,
};
use tokio::task::JoinSet;
use tonic::{Response, Status};

use super::repeat::ID;
use crate::both_stores::on_both_stores;
use crate::rpc::assert_fields;
use crate::support::client::{Client, operator};

/// How often two race. In every other round they meet in one process.
const ROUNDS: u32 = 20;

/// A request id for each round.
fn id(round: u32) -> String {
    format!("0b6f9c1e-8a55-4c0f-9a34-{round:012x}")
}

/// Which of two requests under one id was done, and its answer. The other was refused for the id.
pub(crate) fn the_one_done<T: std::fmt::Debug>([first, second]: [Result<Response<T>, Status>; 2]) -> (usize, T) {
    match (first, second) {
        (Ok(done), refused) => {
            assert_fields(refused, "INVALID_FIELD", &["request_id"]);
            (0, done.into_inner())
        }
        (refused, done) => {
            assert_fields(refused, "INVALID_FIELD", &["request_id"]);
            (1, done.unwrap().into_inner())
        }
    }
}

fn roles(user: &User, role: &str, request_id: &str) -> SetUserRolesRequest {
    let request_id = request_id.to_owned();
    SetUserRolesRequest { user_id: user.user_id.clone(), roles: vec![role.to_owned()], request_id }
}

fn unlock(email: &str, request_id: &str) -> UnlockRequest {
    let identifier = Some(unlock_request::Identifier::Email(email.to_owned()));
    UnlockRequest { identifier, request_id: request_id.to_owned() }
}

on_both_stores!(roles_repeat, |world| {
    let user = world.server.sign_in("roles@example.com").await.user.unwrap();
    let (admin, token) = (world.server.admin().await, world.server.admin_token());
    let set = async |role: &str, id: &str| {
        let request = operator(roles(&user, role, id), &token);
        admin.admin().set_user_roles(request).await.unwrap().into_inner().user.unwrap()
    };
    let first = set("maker", ID).await;
    set("viewer", "").await;
    // The late repetition of the first call answers as it did, and does not undo the second.
    assert_eq!(set("maker", ID).await, first);
    assert_eq!(set("viewer", "").await.roles, ["viewer"]);
    assert_eq!(world.audit().await.total("user.roles_changed"), 3);
});

on_both_stores!(disabling_and_enabling_repeat, |world| {
    let user_id = world.server.sign_in("off@example.com").await.user.unwrap().user_id;
    let (admin, token) = (world.server.admin().await, world.server.admin_token());
    let disable = async |id: &str| {
        let request = DisableUserRequest { user_id: user_id.clone(), request_id: id.to_owned() };
        admin.admin().disable_user(operator(request, &token)).await.unwrap().into_inner().user.unwrap()
    };
    let enable = async |id: &str| {
        let request = EnableUserRequest { user_id: user_id.clone(), request_id: id.to_owned() };
        admin.admin().enable_user(operator(request, &token)).await.unwrap().into_inner().user.unwrap()
    };
    let is_disabled = async || {
        let request = operator(GetUserRequest { user_id: user_id.clone() }, &token);
        admin.admin().get_user(request).await.unwrap().into_inner().user.unwrap().disabled
    };
    let disabled = disable(ID).await;
    assert!(disabled.disabled);
    let enabled = enable(ID).await;
    assert!(!enabled.disabled, "the same id names another call of another method");
    assert_eq!(disable(ID).await, disabled);
    assert!(!is_disabled().await, "the repetition disabled nobody");
    disable("").await;
    assert_eq!(enable(ID).await, enabled);
    assert!(is_disabled().await, "the repetition enabled nobody");
    let audit = world.audit().await;
    assert_eq!((audit.count("user.disabled", ""), audit.count("user.enabled", "")), (2, 1));
});

on_both_stores!(of_two_different_writes_at_once_under_one_id_one_is_done, |world| {
    let user = world.server.sign_in("raced@example.com").await.user.unwrap();
    let (other, token) = (world.another().await, world.server.admin_token());
    let (here, there) = (world.server.admin().await, other.admin().await);
    for (round, there) in (0..ROUNDS).zip([&here, &there].into_iter().cycle()) {
        let (mut one, mut two) = (here.admin(), there.admin());
        let calls = tokio::join!(
            one.set_user_roles(operator(roles(&user, "maker", &id(round)), &token)),
            two.set_user_roles(operator(roles(&user, "viewer", &id(round)), &token))
        );
        let (which, answer) = the_one_done(calls.into());
        assert_eq!(answer.user.unwrap().roles, [["maker", "viewer"][which]], "round {round}");
        let now = one.get_user(operator(GetUserRequest { user_id: user.user_id.clone() }, &token)).await.unwrap();
        assert_eq!(now.into_inner().user.unwrap().roles, [["maker", "viewer"][which]], "round {round}");
        let calls = tokio::join!(
            one.unlock(operator(unlock("raced@example.com", &id(round)), &token)),
            two.unlock(operator(unlock("spared@example.com", &id(round)), &token))
        );
        the_one_done(calls.into());
    }
    let (audit, rounds) = (world.audit().await, usize::try_from(ROUNDS).unwrap());
    assert_eq!((audit.total("user.roles_changed"), audit.count("identifier.unlocked", "")), (rounds, rounds));
});

on_both_stores!(of_equal_writes_at_once_one_is_done_and_all_are_answered, |world| {
    let user = world.server.sign_in("raced@example.com").await.user.unwrap();
    let (other, token) = (world.another().await, world.server.admin_token());
    let admins = [world.server.admin().await, other.admin().await];
    let ask = async |(admin, user, token): (Client, User, String)| {
        admin.admin().unlock(operator(unlock("raced@example.com", ID), &token)).await.unwrap();
        let request = operator(roles(&user, "maker", ID), &token);
        admin.admin().set_user_roles(request).await.unwrap().into_inner().user.unwrap()
    };
    let callers = admins.iter().cycle().cloned().zip(iter::repeat((user, token)));
    let calls: JoinSet<_> = callers.take(32).map(|(admin, (user, token))| ask((admin, user, token))).collect();
    let answers = calls.join_all().await;
    assert!(answers.iter().all(|answer| answer.roles == ["maker"] && *answer == answers[0]), "one answer for all");
    let audit = world.audit().await;
    assert_eq!((audit.total("user.roles_changed"), audit.count("identifier.unlocked", "")), (1, 1));
});
