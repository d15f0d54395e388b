//! How many statements each step sends. On PostgreSQL each is a round trip: the hot paths have one.

use super::{
    Given,
    given::{
        NOW, an_attempt, answer, at, challenge, completion, digest, event, further, identifier, linked_challenge,
        notice, rotation,
    },
    on_both,
};
use identity::{
    adapters::sql::{PostgresStore, SqliteStore},
    domain::{audit::Act, device_token::KnownDevice, link::LinkState, policy::SecurityEvent, receipt::Receipt},
    ports::store::{
        Approval, Attempt, ChargeOutcome, FailedAttempt, NewReceipt, NewSuppression, RotationOutcome, Settlement,
        SignIn, SignInOutcome,
    },
};
use std::time::Duration;

on_both!(every_statement_is_prepared, steps_send_as_many_as_they_may);

async fn every_statement_is_prepared(given: &Given) {
    let texts: Vec<_> = match given.engine {
        super::Engine::Sqlite => SqliteStore::texts().collect(),
        super::Engine::Postgres => PostgresStore::texts().collect(),
    };
    assert!(texts.len() > 30);
    for (name, text) in texts {
        if let Err(error) = given.inspect.prepare(text).await {
            panic!("{name}: {error}\n{text}");
        }
    }
}

async fn steps_send_as_many_as_they_may(given: &Given) {
    let at_most = |name: &str, postgres: u64, sqlite: u64, before: u64| {
        let sent = (given.statements)() - before;
        let wanted = if given.engine == super::Engine::Postgres { postgres } else { sqlite };
        assert_eq!(sent, wanted, "{name}");
    };
    macro_rules! counted {
        ($name:literal, $postgres:literal, $sqlite:literal, $step:expr) => {{
            let before = (given.statements)();
            let done = $step.await.unwrap();
            at_most($name, $postgres, $sqlite, before);
            done
        }};
    }
    let store = &given.store;
    let mut new = challenge("ada@example.com", NOW);
    new.answer = Some(answer("request", "SendOtp", NOW));
    let (id, message) = (new.challenge.scope.challenge_id, new.message.message_id);
    counted!("begin_challenge", 1, 6, store.begin_challenge(new));
    counted!("challenge", 1, 1, store.challenge(id));
    counted!("add_code", 6, 6, store.add_code(further(id, "second", at(30))));
    let attempt = given.charged(id, at(31)).await;
    counted!(
        "charge_attempt",
        1,
        7,
        store.charge_attempt(an_attempt(id, at(31), &identity::domain::lockout::Ladder::default()))
    );
    let failed = vec![event(at(31), Act::CodeVerified).failed("CODE_INVALID"), event(at(31), Act::IdentifierLocked)];
    counted!(
        "record_failure",
        1,
        4,
        store.record_failure(FailedAttempt { events: failed, notice: None, pardon: None })
    );
    let sign_in = completion(&attempt, at(32));
    let session = sign_in.session.clone();
    let outcome = counted!("complete_sign_in", 1, 11, store.complete_sign_in(sign_in));
    assert_eq!(outcome, SignInOutcome::SignedIn);
    let outcome = counted!("rotate", 1, 7, store.rotate(rotation(session.session_id, 0, at(33))));
    assert!(matches!(outcome, RotationOutcome::Rotated(_)));
    let outcome = counted!("repeat", 7, 6, store.rotate(rotation(session.session_id, 0, at(34))));
    assert!(matches!(outcome, RotationOutcome::Repeated(_)));
    let linked = linked_challenge("bob@example.com", at(34));
    let linked_id = linked.challenge.scope.challenge_id;
    counted!("begin_challenge with a link", 5, 5, store.begin_challenge(linked));
    counted!("standings", 1, 1, store.standings(&[id, linked_id]));
    let attempt = given.charged(linked_id, at(34)).await;
    let approval = Approval {
        challenge_id: linked_id,
        counter_key: attempt.counter_key,
        now: at(34),
        event: event(at(34), Act::LinkApproved),
        answer: None,
    };
    counted!("approve_link", 6, 6, store.approve_link(approval));
    let by_link = SignIn { link: Some(LinkState::Approved), ..completion(&attempt, at(34)) };
    counted!("complete_sign_in by a link", 1, 11, store.complete_sign_in(by_link));
    counted!("answer", 1, 1, store.answer(&answer("request", "", NOW).key, at(1)));
    counted!("user", 1, 1, store.user(session.user_id));
    counted!("sessions", 1, 1, store.sessions(session.user_id, None, 10, at(34)));
    counted!("revocations", 1, 1, store.revocations(identity::domain::revocation::FeedPlace::before(at(34)), 1000));
    counted!("claim", 1, 3, store.claim(10, at(34), Duration::from_mins(1)));
    let settled = Some(event(at(35), Act::MessageDropped));
    counted!("settle", 1, 4, store.settle(message, Settlement::Dropped { reason: "UNANSWERED" }, at(35), settled));
    counted!("record", 1, 3, store.record(&event(at(35), Act::OperatorRefused)));
    let receipt = |receipt: Receipt| NewReceipt {
        message_id: message,
        receipt,
        provider: String::new(),
        now: at(35),
        event: event(at(35), Act::ReceiptTaken),
        suppression: receipt.suppresses().map(|cause| NewSuppression {
            cause,
            expire_time: at(1000),
            event: event(at(35), Act::AddressSuppressed),
        }),
    };
    counted!("take_receipts", 1, 4, store.take_receipts(vec![receipt(Receipt::Delivered)]));
    counted!("take_receipts of a bounce", 1, 6, store.take_receipts(vec![receipt(Receipt::Bounced)]));
    let key = identifier("ada@example.com");
    assert!(counted!("suppression", 1, 1, store.suppression(key, at(36))).is_some());
    counted!("suppressions_after", 1, 1, store.suppressions_after((NOW, key), 10));
    counted!("ping", 1, 1, store.ping());
    let done = event(at(36), Act::SessionRevoked);
    counted!("end_session", 6, 6, store.end_session(session.user_id, session.session_id, at(36), done));
    let (others, done) = (given.signed_in("ada@example.com", at(36)).await, event(at(36), Act::SessionRevoked));
    counted!("end_others", 6, 6, store.end_others(others.user_id, session.session_id, at(36), done, None));
    let done = event(at(37), Act::SessionRevoked);
    counted!("sign_out", 5, 5, store.sign_out(session.session_id, Some(0), false, at(37), done));
}

