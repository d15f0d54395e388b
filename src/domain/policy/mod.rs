//! The figures that an operator may choose, each with its bounds and default.
//!
//! A policy is a named template, what its file changes of it, and overrides for a client application, a channel or a
//! purpose. It is resolved once, when it is read: a request only looks up the rules of its traffic.
//!
//! A section of the file is one file here: its rules, what may be changed of them, how they are written and what is
//! contradictory in them. A new section adds such a file, a field of [`Rules`] and of [`Change`], and its reader in
//! `config::policy`.

mod codes;
mod explain;
mod guard;
mod in_force;
mod limits;
mod links;
mod lockout;
mod overrides;
mod responses;
mod review;
mod sessions;
mod sms;
mod template;
#[cfg(test)]
mod tests;
mod text;

pub use codes::{CodeChange, CodeRules};
pub use explain::explain;
pub use guard::{GuardChange, GuardRules};
pub use in_force::PolicyInForce;
pub use limits::{LimitChange, LimitRule, LimitRules, LimitsChange, Mode};
pub use links::{LinkChange, LinkRules};
pub use lockout::LockoutChange;
pub use overrides::{MAX_OVERRIDES, Override, Traffic};
pub use responses::{ResponseChange, ResponseRules, Responses, SecurityEvent};
pub use review::{Finding, Severity, review, unknown_clients};
pub use sessions::SessionPolicy;
pub use sms::{Countries, SmsChange, SmsRules, UnusedRule};
pub use template::Template;
pub use text::{show_span, text};

use super::lockout::Lockout;
use std::sync::Arc;

/// Everything that a request for a code and its verification keep to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// One-time codes.
    pub codes: CodeRules,
    /// Magic links.
    pub links: LinkRules,
    /// What wrong codes in a row bring.
    pub lockout: Lockout,
    /// How many codes may be asked for.
    pub limits: LimitRules,
    /// How many wrong codes may be entered over all accounts: one budget, the same for all traffic.
    pub guard: GuardRules,
    /// What is done where an account is used in an unusual way: the same for all traffic.
    pub responses: ResponseRules,
    /// Where text messages may go and what they may cost: the same for all traffic. Held apart, as a message takes it
    /// along to the store.
    pub sms: Arc<SmsRules>,
}

/// What is to be different of some rules; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Of codes.
    pub codes: CodeChange,
    /// Of magic links.
    pub links: LinkChange,
    /// Of the lockout ladder.
    pub lockout: LockoutChange,
    /// Of request limits.
    pub limits: LimitsChange,
    /// Of the guard: never in an override, for it is one budget.
    pub guard: GuardChange,
    /// Of responses: never in an override, for a refresh token is presented without channel and purpose.
    pub responses: ResponseChange,
    /// Of text messages: never in an override, for they are budgets of everybody.
    pub sms: SmsChange,
}

impl Change {
    /// The rules with the change made.
    #[must_use]
    pub fn of(&self, mut rules: Rules) -> Rules {
        self.codes.apply(&mut rules.codes);
        self.links.apply(&mut rules.links);
        self.lockout.apply(&mut rules.lockout);
        self.limits.apply(&mut rules.limits);
        self.guard.apply(&mut rules.guard);
        self.responses.apply(&mut rules.responses);
        self.sms.apply(Arc::make_mut(&mut rules.sms));
        rules
    }

    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A policy as its file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What people call it: 1 to 64 of `A-Z`, `a-z`, `0-9`, `-`, `_` and `.`.
    pub name: String,
    /// What it is built on.
    pub template: Template,
    /// The template's rules with the file's own figures.
    pub rules: Rules,
    /// What differs for some traffic, in the order of the file.
    pub overrides: Vec<Override>,
}

impl From<Template> for Policy {
    /// The template as it is, under its own name.
    fn from(template: Template) -> Self {
        Self { name: template.as_str().to_owned(), template, rules: template.rules(), overrides: Vec::new() }
    }
}
