//! `[lockout]`: the ladder of waits after wrong codes in a row.

use super::{
    Rules,
    review::Contradictions,
    text::{Lines, show_span},
};
use crate::domain::{lockout::Ladder, window};

/// What is to be different of the ladder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockoutChange {
    /// The whole ladder.
    pub rungs: Option<Ladder>,
}

impl LockoutChange {
    pub(super) fn apply(&self, ladder: &mut Ladder) {
        if let Some(rungs) = &self.rungs {
            ladder.clone_from(rungs);
        }
    }

    pub(super) fn write(&self, lines: &mut Lines) {
        let Some(ladder) = &self.rungs else { return };
        lines.section("lockout");
        let rungs = ladder.rungs().iter();
        lines.list(
            "rungs",
            rungs.map(|rung| format!("{{ failures = {}, wait = \"{}\" }}", rung.failures, show_span(rung.wait))),
        );
    }

    /// One sentence for each rung.
    pub(super) fn words(&self) -> Vec<String> {
        let rungs = self.rungs.iter().flat_map(Ladder::rungs);
        rungs
            .map(|rung| {
                let (failures, wait) = (rung.failures, show_span(rung.wait));
                format!("lockout.rungs: after {failures} wrong codes in a row no code is evaluated for {wait}")
            })
            .collect()
    }
}

/// Notes the rungs that the other rules keep anybody from reaching.
pub(super) fn contradictions(rules: &Rules, found: &mut Contradictions) {
    let mut before = 0;
    for rung in rules.lockout.rungs() {
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

/// Whether there is a number of failures in a row after which `ladder` locks for a shorter time than `strict`.
pub(super) fn looser_than(ladder: &Ladder, strict: &Ladder) -> bool {
    // What a rung forbids holds until the next: the longest wait met so far is what counts.
    let worst = |ladder: &Ladder, failures: u32| {
        ladder.rungs().iter().filter(|rung| rung.failures <= failures).map(|rung| rung.wait).max()
    };
    let marks = ladder.rungs().iter().chain(strict.rungs()).map(|rung| rung.failures);
    marks.into_iter().any(|failures| worst(ladder, failures) < worst(strict, failures))
}