/// Five come while the first is under way. Were the places that their batch does not fill taken for rows, the database would
/// refuse it, and each would be tried alone.
#[tokio::test]
async fn a_batch_is_one_statement() {
    let given = Given::on(super::Engine::Postgres).await;
    let before = (given.statements)();
    let begun = (0..6).map(|n| given.store.begin_challenge(challenge(&format!("person{n}@example.com"), NOW)));
    for begun in futures_util::future::join_all(begun).await {
        begun.unwrap();
    }
    let sent = (given.statements)() - before;
    assert!(sent <= 4, "{sent} statements");
    assert_eq!(given.inspect.count("challenges").await, 6);
}

/// What is simple is one statement. What is not costs a second one, which tells why; the first has written nothing then.
#[tokio::test]
async fn what_is_not_simple_is_asked_twice() {
    let given = Given::on(super::Engine::Postgres).await;
    let store = &given.store;
    let begun = async |now| {
        let new = challenge("ada@example.com", now);
        let id = new.challenge.scope.challenge_id;
        store.begin_challenge(new).await.unwrap();
        id
    };
    let ladder = identity::domain::lockout::Ladder::default();
    let sent = (given.statements)();
    let first = given.charged(begun(NOW).await, at(1)).await;
    let sign_in = completion(&first, at(1));
    let device =
        KnownDevice { identifier_key: sign_in.identifier_key, device_key: sign_in.device_key, issue_time: at(1) };
    assert_eq!(store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::SignedIn);
    assert_eq!((given.statements)() - sent, 3, "begun, charged, signed in for the first time");
    let attempt =
        Attempt { device: Some((device, digest("own counter"))), ..an_attempt(begun(at(1)).await, at(1), &ladder) };
    let linked = linked_challenge("ada@example.com", at(1));
    let by_code = an_attempt(linked.challenge.scope.challenge_id, at(1), &ladder);
    store.begin_challenge(linked).await.unwrap();
    let by_known = Attempt { device: attempt.device, ..by_code.clone() };
    let sent = (given.statements)();
    for attempt in [by_code, by_known] {
        let charged = store.charge_attempt(attempt).await.unwrap();
        assert!(matches!(charged, ChargeOutcome::Charged(attempt) if attempt.challenge.link.is_some()));
    }
    assert_eq!((given.statements)() - sent, 2, "the code beside a link");
    let sent = (given.statements)();
    let ChargeOutcome::Charged(of_known) = store.charge_attempt(attempt).await.unwrap() else { panic!("not charged") };
    let told = SignIn { notice: Some(notice(SecurityEvent::NewDevice, at(1))), ..completion(&of_known, at(1)) };
    assert_eq!(store.complete_sign_in(told).await.unwrap(), SignInOutcome::SignedIn);
    assert_eq!((given.statements)() - sent, 2, "a known device charged, signed in and told");
    let sent = (given.statements)();
    let id = begun(at(2)).await;
    let known = given.charged(id, at(3)).await;
    let sign_in = completion(&known, at(3));
    assert_eq!(store.complete_sign_in(sign_in.clone()).await.unwrap(), SignInOutcome::SignedIn);
    assert_eq!((given.statements)() - sent, 3, "begun, charged, signed in");
    let (sent, events) = ((given.statements)(), given.inspect.count("audit_events").await);
    assert_eq!(store.complete_sign_in(sign_in).await.unwrap(), SignInOutcome::Spent);
    let refused = store.charge_attempt(an_attempt(id, at(4), &ladder)).await.unwrap();
    assert!(matches!(refused, ChargeOutcome::Ended(_)), "{refused:?}");
    assert_eq!((given.statements)() - sent, 4);
    assert_eq!(given.inspect.count("audit_events").await, events);
    assert_eq!(given.inspect.count("lockouts").await, 0);
}
