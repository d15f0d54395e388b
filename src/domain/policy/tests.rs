//! Templates, resolution, and each contradiction of a table.

use super::*;
use crate::domain::{
    challenge::Purpose,
    client::{Client, ClientId, Clients},
    contact::{Channel, NumberKind},
    digest::Digest,
    lockout::{Ladder, Lockout, Rung},
    time::Timestamp,
    window::Window,
};
use std::time::Duration;

fn client(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn for_client(name: &str, change: Change) -> Override {
    Override { traffic: Traffic { client: Some(client(name)), ..Traffic::default() }, change }
}

fn for_email(change: Change) -> Override {
    Override { traffic: Traffic { channel: Some(Channel::Email), ..Traffic::default() }, change }
}

fn length(digits: u8) -> Change {
    Change { codes: CodeChange { length: Some(digits), ..CodeChange::default() }, ..Change::default() }
}

fn identifier(windows: &[(u32, u64)]) -> Change {
    let windows: Vec<_> =
        windows.iter().map(|&(limit, span)| Window { limit, span: Duration::from_secs(span) }).collect();
    let identifier = LimitChange { windows: Some(windows.into()), mode: None };
    limits(LimitsChange { identifier, ..LimitsChange::default() })
}

fn limits(limits: LimitsChange) -> Change {
    Change { limits, ..Change::default() }
}

fn with(template: Template, change: &Change, overrides: Vec<Override>) -> Policy {
    let base = Policy::from(template);
    Policy { rules: change.of(base.rules.clone()), overrides, ..base }
}

fn told(policy: &Policy) -> Vec<String> {
    review(policy).iter().map(|found| format!("{:?} {}: {}", found.severity, found.key, found.what)).collect()
}

#[test]
fn templates_are_sound_and_ever_looser() {
    for template in Template::ALL {
        assert_eq!(told(&Policy::from(template)), [""; 0], "{template:?}");
    }
    let [strict, standard, lenient] = Template::ALL.map(Template::rules);
    for (loose, tight) in [(&standard, &strict), (&lenient, &standard)] {
        assert!(!loose.codes.looser_than(&tight.codes).is_empty());
        assert!(tight.codes.looser_than(&loose.codes).is_empty());
        assert_eq!(loose.limits.looser_than(&tight.limits).len(), 5);
        assert!(tight.limits.looser_than(&loose.limits).is_empty());
        assert!(!super::lockout::looser_than(&loose.lockout, &tight.lockout).is_empty());
        assert!(super::lockout::looser_than(&tight.lockout, &loose.lockout).is_empty());
    }
}

/// OTP-3, LINK-1, LIM-1, LIM-4.
#[test]
fn the_standard_is_what_is_promised() {
    let Rules { codes, links, lockout, limits, guard: _, responses, sms } = Template::Standard.rules();
    assert_eq!((codes.length, codes.lifetime, codes.max_attempts), (6, Duration::from_mins(5), 5));
    assert_eq!(codes.resend_cooldown, Duration::from_secs(30));
    assert_eq!(links.lifetime, Duration::from_mins(15));
    let rungs: Vec<_> = lockout.ladder.rungs().iter().map(|rung| (rung.failures, rung.wait.as_secs() / 60)).collect();
    assert_eq!(rungs, [(3, 5), (5, 30), (10, 60), (15, 1440)]);
    let windows = |rule: &LimitRule| -> Vec<_> {
        assert_eq!(rule.mode, Mode::Enforce);
        rule.windows.iter().map(|window| (window.limit, window.span.as_secs())).collect()
    };
    assert_eq!(windows(&limits.identifier), [(3, 300), (5, 3600), (10, 86_400)]);
    assert_eq!(windows(&limits.address), [(20, 300), (100, 3600)]);
    assert_eq!(windows(&limits.network), [(200, 300), (1000, 3600)]);
    assert_eq!(windows(&limits.all), [(1000, 60)]);
    let chosen = SecurityEvent::ALL.map(|event| responses.to(event).to_string());
    assert_eq!(chosen, ["[\"notify\"]", "[\"notify\", \"revoke\"]", "[]", "[\"notify\"]"]);
    assert_eq!((sms.mode, sms.daily_budget.to_string().as_str()), (Mode::Enforce, "250"));
    assert!(sms.refused_types.contains(&NumberKind::PremiumRate) && !sms.refused_types.contains(&NumberKind::Mobile));
}

#[test]
fn the_more_specific_override_wins_and_of_equals_the_later() {
    let both = Traffic { client: Some(client("kiosk")), channel: Some(Channel::Email), purpose: None };
    let overrides = vec![
        Override { traffic: both, change: length(10) },
        for_client(
            "kiosk",
            Change { codes: CodeChange { max_attempts: Some(2), ..length(9).codes }, ..Change::default() },
        ),
        for_email(length(8)),
        for_client("app", length(7)),
    ];
    let policy = with(Template::Standard, &Change::default(), overrides);
    let in_force = PolicyInForce::new(policy, Digest::of_file(b""), Timestamp::from_seconds(1));
    let codes = |name: &str| {
        let rules = in_force.rules(&client(name), Channel::Email, Purpose::SignIn);
        (rules.codes.length, rules.codes.max_attempts)
    };
    // Three match: each figure is the most specific one's that says it.
    assert_eq!(codes("kiosk"), (10, 2));
    // Both name one thing: the later wins.
    assert_eq!(codes("app"), (7, 5));
    assert_eq!(codes("other"), (8, 5));
}

#[test]
fn a_log_is_kept_for_whoever_needs_most_of_it() {
    let policy = with(Template::Standard, &Change::default(), vec![for_client("kiosk", identifier(&[(50, 60)]))]);
    let in_force = PolicyInForce::new(policy, Digest::of_file(b""), Timestamp::from_seconds(1));
    for name in ["kiosk", "other"] {
        let rule = &in_force.rules(&client(name), Channel::Email, Purpose::SignIn).limits.identifier;
        assert_eq!((rule.kept.places, rule.kept.span), (50, Duration::from_hours(24)), "{name}");
    }
}

#[test]
fn the_ladder_is_common_where_no_override_has_one() {
    let rungs = Ladder::new(vec![Rung { failures: 2, wait: Duration::from_hours(1) }]);
    let own = LockoutChange { rungs, ..LockoutChange::default() };
    let in_force = |change: Change| {
        let policy = with(Template::Standard, &Change::default(), vec![for_client("kiosk", change)]);
        PolicyInForce::new(policy, Digest::of_file(b""), Timestamp::from_seconds(1))
    };
    assert_eq!(in_force(length(8)).common_lockout().map(|lockout| &**lockout), Some(&Lockout::default()));
    let differing = in_force(Change { lockout: own.clone(), ..Change::default() });
    assert_eq!(differing.common_lockout(), None);
    let kiosk = differing.rules(&client("kiosk"), Channel::Email, Purpose::SignIn);
    assert_eq!(Some(&kiosk.lockout.ladder), own.rungs.as_ref());
}

#[test]
fn each_contradiction_is_found() {
    let none = Change::default();
    let codes = |codes: CodeChange| Change { codes, ..Change::default() };
    let rung = |failures, minutes| Rung { failures, wait: Duration::from_mins(minutes) };
    let ladder = |rungs: Vec<Rung>| Change {
        lockout: LockoutChange { rungs: Ladder::new(rungs), ..LockoutChange::default() },
        ..Change::default()
    };
    let all = LimitChange { windows: Some([Window { limit: 15, span: Duration::from_mins(1) }].into()), mode: None };
    let all = limits(LimitsChange { all, ..LimitsChange::default() });
    let shadow = LimitChange { mode: Some(Mode::Shadow), windows: None };
    let shadow = limits(LimitsChange { identifier: shadow, ..LimitsChange::default() });
    let cooldown = codes(CodeChange { resend_cooldown: Some(Duration::from_mins(5)), ..CodeChange::default() });
    let (standard, strict) = (Template::Standard, Template::Strict);
    for (name, policy, expected) in [
        (
            "a cool-down as long as the code's life",
            with(standard, &cooldown, vec![]),
            "Error codes.resend_cooldown: is 5m, and a code and its challenge end after 5m",
        ),
        (
            "a rung that is not reached",
            with(standard, &ladder(vec![rung(3, 5), rung(60, 10)]), vec![]),
            "Warning lockout.rungs: has a rung at 60 failures, which is not reached: it takes 57 more wrong codes",
        ),
        (
            "a longer window that is looser than the shorter one",
            with(standard, &identifier(&[(3, 300), (40, 3600)]), vec![]),
            "Warning limits.identifier.windows: has 40 in 1h, which never bites: 3 in 5m is never looser",
        ),
        (
            "a shorter window that is looser than the longer one",
            with(standard, &identifier(&[(5, 300), (5, 3600)]), vec![]),
            "Warning limits.identifier.windows: has 5 in 5m, which never bites: 5 in 1h is never looser",
        ),
        (
            "the same window twice",
            with(standard, &identifier(&[(3, 300), (3, 300)]), vec![]),
            "Warning limits.identifier.windows: has 3 in 5m, which never bites",
        ),
        (
            "an address that may spend all",
            with(standard, &all, vec![]),
            "Warning limits.all.windows: has 15 in 1m, which a single address may spend alone",
        ),
        (
            "an override of everything",
            with(standard, &none, vec![Override { traffic: Traffic::default(), change: length(8) }]),
            "Error override[0]: names no client, channel or purpose",
        ),
        (
            "an override of nothing",
            with(standard, &none, vec![for_client("a", Change::default())]),
            "Error override[0]: changes nothing",
        ),
        (
            "an override that says what holds",
            with(standard, &none, vec![for_client("a", length(6))]),
            "Warning override[0]: never takes effect",
        ),
        (
            "an override that another undoes",
            with(standard, &none, vec![for_client("a", length(7)), for_client("a", length(8))]),
            "Warning override[0]: never takes effect",
        ),
        (
            "an override that contradicts itself",
            with(standard, &none, vec![for_client("a", cooldown.clone())]),
            "Error override[0].codes.resend_cooldown: is 5m",
        ),
        (
            "a strict policy made looser",
            with(strict, &length(6), vec![]),
            "Warning codes.length: is looser than the template \"strict\"",
        ),
        (
            "a strict policy put into shadow",
            with(strict, &shadow, vec![]),
            "Warning limits.identifier: is looser than the template \"strict\"",
        ),
        (
            "an override looser than strict",
            with(strict, &none, vec![for_client("a", ladder(vec![rung(5, 5)]))]),
            "Warning override[0].lockout.rungs: is looser than the template \"strict\"",
        ),
    ] {
        let told = told(&policy);
        assert!(told.len() == 1 && told[0].starts_with(expected), "{name}: {told:#?}");
        assert!(review(&policy).iter().all(|found| !found.remedy.is_empty()));
    }
    let policy = with(standard, &none, vec![for_client("a", length(8)), for_client("b", length(8))]);
    let registered =
        Client { client_id: client("a"), display_name: "A".into(), audiences: vec!["a".into()], redirect_uris: vec![] };
    let unknown = unknown_clients(&policy, &Clients::new(vec![registered]).unwrap());
    assert_eq!(unknown.iter().map(|found| found.key.as_str()).collect::<Vec<_>>(), ["override[1].client"]);
    assert_eq!(unknown[0].severity, Severity::Error);
}
