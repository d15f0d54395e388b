//! Listing and ending sessions, and the feed of what was ended.

use super::{
    Given,
    given::{NOW, answer, at, event, rotation, sealed},
    on_both,
};
use identity::{
    domain::{
        answer::RecordedAnswer,
        audit::Act,
        id::{SessionId, UserId},
        revocation::{FeedPlace, Revocation},
        session::Session,
        time::Timestamp,
    },
    ports::store::{CountedAnswer, EndOthersOutcome, KnownAnswer, SignOutOutcome},
};
use std::time::Duration;
use uuid::Uuid;

on_both!(
    one_session_ends_once,
    nobody_ends_anothers_session,
    all_others_end,
    all_others_end_once_under_a_request_id,
    all_end_each_with_its_event,
    a_token_ends_its_session,
    no_session_ends_nothing,
    of_an_ended_session_an_access_token_still_ends_all,
    a_replaced_token_is_told_in_the_log,
    sessions_come_newest_first_by_pages,
    what_is_over_is_not_listed,
    the_feed_tells_all_of_a_moment,
    the_feed_tells_from_a_time_on,
);

async fn three(given: &Given) -> [Session; 3] {
    [
        given.signed_in("ada@example.com", NOW).await,
        given.signed_in("ada@example.com", at(1)).await,
        given.signed_in("ada@example.com", at(2)).await,
    ]
}

async fn end(given: &Given, user: UserId, session: SessionId, seconds: u64) -> Vec<SessionId> {
    let time = at(seconds);
    given.store.end_session(user, session, time, event(time, Act::SessionRevoked)).await.unwrap()
}

/// Ends all others than `kept`, under the request id `answer` where there is one.
async fn end_others(
    given: &Given,
    user: UserId,
    kept: SessionId,
    seconds: u64,
    request: Option<&'static str>,
) -> Option<Vec<SessionId>> {
    let time = at(seconds);
    let counted = |request: &'static str| -> CountedAnswer {
        Box::new(move |count| {
            let body = sealed(&format!("{count}"));
            Ok(RecordedAnswer { body, ..answer("id", request, time) })
        })
    };
    let done = event(time, Act::SessionRevoked);
    match given.store.end_others(user, kept, time, done, request.map(counted)).await.unwrap() {
        EndOthersOutcome::Ended(mut ended) => {
            ended.sort();
            Some(ended)
        }
        EndOthersOutcome::AlreadyAnswered => None,
    }
}

async fn listed(given: &Given, user: UserId) -> Vec<SessionId> {
    let page = given.store.sessions(user, None, 100, at(10)).await.unwrap();
    let mut ids: Vec<_> = page.sessions.iter().map(|session| session.session_id).collect();
    ids.sort();
    ids
}

fn sorted(sessions: &[&Session]) -> Vec<SessionId> {
    let mut ids: Vec<_> = sessions.iter().map(|session| session.session_id).collect();
    ids.sort();
    ids
}

async fn revoked(given: &Given) -> Vec<(Option<Uuid>, Option<Uuid>)> {
    let events = given.inspect.events().await;
    events.into_iter().filter(|event| event.act == "session.revoked").map(|e| (e.user_id, e.session_id)).collect()
}

async fn one_session_ends_once(given: &Given) {
    let [a, b, c] = three(given).await;
    assert_eq!(end(given, b.user_id, b.session_id, 5).await, [b.session_id]);
    assert_eq!(end(given, b.user_id, b.session_id, 6).await, []);
    assert_eq!(listed(given, a.user_id).await, sorted(&[&a, &c]));
    assert_eq!(revoked(given).await, [(Some(b.user_id.uuid()), Some(b.session_id.uuid()))]);
    let feed = given.revocations(NOW).await;
    assert_eq!(feed, [Revocation { session_id: b.session_id, revoke_time: at(5) }]);
}

async fn nobody_ends_anothers_session(given: &Given) {
    let ada = given.signed_in("ada@example.com", NOW).await;
    let bob = given.signed_in("bob@example.com", NOW).await;
    assert_eq!(end(given, bob.user_id, ada.session_id, 5).await, []);
    let nobody = UserId::new(Uuid::from_u128(7));
    assert_eq!(end_others(given, nobody, ada.session_id, 5, None).await, Some(Vec::new()));
    assert_eq!(listed(given, ada.user_id).await, [ada.session_id]);
    assert!(revoked(given).await.is_empty());
}

