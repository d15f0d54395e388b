//! Grants: of many exchanges of one code one gives tokens, and the session does not outlive the others.

use super::{MANY, race};
use crate::contract::store::{
    Given,
    given::{NOW, at},
    grants::{grant, redemption},
    on_both,
};
use identity::ports::store::RedemptionOutcome;

on_both!(one_code_gives_tokens_once);

async fn one_code_gives_tokens_once(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    given.store.keep_grant(grant("code", &session)).await.unwrap();
    let outcomes =
        race(given, MANY, |store, _| async move { store.redeem_grant(redemption("code", 1)).await.unwrap() }).await;
    let count = |wanted: fn(&RedemptionOutcome) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
    assert_eq!(count(|outcome| matches!(outcome, RedemptionOutcome::Redeemed { .. })), 1);
    let ended = count(|outcome| matches!(outcome, RedemptionOutcome::Reused { ended } if ended.len() == 1));
    assert_eq!(ended, 1, "the session ends once");
    let late = |outcome: &RedemptionOutcome| matches!(outcome, RedemptionOutcome::Refused(event) if event.reason == "GRANT_REUSED");
    assert_eq!(count(late), MANY - 2);
    assert!(given.store.sessions(session.user_id, None, 10, at(2)).await.unwrap().sessions.is_empty());
}
