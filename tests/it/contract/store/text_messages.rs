//! Text messages: counted with what they belong to, kept back where a rule stops them, told of once an hour.

use super::{
    Given,
    given::{NOW, at, challenge, digest, event, further},
    on_both,
};
use identity::{
    adapters::system::SystemEntropy,
    domain::{
        audit::Act,
        contact::{Country, NumberKind},
        id::{EventId, MessageId},
        money::Money,
        policy::{Countries, Mode, SmsRules, Template},
        sms::SmsStop,
        time::Timestamp,
        window::Window,
    },
    ports::{
        entropy::Entropy as _,
        store::{BeginOutcome, NewChallenge, ResendOutcome, TextMessage, Withheld},
    },
};
use std::{sync::Arc, time::Duration};

on_both!(
    what_a_rule_stops_is_kept_back_and_told_once_an_hour,
    a_resend_counts_too,
    a_notice_counts_once_and_is_no_code,
    of_many_at_once_exactly_the_budget_goes,
    in_shadow_everything_goes,
    unused_codes_stop_a_network_and_used_ones_do_not,
    money_is_counted_by_country,
    the_sweep_forgets_and_keeps_the_lock,
);

fn rules() -> SmsRules {
    let window = |limit| vec![Window { limit, span: Duration::from_hours(1) }].into();
    SmsRules {
        countries: Countries::Listed(vec![country("DE"), country("FR")]),
        prefix: window(3),
        country: window(100),
        all: window(1000),
        ..(*Template::Standard.rules().sms).clone()
    }
}

fn country(letters: &str) -> Country {
    Country::new(letters).unwrap()
}

fn text(rules: &SmsRules, letters: &str, prefix: &str, network: &str) -> TextMessage {
    TextMessage {
        rules: Arc::new(rules.clone()),
        country: Some(country(letters)),
        kind: NumberKind::Mobile,
        prefix_key: digest(prefix),
        network_key: digest(network),
        further_event_id: EventId::new(SystemEntropy.uuid()),
    }
}

fn sms(who: &str, text: TextMessage, now: Timestamp) -> NewChallenge {
    NewChallenge { text: Some(text), ..challenge(who, now) }
}

fn kept_back(stop: SmsStop, letters: &str, alarm: bool) -> BeginOutcome {
    BeginOutcome::Withheld(Withheld { stop, country: Some(country(letters)), alarm })
}

fn withheld(stop: SmsStop, alarm: bool) -> BeginOutcome {
    kept_back(stop, "DE", alarm)
}

async fn what_a_rule_stops_is_kept_back_and_told_once_an_hour(given: &Given) {
    let rules = rules();
    let ask = async |who: &str, letters: &str, prefix: &str, seconds| {
        let new = sms(who, text(&rules, letters, prefix, "home"), at(seconds));
        let id = new.challenge.scope.challenge_id;
        let outcome = given.store.begin_challenge(new).await.unwrap();
        assert!(given.store.challenge(id).await.unwrap().is_some(), "the answer is of a challenge like any other");
        outcome
    };
    for nth in 0..3 {
        assert_eq!(ask(&format!("{nth}"), "DE", "near", 0).await, BeginOutcome::Begun);
    }
    assert_eq!(ask("4", "DE", "near", 1).await, withheld(SmsStop::PrefixBudget, true));
    assert_eq!(ask("5", "DE", "near", 2).await, withheld(SmsStop::PrefixBudget, false));
    assert_eq!(ask("6", "DE", "far", 2).await, BeginOutcome::Begun);
    assert_eq!(ask("7", "GB", "abroad", 2).await, kept_back(SmsStop::Country, "GB", false));
    // What is kept back counts on nothing: the budget is free again when its messages have left the window.
    assert_eq!(ask("8", "DE", "near", 3600 + 600).await, BeginOutcome::Begun);
    assert_eq!((given.inspect.count("outbox").await, given.inspect.count("challenges").await), (5, 8));
    let events = given.inspect.events().await;
    let of = |act: &str| events.iter().filter(|event| event.act == act).count();
    assert_eq!((of("code.sent"), of("code.withheld"), of("sms.stopped")), (5, 3, 1));
    // The alarm is about nobody: whose request found the budget spent says nothing.
    let about = "SELECT COUNT(*) FROM audit_events WHERE act = 'sms.stopped' AND actor = 'service' \
        AND identifier_key IS NULL AND address IS NULL AND challenge_id IS NULL AND client_id IS NULL";
    assert_eq!(given.inspect.number(about).await, 1);
}

async fn a_resend_counts_too(given: &Given) {
    let rules = rules();
    let new = sms("ada", text(&rules, "DE", "near", "home"), NOW);
    let id = new.challenge.scope.challenge_id;
    given.store.begin_challenge(new).await.unwrap();
    let resend = async |seconds| {
        let mut code = further(id, &format!("{seconds}"), at(seconds));
        code.text = Some(text(&rules, "DE", "near", "home"));
        given.store.add_code(code).await.unwrap()
    };
    assert!(matches!(resend(30).await, ResendOutcome::Added));
    assert!(matches!(resend(60).await, ResendOutcome::Added));
    let stopped = Withheld { stop: SmsStop::PrefixBudget, country: Some(country("DE")), alarm: true };
    assert!(matches!(resend(90).await, ResendOutcome::Withheld(withheld) if withheld == stopped));
    assert_eq!(given.inspect.count("outbox").await, 3);
    given.store.note_text_message_use(id).await.unwrap();
    given.store.note_text_message_use(id).await.unwrap();
    let used = "SELECT used FROM text_messages WHERE kind = 'prefix'";
    assert_eq!(given.inspect.number(used).await, 3, "all of a challenge, and once");
}