async fn all_others_end(given: &Given) {
    let [a, b, c] = three(given).await;
    assert_eq!(end_others(given, a.user_id, b.session_id, 5, None).await, Some(sorted(&[&a, &c])));
    assert_eq!(listed(given, a.user_id).await, [b.session_id]);
}

async fn all_others_end_once_under_a_request_id(given: &Given) {
    let [a, b, c] = three(given).await;
    let known = async |request| given.store.answer(&answer("id", request, NOW).key, at(6)).await.unwrap();
    assert_eq!(end_others(given, a.user_id, b.session_id, 5, Some("mine")).await, Some(sorted(&[&a, &c])));
    let KnownAnswer::Same(body) = known("mine").await else { panic!() };
    assert_eq!(body, sealed("2"), "how many it was in the end");
    let newer = given.signed_in("ada@example.com", at(6)).await;
    for request in ["mine", "another"] {
        assert_eq!(end_others(given, a.user_id, b.session_id, 6, Some(request)).await, None, "{request}");
    }
    assert!(matches!(known("another").await, KnownAnswer::Different));
    assert_eq!(listed(given, a.user_id).await, sorted(&[&b, &newer]));
    assert_eq!(revoked(given).await.len(), 2);
}

async fn all_end_each_with_its_event(given: &Given) {
    let [a, b, c] = three(given).await;
    let stranger = given.signed_in("bob@example.com", NOW).await;
    let done = event(at(5), Act::SessionRevoked);
    let outcome = given.store.sign_out(b.session_id, Some(0), true, at(5), done).await.unwrap();
    let SignOutOutcome::Ended(mut ended) = outcome else { panic!("{outcome:?}") };
    ended.sort();
    assert_eq!(ended, sorted(&[&a, &b, &c]));
    assert_eq!(listed(given, a.user_id).await, []);
    assert_eq!(listed(given, stranger.user_id).await, [stranger.session_id]);
    let mut events = revoked(given).await;
    events.sort();
    let wanted: Vec<_> = sorted(&[&a, &b, &c]).iter().map(|id| (Some(a.user_id.uuid()), Some(id.uuid()))).collect();
    assert_eq!(events, wanted);
}

async fn a_token_ends_its_session(given: &Given) {
    let [a, b, _] = three(given).await;
    let out = |seconds| {
        let done = event(at(seconds), Act::SessionRevoked);
        given.store.sign_out(a.session_id, Some(0), false, at(seconds), done)
    };
    assert_eq!(out(5).await.unwrap(), SignOutOutcome::Ended(vec![a.session_id]));
    assert_eq!(out(6).await.unwrap(), SignOutOutcome::Ended(vec![a.session_id]), "whoever asks again is told the same");
    assert!(listed(given, a.user_id).await.contains(&b.session_id));
    assert_eq!(revoked(given).await.len(), 1);
}

async fn no_session_ends_nothing(given: &Given) {
    let a = given.signed_in("ada@example.com", NOW).await;
    let done = event(at(5), Act::SessionRevoked);
    let strange = SessionId::new(Uuid::from_u128(7));
    assert_eq!(given.store.sign_out(strange, Some(0), true, at(5), done).await.unwrap(), SignOutOutcome::Unknown);
    assert_eq!(listed(given, a.user_id).await, [a.session_id]);
    assert!(revoked(given).await.is_empty());
}

async fn of_an_ended_session_an_access_token_still_ends_all(given: &Given) {
    let [a, b, c] = three(given).await;
    end(given, a.user_id, a.session_id, 4).await;
    let out =
        |refreshed, all| given.store.sign_out(a.session_id, refreshed, all, at(5), event(at(5), Act::SessionRevoked));
    for (refreshed, all) in [(Some(0), true), (Some(0), false), (None, false)] {
        assert_eq!(out(refreshed, all).await.unwrap(), SignOutOutcome::Ended(vec![a.session_id]));
    }
    let SignOutOutcome::Ended(mut ended) = out(None, true).await.unwrap() else { panic!() };
    ended.sort();
    assert_eq!(ended, sorted(&[&b, &c]));
}

