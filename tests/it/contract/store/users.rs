//! Reading and changing users.

use super::{
    Given,
    given::{NOW, answer, at, event, identifier},
    on_both,
};
use identity::{
    domain::{
        audit::Act,
        id::UserId,
        user::{Role, User, UserChange},
    },
    ports::store::{KnownAnswer, UserChangeOutcome},
};
use uuid::Uuid;

on_both!(
    roles_are_replaced,
    disabling_ends_every_session,
    enabling_lets_in_again,
    an_unknown_user_is_not_found,
    the_same_request_changes_once,
    identifiers_differ_in_every_letter,
);

fn changed(outcome: UserChangeOutcome) -> (User, usize) {
    match outcome {
        UserChangeOutcome::Changed(user, ended) => (*user, ended.len()),
        other => panic!("not changed: {other:?}"),
    }
}

async fn roles_are_replaced(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    for names in [vec!["a", "b:c", "d_e-f.g"], vec!["b:c"], vec![]] {
        let roles: Vec<_> = names.iter().map(|name| Role::new(name).unwrap()).collect();
        let change = UserChange::Roles(roles.clone());
        let done = event(at(1), Act::RolesChanged);
        let (user, ended) = changed(given.store.change_user(session.user_id, change, at(1), done, None).await.unwrap());
        assert_eq!((&user.roles, ended), (&roles, 0));
        assert_eq!(given.store.user(session.user_id).await.unwrap().unwrap().roles, roles);
    }
    let events = given.inspect.events().await;
    let roles: Vec<_> = events.iter().filter(|event| event.act == "user.roles_changed").collect();
    assert_eq!(roles.len(), 3);
    assert!(roles.iter().all(|event| event.user_id == Some(session.user_id.uuid())));
}

async fn disabling_ends_every_session(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let second = given.signed_in("ada@example.com", at(1)).await;
    let done = event(at(2), Act::UserDisabled);
    let outcome = given.store.change_user(session.user_id, UserChange::Disable, at(2), done, None).await.unwrap();
    let (user, ended) = changed(outcome);
    assert_eq!((user.disabled, ended), (true, 2));
    assert!(given.store.user(session.user_id).await.unwrap().unwrap().disabled);
    assert_eq!(given.revocations(at(2)).await.len(), 2);
    assert!(given.store.sessions(session.user_id, None, 10, at(3)).await.unwrap().sessions.is_empty());
    let mut ended = [session.session_id, second.session_id].map(|id| (id, "USER_DISABLED".to_owned()));
    ended.sort();
    assert_eq!(given.inspect.revoked().await, ended);
    let events = given.inspect.events().await;
    let revoked = events.iter().find(|event| event.act == "session.revoked").unwrap();
    let disabled = events.iter().find(|event| event.act == "user.disabled").unwrap();
    assert_eq!((revoked.user_id, revoked.time), (disabled.user_id, disabled.time));
    assert_eq!((&revoked.address, revoked.outcome.as_str()), (&disabled.address, "success"));
}

async fn enabling_lets_in_again(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    for (change, act) in [(UserChange::Disable, Act::UserDisabled), (UserChange::Enable, Act::UserEnabled)] {
        given.store.change_user(session.user_id, change, at(1), event(at(1), act), None).await.unwrap();
    }
    let again = given.signed_in("ada@example.com", at(2)).await;
    assert_eq!(again.user_id, session.user_id);
    let acts = given.inspect.acts().await;
    assert!(acts.contains(&"user.disabled".to_owned()) && acts.contains(&"user.enabled".to_owned()));
}

async fn an_unknown_user_is_not_found(given: &Given) {
    let nobody = UserId::new(Uuid::from_u128(7));
    assert!(given.store.user(nobody).await.unwrap().is_none());
    let recorded = answer("request", "DisableUser", NOW);
    let done = event(NOW, Act::UserDisabled);
    let outcome =
        given.store.change_user(nobody, UserChange::Disable, NOW, done, Some(recorded.clone())).await.unwrap();
    assert!(matches!(outcome, UserChangeOutcome::NotFound), "{outcome:?}");
    assert!(matches!(given.store.answer(&recorded.key, NOW).await.unwrap(), KnownAnswer::None));
    assert_eq!(given.inspect.count("audit_events").await, 0);
}

async fn the_same_request_changes_once(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let roles = |name| UserChange::Roles(vec![Role::new(name).unwrap()]);
    let change = |name, seconds| {
        let recorded = Some(answer("request", "SetUserRoles", at(seconds)));
        given.store.change_user(
            session.user_id,
            roles(name),
            at(seconds),
            event(at(seconds), Act::RolesChanged),
            recorded,
        )
    };
    changed(change("viewer", 1).await.unwrap());
    assert!(matches!(change("maker", 2).await.unwrap(), UserChangeOutcome::AlreadyAnswered));
    let user = given.store.user(session.user_id).await.unwrap().unwrap();
    assert_eq!(user.roles, [Role::new("viewer").unwrap()]);
}

async fn identifiers_differ_in_every_letter(given: &Given) {
    let addresses =
        ["ada@example.com", "Ada@example.com", "ada@example.com ", "a\u{301}da@example.com", "\u{e1}da@example.com"];
    let mut users = Vec::new();
    for address in addresses {
        users.push(given.signed_in(address, NOW).await.user_id);
    }
    for (address, user) in addresses.iter().zip(&users) {
        assert_eq!(given.store.user_of(identifier(address)).await.unwrap().unwrap().user_id, *user);
    }
    users.sort();
    users.dedup();
    assert_eq!(users.len(), addresses.len());
}