async fn a_notice_counts_once_and_is_no_code(given: &Given) {
    let rules = rules();
    let notice = async |id: MessageId| {
        let like = event(NOW, Act::MessageDropped);
        given.store.count_notice(id, text(&rules, "DE", "near", "home"), like, NOW).await.unwrap()
    };
    let (first, second, third) = (message_id(), message_id(), message_id());
    // However often its hand-over is tried.
    for _ in 0..5 {
        assert_eq!(notice(first).await, None);
    }
    assert_eq!((notice(second).await, notice(third).await), (None, None));
    let stop = SmsStop::PrefixBudget;
    assert_eq!(notice(message_id()).await, Some(Withheld { stop, country: Some(country("DE")), alarm: true }));
    assert_eq!(notice(first).await, None, "what has been counted may go");
    let sums = "SELECT CAST(SUM(sent * 100 + codes * 10 + used) AS bigint) FROM text_messages WHERE kind = 'prefix'";
    assert_eq!(given.inspect.number(sums).await, 300, "three sent, none a code");
    let new = sms("ada", text(&rules, "DE", "near", "home"), NOW);
    assert_eq!(given.store.begin_challenge(new).await.unwrap(), withheld(stop, false), "one budget for both");
}

fn message_id() -> MessageId {
    MessageId::new(SystemEntropy.uuid())
}

async fn of_many_at_once_exactly_the_budget_goes(given: &Given) {
    let asks = (0..32).map(|nth| {
        let (store, new) = (Arc::clone(&given.store), sms(&nth.to_string(), text(&rules(), "DE", "near", "home"), NOW));
        tokio::spawn(async move { store.begin_challenge(new).await.unwrap() })
    });
    let (mut sent, mut alarms) = (0, 0);
    for ask in asks.collect::<Vec<_>>() {
        match ask.await.unwrap() {
            BeginOutcome::Begun => sent += 1,
            BeginOutcome::Withheld(withheld) => alarms += usize::from(withheld.alarm),
            other @ BeginOutcome::AlreadyAnswered => panic!("{other:?}"),
        }
    }
    assert_eq!((sent, alarms, given.inspect.count("outbox").await), (3, 1, 3));
}

async fn in_shadow_everything_goes(given: &Given) {
    let rules = SmsRules { mode: Mode::Shadow, ..rules() };
    for nth in 0..5 {
        let new = sms(&format!("{nth}"), text(&rules, "DE", "near", "home"), NOW);
        assert_eq!(given.store.begin_challenge(new).await.unwrap(), BeginOutcome::Begun);
    }
    assert_eq!(given.inspect.count("outbox").await, 5);
    let events = given.inspect.events().await;
    let shadowed: Vec<_> = events.iter().filter(|event| event.act == "refusal.shadowed").collect();
    assert_eq!(shadowed.len(), 2);
    assert!(shadowed.iter().all(|event| event.outcome == "would_refuse" && event.reason == "SMS_PREFIX_BUDGET"));
}

async fn unused_codes_stop_a_network_and_used_ones_do_not(given: &Given) {
    let rules = rules();
    let ask = async |nth: u32, network: &str, seconds| {
        let new = sms(&format!("{network} {nth}"), text(&rules, "DE", &nth.to_string(), network), at(seconds));
        let id = new.challenge.scope.challenge_id;
        (given.store.begin_challenge(new).await.unwrap(), id)
    };
    for nth in 0..rules.unused.least {
        let (_, pumped) = ask(nth, "pump", 0).await;
        let (_, office) = ask(1000 + nth, "office", 0).await;
        // One of five of the first, every second of the other.
        if nth.is_multiple_of(5) {
            given.store.note_text_message_use(pumped).await.unwrap();
        }
        if nth.is_multiple_of(2) {
            given.store.note_text_message_use(office).await.unwrap();
        }
    }
    assert_eq!(ask(500, "pump", 299).await.0, BeginOutcome::Begun, "their codes may yet be used");
    assert_eq!(ask(501, "pump", 1500).await.0, withheld(SmsStop::UnusedNetwork, true));
    assert_eq!(ask(502, "office", 1500).await.0, BeginOutcome::Begun);
}

async fn money_is_counted_by_country(given: &Given) {
    let amount = |text| Money::parse(text).unwrap();
    let rules = SmsRules {
        daily_budget: amount("1"),
        price: amount("0.1"),
        prices: [(country("FR"), amount("0.45"))].into(),
        ..rules()
    };
    let mut outcomes = Vec::new();
    for (nth, letters) in ["FR", "FR", "FR", "DE", "DE"].into_iter().enumerate() {
        let new = sms(&nth.to_string(), text(&rules, letters, &nth.to_string(), "home"), NOW);
        outcomes.push(given.store.begin_challenge(new).await.unwrap());
    }
    let begun = BeginOutcome::Begun;
    let spent = |letters, alarm| kept_back(SmsStop::MoneyBudget, letters, alarm);
    // 0.45 + 0.45 leaves 0.1: no third to France, one to Germany.
    assert_eq!(outcomes, [begun, begun, spent("FR", true), begun, spent("DE", false)]);
}

async fn the_sweep_forgets_and_keeps_the_lock(given: &Given) {
    let new = sms("ada", text(&rules(), "DE", "near", "home"), NOW);
    given.store.begin_challenge(new).await.unwrap();
    given.store.sweep(at(7 * 86_400)).await.unwrap();
    assert_eq!(given.inspect.count("text_messages").await, 5, "a policy may look back on seven days");
    assert_eq!(given.inspect.count("text_messages_sent").await, 0);
    given.store.sweep(at(9 * 86_400)).await.unwrap();
    assert_eq!(given.inspect.count("text_messages").await, 1, "the lock stays");
}
