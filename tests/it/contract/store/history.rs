//! What operators read: bounded, by key, newest first.

use super::{
    Given,
    given::{NOW, at, event, identifier},
    on_both,
};
use identity::domain::{
    audit::{Act, Actor, AuditEvent, Outcome, Subject},
    id::EventId,
    session::Origin,
    simulation::{Past, Rule},
};
use identity::ports::store::Lockout;
use std::net::IpAddr;
use uuid::Uuid;

on_both!(
    refusals_are_read_by_key_newest_first,
    a_lockout_is_read_as_it_was_charged,
    by_an_index,
    the_log_is_read_page_by_page,
);

fn refused(seconds: u64, whom: &str, from: &str, reason: &'static str) -> AuditEvent {
    let mut event = event(at(seconds), Act::CodeSent).failed(reason);
    event.identifier_key = Some(identifier(whom));
    event.origin = Origin { address: Some(from.parse().unwrap()), trace_id: String::new() };
    event
}

async fn refusals_are_read_by_key_newest_first(given: &Given) {
    let (ada, here): (_, IpAddr) = (Subject::Identifier(identifier("ada")), "2001:db8::7".parse().unwrap());
    let mut success = refused(4, "ada", "2001:db8::7", "");
    success.outcome = Outcome::Success;
    let mut of_an_operator = refused(5, "ada", "2001:db8::7", "NOT_FOUND");
    of_an_operator.actor = Actor::Operator;
    let mut shadowed = refused(3, "ada", "192.0.2.1", "RATE_LIMITED_ADDRESS");
    (shadowed.act, shadowed.outcome) = (Act::RefusalShadowed, Outcome::WouldRefuse);
    let events = [
        refused(1, "ada", "2001:db8::7", "FIRST"),
        refused(2, "noa", "2001:db8::7", "SECOND"),
        shadowed,
        success,
        of_an_operator,
        refused(6, "ada", "2001:db8::7", "LAST"),
    ];
    for event in &events {
        given.store.record(event).await.unwrap();
    }
    let reasons = async |subject, since, limit| {
        let found = given.store.refusals(subject, since, limit).await.unwrap();
        found.into_iter().map(|one| one.reason).collect::<Vec<_>>()
    };
    assert_eq!(reasons(ada, NOW, 10).await, ["LAST", "RATE_LIMITED_ADDRESS", "FIRST"]);
    assert_eq!(reasons(ada, at(3), 10).await, ["LAST", "RATE_LIMITED_ADDRESS"], "the first moment is in");
    assert_eq!(reasons(ada, NOW, 1).await, ["LAST"]);
    assert_eq!(reasons(Subject::Address(here), NOW, 10).await, ["LAST", "SECOND", "FIRST"]);
    assert!(reasons(Subject::Identifier(identifier("nobody")), NOW, 10).await.is_empty());
    let told = given.store.refusals(ada, NOW, 2).await.unwrap();
    assert_eq!((told[0].event_id, told[0].time, told[0].act.as_str()), (events[5].event_id, at(6), "code.sent"));
    assert_eq!((told[0].shadowed, told[1].shadowed), (false, true));
}

async fn a_lockout_is_read_as_it_was_charged(given: &Given) {
    let key = identifier("ada@example.com");
    assert_eq!(given.store.lockout(key).await.unwrap(), Lockout::default());
    let id = given.begun("ada@example.com", NOW).await;
    for failures in 1..=3 {
        given.charged(id, at(failures.into())).await;
        let lockout = given.store.lockout(key).await.unwrap();
        let until = (failures == 3).then(|| at(3 + 300));
        assert_eq!((lockout.consecutive_failures, lockout.locked_until), (failures, until));
    }
}

async fn by_an_index(given: &Given) {
    let texts: Vec<(&str, &str)> = match given.engine {
        super::Engine::Sqlite => identity::adapters::sql::SqliteStore::texts().collect(),
        super::Engine::Postgres => identity::adapters::sql::PostgresStore::texts().collect(),
    };
    for (name, index) in [
        ("REFUSALS_OF_IDENTIFIER", "audit_refusals_by_identifier"),
        ("REFUSALS_OF_ADDRESS", "audit_refusals_by_address"),
    ] {
        let text = texts.iter().find(|(one, _)| *one == name).unwrap().1;
        let plan = given.inspect.plan(text).await;
        assert!(plan.contains(index), "{name}: {plan}");
    }
}

async fn the_log_is_read_page_by_page(given: &Given) {
    let mut ids = Vec::new();
    for minute in 0..25 {
        let time = at(60 * minute);
        let mut event = refused(60 * minute, "ada", "192.0.2.1", "RATE_LIMITED_ADDRESS");
        // As the service makes ids: in the order of time.
        let id = EventId::first_at(time).uuid().as_u128() + 7;
        event.event_id = EventId::new(Uuid::from_u128(id));
        if minute % 2 == 1 {
            event.act = Act::TokenRefreshed;
        }
        given.store.record(&event).await.unwrap();
        ids.push(event.event_id);
    }
    let (mut after, mut found, mut pages) = (Some(EventId::first_at(at(60))), Vec::new(), 0);
    while let Some(from) = after {
        let page = given.store.requests(from, 10).await.unwrap();
        assert_eq!(page.events, if pages < 2 { 10 } else { 4 });
        found.extend(page.requests);
        (after, pages) = (page.last, pages + 1);
    }
    assert_eq!(pages, 3);
    let times: Vec<_> = found.iter().map(|request| request.time).collect();
    assert_eq!(times, (1..=12).map(|minute| at(120 * minute)).collect::<Vec<_>>(), "from the second minute on");
    let request = &found[0];
    assert_eq!(request.what, Past::Limited(Some(Rule::Address)));
    assert_eq!((request.identifier, request.address), (Some(identifier("ada")), Some("192.0.2.1".parse().unwrap())));
    assert_eq!(given.store.requests(ids[24], 10).await.unwrap().events, 0);
}