async fn a_replaced_token_is_told_in_the_log(given: &Given) {
    for refreshed in [Some(2), Some(1), Some(0), None] {
        let session = given.signed_in("ada@example.com", NOW).await;
        for counter in 0..2 {
            given.store.rotate(rotation(session.session_id, counter, at(1))).await.unwrap();
        }
        let done = event(at(5), Act::SessionRevoked);
        given.store.sign_out(session.session_id, refreshed, false, at(5), done).await.unwrap();
        let acts = given.inspect.acts().await;
        let replaced = acts.iter().filter(|act| *act == "session.revoked REPLACED_TOKEN").count();
        assert_eq!(replaced, usize::from(refreshed.is_none_or(|counter| counter == 0)), "{refreshed:?}");
    }
}

async fn sessions_come_newest_first_by_pages(given: &Given) {
    let mut wanted = Vec::new();
    for seconds in 0..5 {
        wanted.push(given.signed_in("ada@example.com", at(seconds)).await);
    }
    wanted.sort_by_key(|session| std::cmp::Reverse(session.session_id));
    let user = wanted[0].user_id;
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let page = given.store.sessions(user, before, 2, at(10)).await.unwrap();
        assert!(page.sessions.len() <= 2);
        before = page.sessions.last().map(|session| session.session_id);
        found.extend(page.sessions);
        if !page.more {
            break;
        }
    }
    assert_eq!(format!("{found:?}"), format!("{wanted:?}"));
    let page = given.store.sessions(user, None, 5, at(10)).await.unwrap();
    assert_eq!((page.sessions.len(), page.more), (5, false));
}

async fn what_is_over_is_not_listed(given: &Given) {
    let a = given.signed_in("ada@example.com", NOW).await;
    let last = a.idle_expire_time.before(Duration::from_micros(1));
    assert_eq!(given.store.sessions(a.user_id, None, 10, last).await.unwrap().sessions.len(), 1);
    assert_eq!(given.store.sessions(a.user_id, None, 10, a.idle_expire_time).await.unwrap().sessions.len(), 0);
    // Idle too long, but an access token of its last minutes may still be good: it can be ended.
    let now = a.idle_expire_time;
    let done = event(now, Act::SessionRevoked);
    let SignOutOutcome::Ended(ended) = given.store.sign_out(a.session_id, Some(0), true, now, done).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(ended, [a.session_id]);
}

impl Given {
    /// What was revoked at or after `since`, read by pages of two.
    pub(crate) async fn revocations(&self, since: Timestamp) -> Vec<Revocation> {
        let (mut all, mut place) = (Vec::new(), FeedPlace::before(since));
        loop {
            let page = self.store.revocations(place, 2).await.unwrap();
            assert!(page.len() <= 2);
            all.extend_from_slice(&page);
            match page.as_slice() {
                [_, last] => place = FeedPlace::behind(last),
                _ => return all,
            }
        }
    }
}

/// However many ended at the same moment, each is told once, wherever a page ends.
async fn the_feed_tells_all_of_a_moment(given: &Given) {
    let mut expected = Vec::new();
    for nth in 0..7 {
        let session = given.signed_in(&format!("user{nth}@example.com"), NOW).await;
        // Six of them at one moment, and one before.
        let seconds = if nth == 3 { 4 } else { 5 };
        end(given, session.user_id, session.session_id, seconds).await;
        expected.push((at(seconds), session.session_id));
    }
    expected.sort_by_key(|(time, session)| (*time, *session.bytes()));
    let told: Vec<_> = given.revocations(NOW).await.iter().map(|one| (one.revoke_time, one.session_id)).collect();
    assert_eq!(told, expected);
}

async fn the_feed_tells_from_a_time_on(given: &Given) {
    let [a, b, c] = three(given).await;
    for (session, seconds) in [(&b, 5), (&a, 6), (&c, 7)] {
        end(given, a.user_id, session.session_id, seconds).await;
    }
    let ids = async |since| {
        let feed = given.revocations(since).await;
        feed.into_iter().map(|revocation| revocation.session_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(NOW).await, [b.session_id, a.session_id, c.session_id]);
    assert_eq!(ids(at(6)).await, [a.session_id, c.session_id]);
    assert_eq!(ids(at(6).after(Duration::from_micros(1))).await, [c.session_id]);
    assert_eq!(ids(at(8)).await, []);
}
