//! A replay against counts made by hand.

use super::*;
use crate::domain::{
    contact::IdentifierKey,
    digest::Digest,
    lockout::{Ladder, Rung},
    policy::{LimitRule, Policy, PolicyInForce, Template},
    window::Window,
};
use std::time::Duration;

const HOUR: u64 = 3600;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).after(Duration::from_secs(seconds))
}

/// One request an hour for each identifier, two for each address, and a lock after two wrong codes.
fn simulation(mode: Mode) -> Simulation {
    let limit = |limit| LimitRule::new([Window { limit, span: Duration::from_secs(HOUR) }]);
    let mut policy = Policy::from(Template::Standard);
    policy.rules.limits.identifier = LimitRule { mode, ..limit(1) };
    policy.rules.limits.address = limit(2);
    policy.rules.lockout = Ladder::new(vec![Rung { failures: 2, wait: Duration::from_secs(HOUR) }]).unwrap().into();
    let in_force = PolicyInForce::new(policy, Digest::sha256(&[]), at(0));
    Simulation::new(in_force, ClientId::new("default").unwrap(), at(0))
}

fn past(seconds: u64, whom: &str, what: Past) -> PastRequest {
    PastRequest {
        time: at(seconds),
        what,
        client_id: None,
        identifier: Some(IdentifierKey(Digest::sha256(&[whom.as_bytes()]))),
        address: Some("203.0.113.7".parse().unwrap()),
    }
}

fn rule(report: &Report, rule: Rule) -> (u64, u64, u64, u64, u64) {
    let told = &report.rules[rule as usize];
    assert_eq!(told.rule, rule.as_str());
    (told.would_refuse, told.would_report, told.was_refused, told.newly_refused, told.no_longer_refused)
}

#[test]
fn counts_what_is_refused_anew_and_no_longer() {
    let mut simulation = simulation(Mode::Enforce);
    for request in [
        past(0, "ada", Past::Sent),
        past(1, "ada", Past::Sent),
        past(2, "ada", Past::Limited(Some(Rule::Identifier))),
        past(3, "noa", Past::Limited(Some(Rule::Address))),
        past(4, "mira", Past::Sent),
        past(HOUR, "ada", Past::Limited(None)),
    ] {
        simulation.see(&request);
    }
    let report = simulation.report(at(HOUR));
    assert_eq!((report.requests, report.verifications, report.untracked), (6, 0, 0));
    assert_eq!(rule(&report, Rule::Identifier), (2, 0, 1, 1, 0), "ada's second and third");
    assert_eq!(rule(&report, Rule::Address), (1, 0, 1, 1, 1), "mira's, as ada and noa had spent it");
    assert_eq!(rule(&report, Rule::All), (0, 0, 0, 0, 0));
    let any = &report.any;
    assert_eq!((any.would_refuse, any.was_refused, any.newly_refused, any.no_longer_refused), (3, 3, 2, 2));
    let identifier = &report.rules[Rule::Identifier as usize];
    assert_eq!((identifier.keys_affected, identifier.most_affected.as_slice()), (1, &[1][..]));
}

#[test]
fn a_limit_in_shadow_reports_and_what_came_before_fills_windows_only() {
    let mut simulation = simulation(Mode::Shadow);
    let before = PastRequest { time: at(0).before(Duration::from_secs(1)), ..past(0, "ada", Past::Sent) };
    for request in [before, past(0, "ada", Past::Sent), past(1, "noa", Past::Sent)] {
        simulation.see(&request);
    }
    let report = simulation.report(at(1));
    assert_eq!(report.requests, 2);
    assert_eq!(rule(&report, Rule::Identifier), (0, 1, 0, 0, 0));
    assert_eq!(rule(&report, Rule::Address), (1, 0, 0, 1, 0));
}

