//! A110: whoever earns by text messages asks for many codes, to numbers that lie close together, of countries or kinds
//! that pay well, and uses few of them. The answers stay the same, and nothing is sent.

use std::time::Duration;

use identity::grpc::proto::explain_limits_request::Identifier as Explained;
use identity::grpc::proto::{Challenge, ExplainLimitsRequest, ResendOtpRequest};
use toml::{Table, Value};

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{Client, operator};
use crate::support::settings::Settings;
use crate::support::wait;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    a110_sequential_numbers,
    a110_countries_and_kinds_that_are_not_served,
    a110_a_day_costs_no_more_than_its_budget,
    a110_codes_that_nobody_uses,
    a110_resends_are_messages_too,
    a110_notices_are_messages_too,
    a110_in_shadow_it_is_only_told,
);

/// Sixty text messages a minute pass the limits of requests, so that only `[sms]` is in the way.
fn open(settings: &mut Settings) {
    settings.offer_sms();
    for layer in ["identifier", "address", "all"] {
        settings.limit(layer, 10_000, 60);
    }
}

fn window(limit: i64) -> Vec<Value> {
    let figures = [("limit".to_owned(), Value::from(limit)), ("seconds".to_owned(), Value::from(3600))];
    vec![Value::Table(Table::from_iter(figures))]
}

/// German mobile numbers that differ in their last four digits.
fn neighbour(nth: u32) -> String {
    format!("+4917612345{nth:02}")
}

/// Numbers of which no two are neighbours.
fn stranger(nth: u32) -> String {
    format!("+49176{:03}4567", 200 + nth)
}

/// How many messages were sent, once all that were accepted are.
async fn sent(world: &World) -> usize {
    wait::until("nothing waits to be sent", Duration::from_secs(20), async || {
        (world.number("SELECT COUNT(*) FROM outbox WHERE settle_time IS NULL").await == 0).then_some(())
    })
    .await;
    world.server.mailbox().all().len()
}

/// What an answer looks like, whatever its values.
fn shape(challenge: &Challenge) -> [bool; 7] {
    [
        challenge.challenge_id.len() == 36,
        challenge.binding_secret.len() == 43,
        challenge.masked_destination.starts_with('+') && challenge.masked_destination.contains('*'),
        challenge.code_length == 6,
        challenge.attempts_remaining == 5,
        challenge.expire_time.is_some() && challenge.resend_time.is_some(),
        challenge.match_number.is_empty(),
    ]
}

async fn ask(client: &Client, number: &str) -> Challenge {
    let challenge = client.send_sms(number).await.unwrap_or_else(|refusal| panic!("{number}: {refusal:?}"));
    assert_eq!(shape(&challenge), [true; 7], "{number}: {challenge:?}");
    challenge
}

async fn a110_sequential_numbers(store: Store) {
    let world = World::with(store, |settings| {
        open(settings);
        settings.policy("sms.prefix", window(3));
    })
    .await;
    let client = world.server.client().await;
    for nth in 0..10 {
        ask(&client, &neighbour(nth)).await;
    }
    assert_eq!(sent(&world).await, 3);
    // Somebody elsewhere is served meanwhile.
    ask(&client, &stranger(1)).await;
    assert_eq!(sent(&world).await, 4);
    let audit = world.audit().await;
    assert_eq!(audit.count("code.withheld", "SMS_PREFIX_BUDGET"), 7);
    assert_eq!((audit.count("sms.stopped", "SMS_PREFIX_BUDGET"), audit.total("code.sent")), (1, 4));
    assert_eq!(world.server.log().lines_with("text messages are kept back").len(), 1, "one alarm");
    // An operator who asks why learns it.
    let about = ExplainLimitsRequest { identifier: Some(Explained::PhoneNumber(neighbour(9))), ..Default::default() };
    let token = world.server.admin_token();
    let told = world.server.admin().await.admin().explain_limits(operator(about, &token)).await.unwrap().into_inner();
    let why: Vec<_> = told.refusals.iter().map(|one| (one.act.as_str(), one.reason.as_str())).collect();
    assert_eq!(why, [("code.withheld", "SMS_PREFIX_BUDGET")]);
    for event in audit.0.iter().filter(|event| event.act == "code.withheld") {
        assert_eq!((event.outcome.as_str(), event.actor.as_str()), ("failure", "person"));
    }
}

async fn a110_countries_and_kinds_that_are_not_served(store: Store) {
    let world = World::with(store, |settings| {
        open(settings);
        settings.policy("sms.countries", vec!["DE", "FR"]);
    })
    .await;
    let client = world.server.client().await;
    // Great Britain; Jamaica, which shares +1; a German number of the premium kind; one by satellite.
    for number in ["+447400123456", "+18762345678", "+499001234567", "+881612345678"] {
        ask(&client, number).await;
    }
    ask(&client, &stranger(1)).await;
    ask(&client, "+33612345678").await;
    assert_eq!(sent(&world).await, 2);
    let audit = world.audit().await;
    assert_eq!(audit.count("code.withheld", "SMS_COUNTRY_NOT_ALLOWED"), 3);
    assert_eq!(audit.count("code.withheld", "SMS_NUMBER_TYPE_REFUSED"), 1);
    assert_eq!(audit.total("sms.stopped"), 0, "nothing is spent");
}

