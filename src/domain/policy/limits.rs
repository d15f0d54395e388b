//! `[limits]`: how many codes may be asked for.

use super::{
    review::Contradictions,
    text::{Lines, show_span},
};
use crate::domain::window::{self, Kept, Window};
use std::sync::Arc;

/// Whether a rule refuses, or only says what it would have refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// It refuses.
    #[default]
    Enforce,
    /// It counts and reports, and refuses nothing.
    Shadow,
}

impl Mode {
    /// The name in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
        }
    }
}

/// The limit of one budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRule {
    /// Whether it refuses.
    pub mode: Mode,
    /// Its windows, at least one.
    pub windows: Arc<[Window]>,
    /// How much of a log is to be kept: what the windows of every rule that counts on the same log need.
    pub kept: Kept,
}

impl LimitRule {
    /// An enforced rule that counts on its log alone.
    #[must_use]
    pub fn new(windows: impl Into<Arc<[Window]>>) -> Self {
        let windows = windows.into();
        Self { mode: Mode::Enforce, kept: Kept::of(&windows), windows }
    }
}

/// The limits of requests for codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRules {
    /// Per identifier.
    pub identifier: LimitRule,
    /// Per known device, where the budget of its identifier is spent: a stranger cannot spend this one.
    pub device: LimitRule,
    /// Per client address (IPv6: per /64).
    pub address: LimitRule,
    /// Per IPv6 network of 48 bits.
    pub network: LimitRule,
    /// All together.
    pub all: LimitRule,
}

impl LimitRules {
    /// The rules as a change that makes any rules these.
    #[must_use]
    pub fn as_change(&self) -> LimitsChange {
        let change = |rule: &LimitRule| LimitChange { mode: Some(rule.mode), windows: Some(Arc::clone(&rule.windows)) };
        LimitsChange {
            identifier: change(&self.identifier),
            device: change(&self.device),
            address: change(&self.address),
            network: change(&self.network),
            all: change(&self.all),
        }
    }

    /// Each rule with its key.
    fn each(&self) -> [(&'static str, &LimitRule); 5] {
        [
            ("limits.identifier", &self.identifier),
            ("limits.device", &self.device),
            ("limits.address", &self.address),
            ("limits.network", &self.network),
            ("limits.all", &self.all),
        ]
    }

    /// Keeps as much of each log as these rules or the others need.
    pub(super) fn keep_for(&mut self, other: &Self) {
        self.identifier.kept = self.identifier.kept.and(other.identifier.kept);
        self.device.kept = self.device.kept.and(other.device.kept);
        self.address.kept = self.address.kept.and(other.address.kept);
        self.network.kept = self.network.kept.and(other.network.kept);
        self.all.kept = self.all.kept.and(other.all.kept);
    }

    pub(super) fn contradictions(&self, found: &mut Contradictions) {
        for (key, rule) in self.each() {
            for (at, idle) in rule.windows.iter().enumerate() {
                let others = rule.windows.iter().enumerate().filter(|(other, window)| {
                    // Of two alike the later is the superfluous one.
                    *other != at && (*window != idle || *other < at)
                });
                let bites_first = others
                    .map(|(_, window)| *window)
                    .find(|other| other.most_admitted(idle.span) <= u64::from(idle.limit));
                if let Some(other) = bites_first {
                    found.warning(
                        &format!("{key}.windows"),
                        format!("has {}, which never bites: {} is never looser", shown(idle), shown(&other)),
                        "remove the window that never bites, or lower its limit",
                    );
                }
            }
        }
        let one_spends_all = self
            .all
            .windows
            .iter()
            .find(|all| window::most_admitted(&self.address.windows, all.span) >= u64::from(all.limit));
        if let Some(all) = one_spends_all {
            found.warning(
                "limits.all.windows",
                format!("has {}, which a single address may spend alone: it could shut everybody out", shown(all)),
                "raise it, or lower limits.address below it",
            );
        }
    }

    /// The keys by which these rules permit more than `strict` does.
    pub(super) fn looser_than(&self, strict: &Self) -> Vec<&'static str> {
        let pairs = self.each().into_iter().zip(strict.each());
        pairs.filter(|((_, rule), (_, strict))| rule.is_looser_than(strict)).map(|((key, _), _)| key).collect()
    }
}

impl LimitRule {
    pub(super) fn is_looser_than(&self, strict: &Self) -> bool {
        self.mode > strict.mode || self.admits_more_than(strict)
    }

    pub(super) fn admits_more_than(&self, strict: &Self) -> bool {
        admit_more(&self.windows, &strict.windows)
    }
}

/// Whether windows admit more in some span than others do.
pub(super) fn admit_more(windows: &[Window], strict: &[Window]) -> bool {
    let more = |window: &Window| window::most_admitted(windows, window.span) > u64::from(window.limit);
    strict.iter().any(more)
}

/// What is to be different of one limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitChange {
    /// Whether it refuses.
    pub mode: Option<Mode>,
    /// All of its windows.
    pub windows: Option<Arc<[Window]>>,
}

impl LimitChange {
    fn apply(&self, rule: &mut LimitRule) {
        rule.mode = self.mode.unwrap_or(rule.mode);
        if let Some(windows) = &self.windows {
            *rule = LimitRule { mode: rule.mode, ..LimitRule::new(Arc::clone(windows)) };
        }
    }

    fn write(&self, lines: &mut Lines, key: &str) {
        if *self == Self::default() {
            return;
        }
        lines.section(&format!("limits.{key}"));
        lines.text("mode", self.mode.map(Mode::as_str));
        lines.windows("windows", self.windows.as_ref());
    }

    fn words(&self, key: &str, whose: &str) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(windows) = &self.windows {
            let windows: Vec<String> = windows.iter().map(shown).collect();
            words.push(format!("limits.{key}.windows: {whose} may ask for a code at most {}", windows.join(", ")));
        }
        words.extend(self.mode.map(|mode| match mode {
            Mode::Enforce => format!("limits.{key}.mode: more is refused (enforce)"),
            Mode::Shadow => format!("limits.{key}.mode: more is counted and reported, and never refused (shadow)"),
        }));
        words
    }
}

/// What is to be different of request limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitsChange {
    /// Per identifier.
    pub identifier: LimitChange,
    /// Per known device.
    pub device: LimitChange,
    /// Per client address.
    pub address: LimitChange,
    /// Per IPv6 network of 48 bits.
    pub network: LimitChange,
    /// All together: never in an override, for it is one budget.
    pub all: LimitChange,
}

impl LimitsChange {
    pub(super) fn apply(&self, rules: &mut LimitRules) {
        self.identifier.apply(&mut rules.identifier);
        self.device.apply(&mut rules.device);
        self.address.apply(&mut rules.address);
        self.network.apply(&mut rules.network);
        self.all.apply(&mut rules.all);
    }

    pub(super) fn write(&self, lines: &mut Lines) {
        self.identifier.write(lines, "identifier");
        self.device.write(lines, "device");
        self.address.write(lines, "address");
        self.network.write(lines, "network");
        self.all.write(lines, "all");
    }

    /// One sentence for each figure.
    pub(super) fn words(&self) -> Vec<String> {
        let parts = [
            self.identifier.words("identifier", "one identifier"),
            self.device.words("device", "a device that signed in before, where its identifier has no request left,"),
            self.address.words("address", "one address"),
            self.network.words("network", "one IPv6 network of 48 bits"),
            self.all.words("all", "everybody together"),
        ];
        parts.concat()
    }
}

fn shown(window: &Window) -> String {
    format!("{} in {}", window.limit, show_span(window.span))
}
