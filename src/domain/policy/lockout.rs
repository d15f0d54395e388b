//! `[lockout]`: what wrong codes in a row bring.

use super::{
    Mode, Rules,
    review::Contradictions,
    text::{Lines, show_span},
};
use crate::domain::{
    lockout::{Ladder, Lockout},
    window,
};
use std::time::Duration;

/// What is to be different of lockout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockoutChange {
    /// Whether ladder and pauses hold anybody back.
    pub mode: Option<Mode>,
    /// The whole ladder.
    pub rungs: Option<Ladder>,
    /// The pause after the first failure.
    pub first_delay: Option<Duration>,
    /// The longest pause.
    pub longest_delay: Option<Duration>,
    /// After so many failures nothing is evaluated until it is lifted.
    pub disable_at: Option<u32>,
}

impl LockoutChange {
    /// The rules as a change that makes any rules these.
    #[must_use]
    pub fn whole(lockout: &Lockout) -> Self {
        Self {
            mode: Some(lockout.mode),
            rungs: Some(lockout.ladder.clone()),
            first_delay: Some(lockout.delay.first),
            longest_delay: Some(lockout.delay.longest),
            disable_at: lockout.disable_at,
        }
    }

    pub(super) fn apply(&self, lockout: &mut Lockout) {
        lockout.mode = self.mode.unwrap_or(lockout.mode);
        if let Some(rungs) = &self.rungs {
            lockout.ladder.clone_from(rungs);
        }
        lockout.delay.first = self.first_delay.unwrap_or(lockout.delay.first);
        lockout.delay.longest = self.longest_delay.unwrap_or(lockout.delay.longest);
        lockout.disable_at = self.disable_at.or(lockout.disable_at);
    }

    pub(super) fn write(&self, lines: &mut Lines) {
        if *self == Self::default() {
            return;
        }
        lines.section("lockout");
        lines.text("mode", self.mode.map(Mode::as_str));
        if let Some(ladder) = &self.rungs {
            let rungs = ladder.rungs().iter();
            lines.list(
                "rungs",
                rungs.map(|rung| format!("{{ failures = {}, wait = \"{}\" }}", rung.failures, show_span(rung.wait))),
            );
        }
        lines.span("first_delay", self.first_delay);
        lines.span("longest_delay", self.longest_delay);
        lines.figure("disable_at", self.disable_at);
    }

    /// One sentence for each figure.
    pub(super) fn words(&self) -> Vec<String> {
        let rungs = self.rungs.iter().flat_map(Ladder::rungs);
        let mut words: Vec<String> = rungs
            .map(|rung| {
                let (failures, wait) = (rung.failures, show_span(rung.wait));
                format!("lockout.rungs: after {failures} wrong codes in a row no code is evaluated for {wait}")
            })
            .collect();
        words.extend(self.first_delay.map(|span| match span {
            Duration::ZERO => "lockout.first_delay: between rungs the next code is evaluated at once".to_owned(),
            span => format!(
                "lockout.first_delay: after a wrong code the next is evaluated after {}, and twice as long after each \
                 further one",
                show_span(span)
            ),
        }));
        words.extend(
            self.longest_delay.map(|span| format!("lockout.longest_delay: that pause is at most {}", show_span(span))),
        );
        words.extend(self.disable_at.map(|most| {
            format!(
                "lockout.disable_at: after {most} wrong codes in a row no code from an unknown device is evaluated until \
                 an operator, or a sign-in from a known device, lifts it"
            )
        }));
        words.extend(self.mode.map(|mode| {
            match mode {
                Mode::Enforce => "lockout.mode: rungs and pauses hold back (enforce)".to_owned(),
                Mode::Shadow => {
                    "lockout.mode: rungs are counted and reported, and hold nobody back; disable_at does (shadow)"
                        .to_owned()
                }
            }
        }));
        words
    }
}

/// Notes the rungs that the other rules keep anybody from reaching.
pub(super) fn contradictions(rules: &Rules, found: &mut Contradictions) {
    let mut before = 0;
    let Lockout { mode, ladder, delay, disable_at } = &rules.lockout;
    if *mode == Mode::Shadow {
        found.warning(
            "lockout.mode",
            "is \"shadow\": wrong codes lock nobody out; what is left is the attempts of a challenge, the limits of \
             requests and lockout.disable_at",
            "write \"enforce\" when its reports have been looked at",
        );
    }
    if delay.first > delay.longest {
        found.error(
            "lockout.first_delay",
            format!("is {}, longer than the longest, {}", show_span(delay.first), show_span(delay.longest)),
            "shorten it, or lengthen lockout.longest_delay",
        );
    }
    if delay.first.is_zero() {
        found.warning(
            "lockout.first_delay",
            "is 0s: between rungs wrong codes may follow one another at once",
            "write \"1s\"",
        );
    }
    if let Some((rung, most)) = ladder.rungs().last().zip(*disable_at)
        && rung.failures >= most
    {
        found.warning(
            "lockout.disable_at",
            format!("is {most}: the rung at {} failures is never reached", rung.failures),
            "raise it, or remove the rung",
        );
    }
    for rung in ladder.rungs() {
        let needed = rung.failures - before;
        let codes = window::most_admitted(&rules.limits.identifier.windows, rung.wait);
        let possible = codes.saturating_mul(u64::from(rules.codes.max_attempts));
        if u64::from(needed) > possible {
            found.warning(
                "lockout.rungs",
                format!(
                    "has a rung at {} failures, which is not reached: it takes {needed} more wrong codes than the \
                     rung below, and in the {} that its lock lasts an identifier is sent at most {codes} codes of {} \
                     attempts; the limits already hold back more than this lock would",
                    rung.failures,
                    show_span(rung.wait),
                    rules.codes.max_attempts
                ),
                "lower its failures, lengthen its wait, or remove it",
            );
        }
        before = rung.failures;
    }
}

/// The keys by which `lockout` permits more than `strict`: of the rungs, where after some number of failures in a row it
/// locks for a shorter time.
pub(super) fn looser_than(lockout: &Lockout, strict: &Lockout) -> Vec<&'static str> {
    // What a rung forbids holds until the next: the longest wait met so far is what counts.
    let worst = |ladder: &Ladder, failures: u32| {
        ladder.rungs().iter().filter(|rung| rung.failures <= failures).map(|rung| rung.wait).max()
    };
    let mut marks = lockout.ladder.rungs().iter().chain(strict.ladder.rungs()).map(|rung| rung.failures);
    [
        ("lockout.rungs", marks.any(|n| worst(&lockout.ladder, n) < worst(&strict.ladder, n))),
        ("lockout.first_delay", lockout.delay.first < strict.delay.first),
        ("lockout.longest_delay", lockout.delay.longest < strict.delay.longest),
        ("lockout.disable_at", lockout.disable_at > strict.disable_at),
        ("lockout.mode", lockout.mode > strict.mode),
    ]
    .into_iter()
    .filter_map(|(key, looser)| looser.then_some(key))
    .collect()
}