async fn a110_a_day_costs_no_more_than_its_budget(store: Store) {
    let world = World::with(store, |settings| {
        open(settings);
        settings.policy("sms.daily_budget", "1");
        settings.policy("sms.price", "0.1");
        let dear = [("country".to_owned(), Value::from("FR")), ("price".to_owned(), Value::from("0.45"))];
        settings.policy("sms.prices", vec![Value::Table(Table::from_iter(dear))]);
    })
    .await;
    let client = world.server.client().await;
    for nth in 0..5 {
        ask(&client, &format!("+336123{nth}5678")).await;
    }
    for nth in 0..5 {
        ask(&client, &stranger(nth)).await;
    }
    // Two to France leave room for one to Germany.
    assert_eq!(sent(&world).await, 3);
    let audit = world.audit().await;
    assert_eq!((audit.count("code.withheld", "SMS_MONEY_BUDGET"), audit.total("sms.stopped")), (7, 1));
}

async fn a110_codes_that_nobody_uses(store: Store) {
    let world = World::with_clock_and(store, |settings| {
        open(settings);
        settings.policy("sms.unused_least", 10);
    })
    .await;
    let client = world.server.client().await;
    for nth in 0..10 {
        ask(&client, &stranger(nth)).await;
    }
    assert_eq!(sent(&world).await, 10);
    // As long as the codes may yet be used nothing is concluded; then the network that asked gets no more.
    ask(&client, &stranger(50)).await;
    assert_eq!(sent(&world).await, 11);
    world.advance(Duration::from_mins(16));
    ask(&client, &stranger(51)).await;
    assert_eq!(sent(&world).await, 11);
    let audit = world.audit().await;
    assert_eq!((audit.count("code.withheld", "SMS_UNUSED_NETWORK"), audit.total("sms.stopped")), (1, 1));
    // It ends by itself when what was looked back on has passed; and people who sign in are not stopped.
    world.advance(Duration::from_mins(90));
    for nth in 60..70 {
        let number = stranger(nth);
        let challenge = ask(&client, &number).await;
        if nth % 3 == 0 {
            let code = world.server.mailbox().wait_for(&number, 1).await.code().unwrap();
            client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
        }
    }
    world.advance(Duration::from_mins(16));
    let before = sent(&world).await;
    ask(&client, &stranger(80)).await;
    assert_eq!(sent(&world).await, before + 1);
}

async fn a110_resends_are_messages_too(store: Store) {
    let world = World::with_clock_and(store, |settings| {
        open(settings);
        settings.policy("sms.prefix", window(2));
    })
    .await;
    let client = world.server.client().await;
    let challenge = ask(&client, &neighbour(1)).await;
    for _ in 0..3 {
        world.advance(Duration::from_secs(31));
        let resend = ResendOtpRequest { challenge_id: challenge.challenge_id.clone(), ..ResendOtpRequest::default() };
        let again = client.identity().resend_otp(resend).await.unwrap().into_inner().challenge.unwrap();
        assert_eq!(again.challenge_id, challenge.challenge_id);
    }
    assert_eq!(sent(&world).await, 2);
    assert_eq!(world.audit().await.count("code.withheld", "SMS_PREFIX_BUDGET"), 2);
}

async fn a110_in_shadow_it_is_only_told(store: Store) {
    let world = World::with(store, |settings| {
        open(settings);
        settings.policy("sms.prefix", window(1));
        settings.policy("sms.mode", "shadow");
    })
    .await;
    let client = world.server.client().await;
    for nth in 0..3 {
        ask(&client, &neighbour(nth)).await;
    }
    assert_eq!(sent(&world).await, 3);
    let audit = world.audit().await;
    assert_eq!((audit.count("refusal.shadowed", "SMS_PREFIX_BUDGET"), audit.total("code.withheld")), (2, 0));
}

/// Wrong codes lock a number, and the person is told by text message: that must not be a way around the rules.
async fn a110_notices_are_messages_too(store: Store) {
    let world = World::with(store, |settings| {
        open(settings);
        settings.policy("sms.countries", vec!["DE"]);
        settings.policy("sms.prefix", window(2));
    })
    .await;
    let client = world.server.client().await;
    for number in ["+447400123456", "+499001234567", &neighbour(1), &neighbour(2)] {
        let challenge = ask(&client, number).await;
        for _ in 0..3 {
            // One in a million is right.
            let refusal = client.verify_otp(&challenge.challenge_id, "000000").await.unwrap_err();
            assert_eq!(refusal.reason, "CODE_INVALID", "run again");
        }
        sent(&world).await;
    }
    // A code and a notice to the first neighbour; nothing is left for the second.
    assert_eq!(sent(&world).await, 2);
    let audit = world.audit().await;
    assert_eq!(audit.total("identifier.locked"), 4);
    let dropped = |reason: &str| audit.count("message.dropped", reason);
    assert_eq!(
        (dropped("SMS_COUNTRY_NOT_ALLOWED"), dropped("SMS_NUMBER_TYPE_REFUSED"), dropped("SMS_PREFIX_BUDGET")),
        (1, 1, 1)
    );
}
