//! Magic links: begun with a challenge, charged, approved, rejected, redeemed and collected, and how that stands.

use super::{
    Given,
    given::{NOW, answer, at, challenge, code, completion, digest, event, further, linked, linked_challenge},
    on_both,
};
use identity::{
    domain::{
        audit::Act,
        challenge::ChargedAttempt,
        id::{ChallengeId, SessionId},
        link::{Completion, LinkState},
        lockout::Ladder,
        progress::{DeliveryState, Standing},
        session::Method,
    },
    ports::store::{
        Approval, Attempt, ChargeOutcome, KnownAnswer, LinkOutcome, NewCode, RejectOutcome, Rejection, ResendOutcome,
        Settlement, SignIn, SignInOutcome,
    },
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

on_both!(
    a_link_is_read_back_as_it_was_begun,
    a_further_link_goes_first_and_of_four_the_oldest_goes,
    an_attempt_by_link_goes_by_the_links_time_and_state,
    a_link_is_used_once_and_ends_its_code,
    an_approval_forgets_its_failures_and_is_collected_once,
    what_is_not_pending_is_not_approved,
    a_rejection_ends_the_challenge,
    a_rejection_ends_sessions_where_it_says_so,
    the_same_request_is_answered_once,
    standings_tell_what_became_of_each,
);

pub(super) async fn begun(given: &Given, address: &str) -> ChallengeId {
    let new = linked_challenge(address, NOW);
    let id = new.challenge.scope.challenge_id;
    given.store.begin_challenge(new).await.unwrap();
    id
}

async fn charge(given: &Given, id: ChallengeId, seconds: u64) -> ChargeOutcome {
    let lockout = Arc::new(Ladder::default().into());
    given
        .store
        .charge_attempt(Attempt { challenge_id: id, now: at(seconds), lockout, by_link: true, device: None })
        .await
        .unwrap()
}

async fn charged(given: &Given, id: ChallengeId, seconds: u64) -> ChargedAttempt {
    match charge(given, id, seconds).await {
        ChargeOutcome::Charged(attempt) => *attempt,
        other => panic!("not charged: {other:?}"),
    }
}

/// The completion of an attempt by a link in that state.
fn by_link(attempt: &ChargedAttempt, state: LinkState, seconds: u64) -> SignIn {
    let mut sign_in = completion(attempt, at(seconds));
    sign_in.link = Some(state);
    sign_in.session.method = Method::Link;
    sign_in
}

pub(super) fn approval(attempt: &ChargedAttempt, seconds: u64) -> Approval {
    Approval {
        challenge_id: attempt.challenge.scope.challenge_id,
        counter_key: attempt.counter_key,
        now: at(seconds),
        event: event(at(seconds), Act::LinkApproved),
        answer: None,
    }
}

fn rejection(id: ChallengeId, revoke: bool, seconds: u64) -> Rejection {
    Rejection {
        challenge_id: id,
        now: at(seconds),
        revoke,
        event: event(at(seconds), Act::LinkRejected),
        revoked: event(at(seconds), Act::SessionRevoked),
        answer: None,
    }
}

async fn state(given: &Given, id: ChallengeId) -> (bool, LinkState) {
    let challenge = given.store.challenge(id).await.unwrap().unwrap();
    (challenge.used, challenge.link.unwrap().state)
}

async fn a_link_is_read_back_as_it_was_begun(given: &Given) {
    let new = linked_challenge("ada@example.com", NOW);
    let (id, wanted) = (new.challenge.scope.challenge_id, new.challenge.link.clone().unwrap());
    given.store.begin_challenge(new).await.unwrap();
    let found = given.store.challenge(id).await.unwrap().unwrap();
    assert_eq!(format!("{:?}", found.link.as_ref().unwrap()), format!("{wanted:?}"));
    let link = found.link.unwrap();
    assert_eq!(link.match_number, wanted.match_number);
    assert_eq!(link.sent[0].mac, wanted.sent[0].mac);
    assert_eq!(found.expire_time, at(300), "the code's");
    let plain = given.begun("bob@example.com", NOW).await;
    assert!(given.store.challenge(plain).await.unwrap().unwrap().link.is_none());
    let mut bare = linked_challenge("eve@example.com", NOW);
    let link = bare.challenge.link.as_mut().unwrap();
    (link.match_number, link.completion, link.asker.address) = (None, Completion::SameDevice, None);
    let id = bare.challenge.scope.challenge_id;
    given.store.begin_challenge(bare).await.unwrap();
    let link = given.store.challenge(id).await.unwrap().unwrap().link.unwrap();
    assert!(link.match_number.is_none() && link.asker.address.is_none());
}

async fn a_further_link_goes_first_and_of_four_the_oldest_goes(given: &Given) {
    let id = begun(given, "ada@example.com").await;
    for (text, seconds) in [("second", 30), ("third", 60), ("fourth", 90)] {
        let link = Some(linked(&format!("{text} link"), at(seconds)));
        let outcome = given.store.add_code(NewCode { link, ..further(id, text, at(seconds)) }).await.unwrap();
        assert!(matches!(outcome, ResendOutcome::Added));
    }
    let link = given.store.challenge(id).await.unwrap().unwrap().link.unwrap();
    let macs: Vec<_> = link.sent.iter().map(|sent| sent.mac).collect();
    assert_eq!(macs, ["fourth link", "third link", "second link"].map(digest));
    assert_eq!(link.sent.iter().map(|sent| sent.expire_time).collect::<Vec<_>>(), [at(990), at(960), at(930)]);
    let attempt = charged(given, id, 91).await;
    let codes: Vec<_> = attempt.live_codes.iter().map(|code| code.mac).collect();
    assert_eq!(codes, ["fourth", "third", "second"].map(digest));
}

async fn an_attempt_by_link_goes_by_the_links_time_and_state(given: &Given) {
    let id = begun(given, "ada@example.com").await;
    assert!(matches!(given.charge(id, at(301)).await, ChargeOutcome::Ended(_)), "the code has expired");
    assert_eq!(charged(given, id, 899).await.challenge.attempts, 1);
    assert!(matches!(charge(given, id, 900).await, ChargeOutcome::Ended(_)));
    let plain = given.begun("bob@example.com", NOW).await;
    assert!(matches!(charge(given, plain, 1).await, ChargeOutcome::Ended(_)), "it has no link");
    let rejected = begun(given, "eve@example.com").await;
    given.store.reject_link(rejection(rejected, false, 1)).await.unwrap();
    assert!(matches!(charge(given, rejected, 2).await, ChargeOutcome::Ended(_)));
    assert_eq!(given.inspect.number("SELECT CAST(SUM(attempts) AS BIGINT) FROM challenges").await, 1);
    for seconds in [901, 902] {
        given.charged(given.begun("ada@example.com", at(900)).await, at(seconds)).await;
    }
    let locked = begun(given, "ada@example.com").await;
    assert!(matches!(charge(given, locked, 899).await, ChargeOutcome::Locked { .. }));
}

async fn a_link_is_used_once_and_ends_its_code(given: &Given) {
    let id = begun(given, "ada@example.com").await;
    let attempt = charged(given, id, 400).await;
    for (state, seconds) in [(LinkState::Approved, 400), (LinkState::Pending, 900)] {
        let outcome = given.store.complete_sign_in(by_link(&attempt, state, seconds)).await.unwrap();
        assert_eq!(outcome, SignInOutcome::Spent, "{state:?} at {seconds}");
    }
    let sign_in = by_link(&attempt, LinkState::Pending, 899);
    let user = sign_in.session.user_id;
    assert_eq!(given.store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
    let session = given.store.sessions(user, None, 1, at(899)).await.unwrap().sessions.pop().unwrap();
    assert_eq!(session.method, Method::Link);
    assert!(given.store.challenge(id).await.unwrap().unwrap().used);
    let again = by_link(&attempt, LinkState::Pending, 899);
    assert_eq!(given.store.complete_sign_in(again).await.unwrap(), SignInOutcome::Spent);
    assert_eq!(given.inspect.count("lockouts").await, 0);
    let plain = given.begun("bob@example.com", NOW).await;
    let attempt = given.charged(plain, at(1)).await;
    let none = by_link(&attempt, LinkState::Pending, 1);
    assert_eq!(given.store.complete_sign_in(none).await.unwrap(), SignInOutcome::Spent, "it has no link");
}

async fn an_approval_forgets_its_failures_and_is_collected_once(given: &Given) {
    let id = begun(given, "ada@example.com").await;
    let attempt = charged(given, id, 1).await;
    assert_eq!(given.inspect.count("lockouts").await, 1);
    assert_eq!(given.store.approve_link(approval(&attempt, 2)).await.unwrap(), LinkOutcome::Done);
    assert_eq!(given.inspect.count("lockouts").await, 0);
    assert_eq!(state(given, id).await, (false, LinkState::Approved));
    assert!(matches!(charge(given, id, 3).await, ChargeOutcome::Ended(_)), "it is not pending any more");
    let pending = given.store.complete_sign_in(by_link(&attempt, LinkState::Pending, 3)).await.unwrap();
    assert_eq!(pending, SignInOutcome::Spent);
    let collected = || given.store.complete_sign_in(by_link(&attempt, LinkState::Approved, 4));
    assert_eq!(collected().await.unwrap(), SignInOutcome::SignedIn);
    assert_eq!(collected().await.unwrap(), SignInOutcome::Spent);
    assert_eq!(given.inspect.count("sessions").await, 1);
}

async fn what_is_not_pending_is_not_approved(given: &Given) {
    let attempt = charged(given, begun(given, "ada@example.com").await, 1).await;
    assert_eq!(given.store.approve_link(approval(&attempt, 900)).await.unwrap(), LinkOutcome::Spent, "expired");
    let mut unknown = approval(&attempt, 2);
    unknown.challenge_id = ChallengeId::new(Uuid::from_u128(7));
    assert_eq!(given.store.approve_link(unknown).await.unwrap(), LinkOutcome::Spent);
    assert_eq!(given.store.approve_link(approval(&attempt, 2)).await.unwrap(), LinkOutcome::Done);
    let events = given.inspect.count("audit_events").await;
    assert_eq!(given.store.approve_link(approval(&attempt, 3)).await.unwrap(), LinkOutcome::Spent);
    assert_eq!(given.inspect.count("audit_events").await, events, "nothing was written");
}

async fn a_rejection_ends_the_challenge(given: &Given) {
    for approved in [false, true] {
        let id = begun(given, &format!("ada-{approved}@example.com")).await;
        let attempt = charged(given, id, 1).await;
        if approved {
            given.store.approve_link(approval(&attempt, 2)).await.unwrap();
        }
        let expired = given.store.reject_link(rejection(id, false, 900)).await.unwrap();
        assert_eq!(expired, RejectOutcome::Spent);
        let done = given.store.reject_link(rejection(id, false, 3)).await.unwrap();
        assert_eq!(done, RejectOutcome::Done(Vec::new()));
        assert_eq!(state(given, id).await, (true, LinkState::Rejected));
        assert_eq!(given.store.reject_link(rejection(id, false, 4)).await.unwrap(), RejectOutcome::Spent);
        for state in LinkState::ALL {
            let outcome = given.store.complete_sign_in(by_link(&attempt, state, 4)).await.unwrap();
            assert_eq!(outcome, SignInOutcome::Spent);
        }
        assert_eq!(given.store.complete_sign_in(completion(&attempt, at(4))).await.unwrap(), SignInOutcome::Spent);
        assert!(matches!(given.charge(id, at(4)).await, ChargeOutcome::Ended(_)), "its code too");
    }
    let plain = given.begun("bob@example.com", NOW).await;
    assert_eq!(given.store.reject_link(rejection(plain, true, 1)).await.unwrap(), RejectOutcome::Spent, "no link");
}

async fn a_rejection_ends_sessions_where_it_says_so(given: &Given) {
    let mut sessions: Vec<SessionId> = Vec::new();
    for seconds in [0, 1] {
        sessions.push(given.signed_in("ada@example.com", at(seconds)).await.session_id);
    }
    given.signed_in("bob@example.com", NOW).await;
    let id = begun(given, "ada@example.com").await;
    let RejectOutcome::Done(mut ended) = given.store.reject_link(rejection(id, true, 5)).await.unwrap() else {
        panic!("not rejected")
    };
    ended.sort_unstable();
    sessions.sort_unstable();
    assert_eq!(ended, sessions);
    assert_eq!(given.revocations(at(5)).await.len(), 2);
    let acts = given.inspect.acts().await;
    assert_eq!(acts.iter().filter(|act| *act == "session.revoked").count(), 2);
    let nobody = begun(given, "eve@example.com").await;
    let done = given.store.reject_link(rejection(nobody, true, 5)).await.unwrap();
    assert_eq!(done, RejectOutcome::Done(Vec::new()), "nobody has signed in with it");
}

async fn the_same_request_is_answered_once(given: &Given) {
    let attempt = charged(given, begun(given, "ada@example.com").await, 1).await;
    let recorded = answer("approve", "RedeemMagicLink", at(2));
    let answered = Approval { answer: Some(recorded.clone()), ..approval(&attempt, 2) };
    assert_eq!(given.store.approve_link(answered).await.unwrap(), LinkOutcome::Done);
    assert!(matches!(given.store.answer(&recorded.key, at(3)).await.unwrap(), KnownAnswer::Same(_)));
    let other = charged(given, begun(given, "bob@example.com").await, 3).await;
    let taken = Approval { answer: Some(recorded.clone()), ..approval(&other, 3) };
    assert_eq!(given.store.approve_link(taken).await.unwrap(), LinkOutcome::Spent);
    let id = other.challenge.scope.challenge_id;
    let taken = Rejection { answer: Some(recorded), ..rejection(id, true, 3) };
    assert_eq!(given.store.reject_link(taken).await.unwrap(), RejectOutcome::Spent);
    assert_eq!(state(given, id).await, (false, LinkState::Pending));
}

async fn standings_tell_what_became_of_each(given: &Given) {
    let mut ids = Vec::new();
    // More than one statement takes.
    for number in 0..70 {
        ids.push(begun(given, &format!("person-{number}@example.com")).await);
    }
    let plain = challenge("plain@example.com", NOW);
    let (plain_id, message) = (plain.challenge.scope.challenge_id, plain.message.message_id);
    given.store.begin_challenge(plain).await.unwrap();
    given.store.reject_link(rejection(ids[1], false, 1)).await.unwrap();
    let delivered = Settlement::Delivered { provider: String::new(), provider_message_id: String::new() };
    given.store.settle(message, delivered, at(1), None).await.unwrap();
    let mut asked = ids.clone();
    asked.extend([plain_id, ChallengeId::new(Uuid::from_u128(7))]);
    let found = given.store.standings(&asked).await.unwrap();
    assert_eq!(found.len(), 71, "each once, and none that never was");
    let of = |id| found.iter().find(|(found, _)| *found == id).unwrap().1;
    let pending =
        Standing { used: false, link: Some(LinkState::Pending), expire_time: at(900), delivery: DeliveryState::Queued };
    assert_eq!(of(ids[0]), pending);
    assert_eq!(of(ids[1]), Standing { used: true, link: Some(LinkState::Rejected), ..pending });
    assert_eq!(of(plain_id), Standing { link: None, expire_time: at(300), delivery: DeliveryState::Sent, ..pending });
    // A further message is the one that is told of.
    let again = NewCode { code: code("second", at(30)), ..further(plain_id, "second", at(30)) };
    let message = again.message.message_id;
    given.store.add_code(again).await.unwrap();
    let told = async || given.store.standings(&[plain_id]).await.unwrap()[0].1.delivery;
    assert_eq!(told().await, DeliveryState::Queued);
    given.store.settle(message, Settlement::Retry { due_time: at(40), unanswered: 0 }, at(31), None).await.unwrap();
    assert_eq!(told().await, DeliveryState::Queued);
    given.store.settle(message, Settlement::Dropped { reason: "EXPIRED" }, at(41), None).await.unwrap();
    assert_eq!(told().await, DeliveryState::Bounced);
    given.store.sweep(at(1).after(Duration::from_hours(25))).await.unwrap();
    assert!(given.store.standings(&asked).await.unwrap().is_empty());
}
