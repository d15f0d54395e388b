//! `[links]`: magic links.

use super::{
    CodeRules,
    review::Contradictions,
    text::{Lines, show_span},
};
use crate::domain::link::Link;
use std::time::Duration;

/// What magic links are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRules {
    /// How long a link lives, at most 15 minutes.
    pub lifetime: Duration,
}

impl LinkRules {
    /// The longest that a link may live; no policy can lengthen it.
    pub const LONGEST_LIFETIME: Duration = Link::LONGEST_LIFETIME;

    /// The rules as a change that makes any rules these.
    #[must_use]
    pub const fn as_change(&self) -> LinkChange {
        LinkChange { lifetime: Some(self.lifetime) }
    }

    pub(super) fn contradictions(&self, codes: &CodeRules, found: &mut Contradictions) {
        if codes.resend_cooldown >= self.lifetime {
            found.error(
                "links.lifetime",
                format!(
                    "is {}, and a further link is sent after {} at the earliest: none could ever be sent",
                    show_span(self.lifetime),
                    show_span(codes.resend_cooldown)
                ),
                "lengthen it beyond codes.resend_cooldown",
            );
        }
    }

    /// The keys by which these rules permit more than `strict` does.
    pub(super) fn looser_than(&self, strict: &Self) -> Vec<&'static str> {
        if self.lifetime > strict.lifetime { vec!["links.lifetime"] } else { Vec::new() }
    }
}

/// What is to be different of magic links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// How long a link lives.
    pub lifetime: Option<Duration>,
}

impl LinkChange {
    pub(super) fn apply(&self, rules: &mut LinkRules) {
        rules.lifetime = self.lifetime.unwrap_or(rules.lifetime);
    }

    pub(super) fn write(&self, lines: &mut Lines) {
        lines.section("links");
        lines.span("lifetime", self.lifetime);
    }

    /// One sentence for each figure.
    pub(super) fn words(&self) -> Vec<String> {
        let lifetime =
            self.lifetime.map(|span| format!("links.lifetime: a magic link is good for {}", show_span(span)));
        lifetime.into_iter().collect()
    }
}
