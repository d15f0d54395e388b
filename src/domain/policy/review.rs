//! What is contradictory in a policy: every figure is within its bounds, and yet some of them have no effect or undo
//! one another.

use super::{Override, Policy, Rules, Template, lockout};
use crate::domain::{challenge::Purpose, client::Clients, contact::Channel};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The policy is not to be used.
    Error,
    /// It may be meant; somebody should look.
    Warning,
}

/// One contradiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The key, such as `lockout.rungs`.
    pub key: String,
    /// What is wrong, after the key.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// Collects findings.
#[derive(Default)]
pub(super) struct Contradictions(Vec<Finding>);

impl Contradictions {
    pub(super) fn error(&mut self, key: &str, what: impl Into<String>, remedy: &'static str) {
        self.add(Severity::Error, key, what.into(), remedy);
    }

    pub(super) fn warning(&mut self, key: &str, what: impl Into<String>, remedy: &'static str) {
        self.add(Severity::Warning, key, what.into(), remedy);
    }

    fn add(&mut self, severity: Severity, key: &str, what: String, remedy: &'static str) {
        self.0.push(Finding { severity, key: key.to_owned(), what, remedy });
    }
}

/// Everything that is contradictory in the policy itself.
#[must_use]
pub fn review(policy: &Policy) -> Vec<Finding> {
    let mut found = Contradictions::default();
    rules(&policy.rules, &mut found);
    looser_than_strict(policy, &policy.rules, &mut found);
    for (at, each) in policy.overrides.iter().enumerate() {
        of_override(policy, at, each, &mut found);
    }
    found.0
}

/// The overrides for client applications that are not registered.
#[must_use]
pub fn unknown_clients(policy: &Policy, clients: &Clients) -> Vec<Finding> {
    let mut found = Contradictions::default();
    for (at, each) in policy.overrides.iter().enumerate() {
        if each.traffic.client.as_ref().is_some_and(|client| clients.find(client.as_str()).is_none()) {
            found.error(
                &format!("override[{at}].client"),
                "is no client of the configuration: it would never match",
                "name the client_id of one of its [[clients]]",
            );
        }
    }
    found.0
}

fn rules(rules: &Rules, found: &mut Contradictions) {
    rules.codes.contradictions(found);
    rules.links.contradictions(&rules.codes, found);
    lockout::contradictions(rules, found);
    rules.limits.contradictions(found);
    rules.guard.contradictions(&rules.codes, found);
    rules.responses.contradictions(found);
    rules.sms.contradictions(found);
}

fn of_override(policy: &Policy, at: usize, each: &Override, found: &mut Contradictions) {
    let key = format!("override[{at}]");
    if each.traffic.named() == 0 {
        found.error(
            &key,
            "names no client, channel or purpose: it would match everything",
            "write its figures into the sections of the file itself",
        );
        return;
    }
    if each.change.is_empty() {
        found.error(&key, "changes nothing", "give a figure that differs, or remove it");
        return;
    }
    let Some(effect) = effect(policy, at, each) else {
        found.warning(
            &key,
            "never takes effect: what it says holds already, or is changed again by an override that wins over it",
            "remove it, or name more of client, channel and purpose",
        );
        return;
    };
    // What the base has wrong is told there.
    let (mut own, mut known) = (Contradictions::default(), Contradictions::default());
    rules(&effect, &mut own);
    rules(&policy.rules, &mut known);
    looser_than_strict(policy, &effect, &mut own);
    looser_than_strict(policy, &policy.rules, &mut known);
    let new = own.0.into_iter().filter(|finding| !known.0.contains(finding));
    found.0.extend(new.map(|finding| Finding { key: format!("{key}.{}", finding.key), ..finding }));
}

/// The rules of traffic for which the override makes a difference; `None` where there is no such traffic.
fn effect(policy: &Policy, at: usize, each: &Override) -> Option<Rules> {
    let mut without = policy.clone();
    without.overrides.remove(at);
    // A client that it does not name, and each that another override names.
    let mut clients = vec![None];
    clients.extend(policy.overrides.iter().map(|other| other.traffic.client.as_ref()));
    let traffic = clients.into_iter().flat_map(|client| {
        let channels = Channel::ALL.into_iter();
        channels.flat_map(move |channel| Purpose::ALL.into_iter().map(move |purpose| (client, channel, purpose)))
    });
    traffic
        .filter(|(client, channel, purpose)| each.traffic.matches(*client, *channel, *purpose))
        .map(|(client, channel, purpose)| {
            (policy.resolve(client, channel, purpose), without.resolve(client, channel, purpose))
        })
        .find_map(|(with, without)| (with != without).then_some(with))
}

fn looser_than_strict(policy: &Policy, rules: &Rules, found: &mut Contradictions) {
    if policy.template != Template::Strict {
        return;
    }
    let strict = Template::Strict.rules();
    let mut keys = rules.codes.looser_than(&strict.codes);
    keys.extend(rules.links.looser_than(&strict.links));
    keys.extend(lockout::looser_than(&rules.lockout, &strict.lockout));
    keys.extend(rules.limits.looser_than(&strict.limits));
    keys.extend(rules.guard.looser_than(&strict.guard));
    keys.extend(rules.responses.looser_than(strict.responses));
    keys.extend(rules.sms.looser_than(&strict.sms));
    for key in keys {
        found.warning(
            key,
            "is looser than the template \"strict\", which the policy says it is built on",
            "tighten it, or build on \"standard\" and say so",
        );
    }
}
