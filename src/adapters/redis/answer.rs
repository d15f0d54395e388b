//! The script's answer.

use crate::domain::window::{Decision, Standing};
use std::time::Duration;

/// What the script decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Recorded in every layer but those in shadow that would have refused; what each says.
    Admitted(Vec<Entry>),
    /// Recorded in none; the enforced layers that refuse, at least one.
    Refused(Vec<Refusing>),
}

/// A layer that recorded it, or one in shadow that would not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it says.
    pub(super) decision: Decision,
    /// Under which time it was recorded, in microseconds of its server; 0 where it was not.
    pub(super) time: i64,
}

/// A layer that refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusing {
    /// Its place among the layers.
    pub(super) layer: usize,
    /// The limit of its window that makes wait longest.
    pub(super) limit: u32,
    /// How long that is.
    pub(super) wait: Duration,
}

impl Answer {
    /// Reads the script's numbers; `None` where they are none of its answers on so many layers.
    pub(super) fn read(numbers: &[i64], layers: usize) -> Option<Self> {
        let (verdict, rest) = numbers.split_first()?;
        let span = |micros: i64| u64::try_from(micros).ok().map(Duration::from_micros);
        let count = |number: i64| u32::try_from(number).ok();
        match verdict {
            1 => {
                let (entries, []) = rest.as_chunks::<5>() else { return None };
                let read = |&[limit, remaining, reset, wait, time]: &[i64; 5]| {
                    let standing = Standing { limit: count(limit)?, remaining: count(remaining)?, reset: span(reset)? };
                    let wait = span(wait)?;
                    Some(Entry {
                        decision: Decision { standing, retry_after: (!wait.is_zero()).then_some(wait) },
                        time,
                    })
                };
                let entries = (entries.len() == layers).then(|| entries.iter().map(read).collect::<Option<_>>());
                entries.flatten().map(Self::Admitted)
            }
            0 if !rest.is_empty() => {
                let (refusals, []) = rest.as_chunks::<3>() else { return None };
                let refusals = refusals.iter().map(|&[place, limit, wait]| {
                    let layer = usize::try_from(place).ok()?.checked_sub(1).filter(|layer| *layer < layers)?;
                    Some(Refusing { layer, limit: count(limit)?, wait: span(wait)? })
                });
                refusals.collect::<Option<_>>().map(Self::Refused)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_scripts_answers_and_no_others() {
        let standing = Standing { limit: 3, remaining: 2, reset: Duration::from_micros(7) };
        let admitting = Decision { standing, retry_after: None };
        let shadowed = Decision { standing, retry_after: Some(Duration::from_micros(9)) };
        let refusing = Refusing { layer: 1, limit: 5, wait: Duration::from_micros(9) };
        for (numbers, layers, answer) in [
            (&[1_i64, 3, 2, 7, 0, 11][..], 1, Some(Answer::Admitted(vec![Entry { decision: admitting, time: 11 }]))),
            (&[1, 3, 2, 7, 9, 0], 1, Some(Answer::Admitted(vec![Entry { decision: shadowed, time: 0 }]))),
            (&[1], 0, Some(Answer::Admitted(Vec::new()))),
            (&[0, 2, 5, 9], 2, Some(Answer::Refused(vec![refusing]))),
            (&[], 0, None),
            (&[0], 1, None),
            (&[2, 3, 2, 7, 0, 11], 1, None),
            (&[1, 3, 2, 7, 0, 11], 2, None),
            (&[1, 3, 2, 7, 0], 1, None),
            (&[1, 3, -2, 7, 0, 11], 1, None),
            (&[1, 3, 2, 7, -1, 11], 1, None),
            (&[0, 0, 5, 9], 2, None),
            (&[0, 3, 5, 9], 2, None),
            (&[0, 1, 5, -9], 2, None),
        ] {
            assert_eq!(Answer::read(numbers, layers), answer, "{numbers:?} on {layers}");
        }
    }
}
