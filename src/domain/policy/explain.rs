//! A policy in words.

use super::{Change, LockoutChange, Policy};
use std::fmt::Write as _;

/// Each rule, and each override as what it changes, one line each.
#[must_use]
pub fn explain(policy: &Policy) -> String {
    let mut told = format!("The policy \"{}\", built on the template \"{}\":\n", policy.name, policy.template.as_str());
    let rules = &policy.rules;
    let whole = Change {
        codes: rules.codes.as_change(),
        links: rules.links.as_change(),
        lockout: LockoutChange::whole(&rules.lockout),
        limits: rules.limits.as_change(),
        guard: rules.guard.as_change(),
        responses: rules.responses.as_change(),
        sms: rules.sms.as_change(),
    };
    list(&mut told, &whole);
    if policy.overrides.len() > 1 {
        told.push_str(
            "Of the overrides that match, those that name fewer of client, channel and purpose are applied first, of \
             those that name as many the earlier in the file; what is applied later wins, figure by figure.\n",
        );
    }
    for (at, each) in policy.overrides.iter().enumerate() {
        let _ = writeln!(told, "override[{at}], for {}, changes:", each.traffic.words());
        list(&mut told, &each.change);
    }
    told
}

fn list(told: &mut String, change: &Change) {
    let sections = [
        change.codes.words(),
        change.links.words(),
        change.lockout.words(),
        change.limits.words(),
        change.guard.words(),
        change.responses.words(),
        change.sms.words(),
    ];
    for line in sections.concat() {
        let _ = writeln!(told, "  {line}");
    }
}
