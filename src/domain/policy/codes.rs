//! `[codes]`: one-time codes.

use super::{
    review::Contradictions,
    text::{Lines, show_span},
};
use std::time::Duration;

/// What codes are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRules {
    /// Digits of a code, 6 to 10.
    pub length: u8,
    /// How long a code lives, at most 5 minutes.
    pub lifetime: Duration,
    /// How many codes are evaluated per challenge, 1 to 5.
    pub max_attempts: u32,
    /// How long after a code the next may be sent on the same challenge.
    pub resend_cooldown: Duration,
}

impl CodeRules {
    /// The longest that a code may live; no policy can lengthen it.
    pub const LONGEST_LIFETIME: Duration = Duration::from_mins(5);
    /// The most attempts that a challenge may allow.
    pub const MOST_ATTEMPTS: u32 = 5;

    /// The rules as a change that makes any rules these.
    #[must_use]
    pub const fn as_change(&self) -> CodeChange {
        CodeChange {
            length: Some(self.length),
            lifetime: Some(self.lifetime),
            max_attempts: Some(self.max_attempts),
            resend_cooldown: Some(self.resend_cooldown),
        }
    }

    pub(super) fn contradictions(&self, found: &mut Contradictions) {
        if self.resend_cooldown >= self.lifetime {
            found.error(
                "codes.resend_cooldown",
                format!(
                    "is {}, and a code and its challenge end after {}: no further code could ever be sent",
                    show_span(self.resend_cooldown),
                    show_span(self.lifetime)
                ),
                "shorten it below codes.lifetime",
            );
        }
    }

    /// The keys by which these rules permit more than `strict` does.
    pub(super) fn looser_than(&self, strict: &Self) -> Vec<&'static str> {
        [
            ("codes.length", self.length < strict.length),
            ("codes.lifetime", self.lifetime > strict.lifetime),
            ("codes.max_attempts", self.max_attempts > strict.max_attempts),
            ("codes.resend_cooldown", self.resend_cooldown < strict.resend_cooldown),
        ]
        .into_iter()
        .filter_map(|(key, looser)| looser.then_some(key))
        .collect()
    }
}

/// What is to be different of codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeChange {
    /// Digits of a code.
    pub length: Option<u8>,
    /// How long a code lives.
    pub lifetime: Option<Duration>,
    /// How many codes are evaluated per challenge.
    pub max_attempts: Option<u32>,
    /// How long after a code the next may be sent.
    pub resend_cooldown: Option<Duration>,
}

impl CodeChange {
    pub(super) fn apply(&self, rules: &mut CodeRules) {
        rules.length = self.length.unwrap_or(rules.length);
        rules.lifetime = self.lifetime.unwrap_or(rules.lifetime);
        rules.max_attempts = self.max_attempts.unwrap_or(rules.max_attempts);
        rules.resend_cooldown = self.resend_cooldown.unwrap_or(rules.resend_cooldown);
    }

    pub(super) fn write(&self, lines: &mut Lines) {
        lines.section("codes");
        lines.figure("length", self.length);
        lines.span("lifetime", self.lifetime);
        lines.figure("max_attempts", self.max_attempts);
        lines.span("resend_cooldown", self.resend_cooldown);
    }

    /// One sentence for each figure.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(self.length.map(|length| format!("codes.length: a code has {length} digits")));
        words.extend(self.lifetime.map(|span| format!("codes.lifetime: a code is good for {}", show_span(span))));
        words.extend(
            self.max_attempts.map(|count| {
                format!("codes.max_attempts: a challenge evaluates at most {count} codes, right or wrong")
            }),
        );
        words.extend(self.resend_cooldown.map(|span| {
            format!(
                "codes.resend_cooldown: a further code of a challenge is sent after {}, not sooner",
                show_span(span)
            )
        }));
        words
    }
}