#[test]
fn the_ladder_is_climbed_by_wrong_codes_and_left_by_a_right_one() {
    let mut simulation = simulation(Mode::Enforce);
    let steps = [
        (0, Past::Wrong),
        (1, Past::Right),
        (2, Past::Wrong),
        (3, Past::Wrong),
        (4, Past::Right),
        (5, Past::Locked),
        (3 + HOUR, Past::Locked),
        (4 + HOUR, Past::Right),
    ];
    for (seconds, what) in steps {
        simulation.see(&past(seconds, "ada", what));
    }
    let report = simulation.report(at(2 * HOUR));
    assert_eq!((report.requests, report.verifications), (0, 8));
    assert_eq!(rule(&report, Rule::Lockout), (2, 0, 2, 1, 1));
}

#[test]
fn a_ladder_in_shadow_reports_and_goes_on_counting() {
    let mut simulation = simulation(Mode::Enforce);
    let mut policy = simulation.policy.policy().clone();
    policy.rules.lockout.mode = Mode::Shadow;
    policy.rules.lockout.disable_at = Some(4);
    simulation.policy = PolicyInForce::new(policy, Digest::sha256(&[]), at(0));
    for seconds in 0..3 {
        simulation.see(&past(seconds, "ada", Past::Wrong));
    }
    simulation.see(&past(3, "noa", Past::Right));
    // The fourth suspends, in shadow too.
    for seconds in 3..5 {
        simulation.see(&past(seconds, "ada", Past::Wrong));
    }
    assert_eq!(rule(&simulation.report(at(5)), Rule::Lockout), (1, 2, 0, 1, 0));
}

#[test]
fn reads_what_the_log_says() {
    for (act, outcome, reason, expected) in [
        ("code.sent", "success", "", Some(Past::Sent)),
        ("code.resent", "success", "", Some(Past::Sent)),
        ("code.sent", "failure", "RATE_LIMITED_ALL", Some(Past::Limited(Some(Rule::All)))),
        ("code.resent", "failure", "RATE_LIMITED_ADDRESS", Some(Past::Limited(Some(Rule::Address)))),
        ("code.sent", "failure", "RATE_LIMITED", Some(Past::Limited(None))),
        ("code.sent", "failure", "PROOF_REQUIRED", None),
        ("code.withheld", "failure", "SMS_PREFIX_BUDGET", Some(Past::Sent)),
        ("code.resent", "failure", "RESEND_TOO_SOON", None),
        ("code.verified", "success", "", Some(Past::Right)),
        ("code.verified", "failure", "CODE_INVALID", Some(Past::Wrong)),
        ("code.verified", "failure", "ACCOUNT_LOCKED", Some(Past::Locked)),
        ("code.verified", "failure", "CODE_EXPIRED", None),
        ("code.verified", "failure", "USER_DISABLED", Some(Past::Right)),
        ("link.redeemed", "failure", "USER_DISABLED", Some(Past::Right)),
        ("link.redeemed", "failure", "MATCH_NUMBER_INVALID", Some(Past::Wrong)),
        ("refusal.shadowed", "would_refuse", "RATE_LIMITED_ALL", None),
    ] {
        assert_eq!(Past::of(act, outcome, reason), expected, "{act} {reason}");
    }
}

#[test]
fn a_wrong_code_between_two_rungs_ends_no_lock() {
    let mut simulation = simulation(Mode::Enforce);
    let mut policy = simulation.policy.policy().clone();
    let rung = |failures, hours| Rung { failures, wait: Duration::from_hours(hours) };
    policy.rules.lockout = Ladder::new(vec![rung(1, 1), rung(4, 2)]).unwrap().into();
    policy.rules.lockout.mode = Mode::Shadow;
    simulation.policy = PolicyInForce::new(policy, Digest::sha256(&[]), at(0));
    for seconds in 0..3 {
        simulation.see(&past(seconds, "ada", Past::Wrong));
    }
    assert_eq!(rule(&simulation.report(at(3)), Rule::Lockout), (0, 2, 0, 0, 0), "the second and the third");
}
