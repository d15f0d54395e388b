//! The law of text messages: each stop at its figure, and not before.

use super::*;
use crate::domain::policy::{Countries, Mode, Template};

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

fn rules() -> SmsRules {
    let window = |limit, minutes| vec![Window { limit, span: Duration::from_mins(minutes) }].into();
    SmsRules {
        mode: Mode::Enforce,
        countries: Countries::Listed(vec![country("DE"), country("FR")]),
        refused_types: vec![NumberKind::PremiumRate],
        prefix: window(3, 60),
        country: window(5, 60),
        all: window(8, 60),
        daily_budget: Money::parse("1").unwrap(),
        price: Money::parse("0.05").unwrap(),
        prices: [(country("FR"), Money::parse("0.5").unwrap())].into(),
        ..(*Template::Standard.rules().sms).clone()
    }
}

fn country(letters: &str) -> Country {
    Country::new(letters).unwrap()
}

fn ago(minutes: u64, sent: u64, used: u64) -> Slot {
    let start = slot_of(NOW.before(Duration::from_mins(minutes)));
    Slot { start, sent, codes: sent, used, cost: Money::from_millionths(50_000 * sent) }
}

fn judged(traffic: &Traffic) -> Option<SmsStop> {
    stop(&rules(), Some(country("DE")), NumberKind::Mobile, traffic, NOW)
}

#[test]
fn countries_and_kinds() {
    let nothing = Traffic::default();
    let judge = |letters: Option<&str>, kind| stop(&rules(), letters.map(country), kind, &nothing, NOW);
    assert_eq!(judge(Some("DE"), NumberKind::Mobile), None);
    assert_eq!(judge(Some("GB"), NumberKind::Mobile), Some(SmsStop::Country));
    assert_eq!(judge(None, NumberKind::Mobile), Some(SmsStop::Country));
    assert_eq!(judge(Some("DE"), NumberKind::PremiumRate), Some(SmsStop::NumberType));
    let everywhere = SmsRules { countries: Countries::All, ..rules() };
    assert_eq!(stop(&everywhere, None, NumberKind::Mobile, &nothing, NOW), None);
    let nowhere = SmsRules { countries: Countries::Listed(Vec::new()), ..rules() };
    assert_eq!(stop(&nowhere, Some(country("DE")), NumberKind::Mobile, &nothing, NOW), Some(SmsStop::Country));
}

#[test]
fn budgets_stop_at_their_figure() {
    let of = |sent: u64| vec![ago(0, 1, 0), ago(30, sent - 1, 0)];
    for (stop, limit) in [(SmsStop::PrefixBudget, 3), (SmsStop::CountryBudget, 5), (SmsStop::TotalBudget, 8)] {
        let traffic = |sent| match stop {
            SmsStop::PrefixBudget => Traffic { prefix: of(sent), ..Traffic::default() },
            SmsStop::CountryBudget => Traffic { country: of(sent), ..Traffic::default() },
            _ => Traffic { all: of(sent), ..Traffic::default() },
        };
        assert_eq!(judged(&traffic(limit - 1)), None, "{stop:?}");
        assert_eq!(judged(&traffic(limit)), Some(stop));
    }
    // A slot that the window no longer touches does not count; one that it touches counts whole.
    let earlier = |minutes| judged(&Traffic { prefix: vec![ago(minutes, 3, 0)], ..Traffic::default() });
    assert_eq!((earlier(60), earlier(61)), (Some(SmsStop::PrefixBudget), None));
}

#[test]
fn money_is_counted_to_the_millionth_over_a_day() {
    let spent = |cost: &str, minutes| Traffic {
        all: vec![Slot { cost: Money::parse(cost).unwrap(), ..ago(minutes, 1, 0) }],
        ..Traffic::default()
    };
    assert_eq!(judged(&spent("0.95", 60)), None);
    assert_eq!(judged(&spent("0.950001", 60)), Some(SmsStop::MoneyBudget));
    assert_eq!(judged(&spent("0.96", 23 * 60)), Some(SmsStop::MoneyBudget));
    assert_eq!(judged(&spent("0.96", 24 * 60 + 10)), None);
    let dear = stop(&rules(), Some(country("FR")), NumberKind::Mobile, &spent("0.500001", 60), NOW);
    assert_eq!(dear, Some(SmsStop::MoneyBudget));
}

#[test]
fn unused_codes_stop_a_prefix_and_a_network() {
    let rule = rules().unused;
    let least = u64::from(rule.least);
    // As many used as the share asks for, and one fewer.
    let used = least - least * u64::from(rule.share) / 100;
    let network = |slot| Traffic { network: vec![slot], ..Traffic::default() };
    assert_eq!(judged(&network(ago(30, least, used))), None);
    assert_eq!(judged(&network(ago(30, least, used - 1))), Some(SmsStop::UnusedNetwork));
    assert_eq!(judged(&network(ago(30, least - 1, 0))), None, "of few nothing is concluded");
    assert_eq!(judged(&network(ago(10, least, 0))), None, "who was asked just now may yet sign in");
    // Notices are no codes: they neither count as unused nor make up for codes that are.
    let notices = Slot { codes: 0, ..ago(30, 10 * least, 0) };
    assert_eq!(judged(&network(notices)), None);
    let both = Traffic { network: vec![notices, ago(30, least, used - 1)], ..Traffic::default() };
    assert_eq!(judged(&both), Some(SmsStop::UnusedNetwork));
    let prefix = SmsRules { prefix: vec![Window { limit: 1000, span: SLOT }].into(), ..rules() };
    let traffic = Traffic { prefix: vec![ago(30, least, 0)], ..Traffic::default() };
    assert_eq!(stop(&prefix, Some(country("DE")), NumberKind::Mobile, &traffic, NOW), Some(SmsStop::UnusedPrefix));
}

#[test]
fn slots_begin_on_whole_tens_of_minutes() {
    let minute = |minute: i64| Timestamp::from_micros(minute * 60_000_000);
    assert_eq!(
        [minute(0), minute(9), minute(10), minute(-1)].map(slot_of),
        [minute(0), minute(0), minute(10), minute(-10)]
    );
}

#[test]
fn everything_that_a_rule_asks_for_is_looked_up() {
    for template in Template::ALL {
        let rules = template.rules().sms;
        let oldest = |span: Duration| slot_of(NOW.before(span)).before(SLOT);
        for span in [rules.longest(), rules.unused.span + CODE_LIFE, Duration::from_hours(24)] {
            assert!(oldest(span).after(SLOT) > NOW.before(look_back(&rules)), "{}", template.as_str());
        }
    }
}
