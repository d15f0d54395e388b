//! What a simulation has come to: counts, and nobody's name.

use super::{Rule, tracks::Key};
use crate::domain::time::Timestamp;
use std::{cmp::Reverse, collections::HashMap};

/// How many of the keys that are affected most are told, by their counts.
const MOST_AFFECTED: usize = 10;

/// How many keys are told apart in these counts.
const MAX_KEYS: usize = 100_000;

/// What no replay can know, for whoever reads the counts.
pub const UNKNOWABLE: [&str; 8] = [
    "Whoever is refused may try again later, or go: the replay takes the requests as they came.",
    "Of requests that were refused, it cannot tell which the person would have made had they been admitted.",
    "Identifiers are taken as they are: spellings of one mailbox, which share a limit, are told apart here, so that \
     the counts of the limit per identifier may be too low.",
    "The log does not tell email from SMS: overrides of the channel sms are not applied.",
    "Of a code that was not evaluated as its identifier was locked, nobody knows whether it was right; it counts as neither.",
    "What was refused for want of a proof, within a cool-down, or for another reason than a request limit is left out; \
     lengths, lives, attempts and cool-downs of codes are not replayed.",
    "The log holds no numbers: whether `[sms]` would keep a text message back is not replayed.",
    "Windows begin empty a day before the span, and the ladder begins at its foot.",
];

/// What a rule says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Admits,
    Refuses,
    /// It would refuse, but is in shadow.
    Reports,
}

/// The counts of one rule.
#[derive(Debug, Default)]
pub(super) struct Tally {
    would_refuse: u64,
    would_report: u64,
    was_refused: u64,
    newly_refused: u64,
    no_longer_refused: u64,
    affected: HashMap<Key, u64>,
}

impl Tally {
    /// Counts a request: what the rule says of it, whether it had gone on, whether this rule had refused it, and
    /// whether it would go on now.
    pub(super) fn count(&mut self, key: Key, verdict: Verdict, went_on: bool, was_refused: bool, goes_on: bool) {
        let refuses = verdict == Verdict::Refuses;
        self.would_refuse += u64::from(refuses);
        self.would_report += u64::from(verdict == Verdict::Reports);
        self.was_refused += u64::from(was_refused);
        self.no_longer_refused += u64::from(was_refused && goes_on);
        if refuses && went_on {
            self.newly_refused += 1;
            if self.affected.len() < MAX_KEYS || self.affected.contains_key(&key) {
                *self.affected.entry(key).or_default() += 1;
            }
        }
    }

    fn report(self, rule: &'static str) -> RuleReport {
        let mut most_affected: Vec<u64> = self.affected.values().copied().collect();
        most_affected.sort_unstable_by_key(|count| Reverse(*count));
        most_affected.truncate(MOST_AFFECTED);
        RuleReport {
            rule,
            would_refuse: self.would_refuse,
            would_report: self.would_report,
            was_refused: self.was_refused,
            newly_refused: self.newly_refused,
            no_longer_refused: self.no_longer_refused,
            keys_affected: self.affected.len() as u64,
            most_affected,
        }
    }
}

/// The counts of all rules.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    requests: u64,
    verifications: u64,
    any: Tally,
    rules: [Tally; Rule::ALL.len()],
}

impl Tallies {
    /// Counts a request for a code.
    pub(super) fn request(&mut self, refused: bool, was_sent: bool) {
        self.requests += 1;
        let any = &mut self.any;
        any.would_refuse += u64::from(refused);
        any.was_refused += u64::from(!was_sent);
        any.newly_refused += u64::from(refused && was_sent);
        any.no_longer_refused += u64::from(!refused && !was_sent);
    }

    /// Counts a verification.
    pub(super) const fn verification(&mut self) {
        self.verifications += 1;
    }

    /// The counts of a rule.
    pub(super) const fn of(&mut self, rule: Rule) -> &mut Tally {
        &mut self.rules[rule as usize]
    }

    pub(super) fn report(self, since: Timestamp, until: Timestamp, untracked: u64) -> Report {
        let rules = Rule::ALL.into_iter().zip(self.rules).map(|(rule, tally)| tally.report(rule.as_str()));
        Report {
            since,
            until,
            requests: self.requests,
            verifications: self.verifications,
            untracked,
            any: self.any.report("any"),
            rules: rules.collect(),
        }
    }
}

/// What one rule would have refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReport {
    /// Its name; `any` for all request limits together, where a request counts once.
    pub rule: &'static str,
    /// How many requests it would refuse. One that several refuse counts for each.
    pub would_refuse: u64,
    /// How many it would only report, being in shadow.
    pub would_report: u64,
    /// How many it had refused, as far as the log names it.
    pub was_refused: u64,
    /// Of those it would refuse, how many had gone on.
    pub newly_refused: u64,
    /// Of those it had refused, how many would go on.
    pub no_longer_refused: u64,
    /// How many identifiers or addresses it newly refuses, at most 100,000.
    pub keys_affected: u64,
    /// How often it newly refuses each of the ten that it does most, falling.
    pub most_affected: Vec<u64>,
}

/// What a policy would have refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// From when on requests were counted.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How many requests for codes.
    pub requests: u64,
    /// How many codes that were presented.
    pub verifications: u64,
    /// How many requests were not followed: more keys were seen at once than are kept.
    pub untracked: u64,
    /// All request limits together.
    pub any: RuleReport,
    /// Each rule.
    pub rules: Vec<RuleReport>,
}
