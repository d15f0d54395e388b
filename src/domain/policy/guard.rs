//! `[guard]`: against one guess on each of many accounts, which no counter of one account sees.

use super::{
    review::Contradictions,
    text::{Lines, show_span},
};
use crate::domain::{
    policy::{CodeRules, LimitRule, Mode},
    window::Window,
};
use std::sync::Arc;

/// How many wrong codes all unknown devices together may enter, and what holds beyond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardRules {
    /// Wrong codes from unknown devices, all together.
    pub failures: LimitRule,
    /// Beyond, a code for an unknown device has so many digits and one attempt.
    pub code_length: u8,
}

impl GuardRules {
    /// The rules as a change that makes any rules these.
    #[must_use]
    pub fn as_change(&self) -> GuardChange {
        let LimitRule { mode, windows, .. } = &self.failures;
        GuardChange { mode: Some(*mode), windows: Some(Arc::clone(windows)), code_length: Some(self.code_length) }
    }

    /// What codes are like for an unknown device while the budget is spent.
    #[must_use]
    pub fn guarded(&self, codes: &CodeRules) -> CodeRules {
        CodeRules { length: codes.length.max(self.code_length), max_attempts: 1, ..codes.clone() }
    }

    pub(super) fn contradictions(&self, codes: &CodeRules, found: &mut Contradictions) {
        if self.failures.mode == Mode::Shadow {
            found.warning(
                "guard.mode",
                "is \"shadow\": one guess on each of many accounts is reported, and not hindered",
                "write \"enforce\" when its reports have been looked at",
            );
        }
        if self.code_length <= codes.length {
            found.warning(
                "guard.code_length",
                format!("is {}, no more than codes.length, {}", self.code_length, codes.length),
                "raise it, so that a guess is worth less while somebody guesses",
            );
        }
    }

    /// The keys by which these rules permit more than `strict` does.
    pub(super) fn looser_than(&self, strict: &Self) -> Vec<&'static str> {
        [
            ("guard.mode", self.failures.mode > strict.failures.mode),
            ("guard.windows", self.failures.admits_more_than(&strict.failures)),
            ("guard.code_length", self.code_length < strict.code_length),
        ]
        .into_iter()
        .filter_map(|(key, looser)| looser.then_some(key))
        .collect()
    }
}

/// What is to be different of the guard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardChange {
    /// Whether it guards.
    pub mode: Option<Mode>,
    /// All of its windows.
    pub windows: Option<Arc<[Window]>>,
    /// Digits of a guarded code.
    pub code_length: Option<u8>,
}

impl GuardChange {
    pub(super) fn apply(&self, rules: &mut GuardRules) {
        rules.failures.mode = self.mode.unwrap_or(rules.failures.mode);
        if let Some(windows) = &self.windows {
            rules.failures = LimitRule { mode: rules.failures.mode, ..LimitRule::new(Arc::clone(windows)) };
        }
        rules.code_length = self.code_length.unwrap_or(rules.code_length);
    }

    pub(super) fn write(&self, lines: &mut Lines) {
        if *self == Self::default() {
            return;
        }
        lines.section("guard");
        lines.text("mode", self.mode.map(Mode::as_str));
        lines.windows("windows", self.windows.as_ref());
        lines.figure("code_length", self.code_length);
    }

    /// One sentence for each figure.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(windows) = &self.windows {
            let windows: Vec<_> = windows.iter().map(|w| format!("{} in {}", w.limit, show_span(w.span))).collect();
            let windows = windows.join(", ");
            words.push(format!("guard.windows: all unknown devices together may enter {windows} wrong codes"));
        }
        words.extend(self.code_length.map(|length| {
            format!("guard.code_length: beyond, a code for an unknown device has {length} digits and one attempt")
        }));
        words.extend(self.mode.map(|mode| match mode {
            Mode::Enforce => "guard.mode: it guards (enforce)".to_owned(),
            Mode::Shadow => "guard.mode: it reports what it would guard, and guards nothing (shadow)".to_owned(),
        }));
        words
    }
}
