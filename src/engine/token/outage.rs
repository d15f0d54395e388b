//! When the store last failed. Whoever was told to try again meanwhile has not had its time to do so.

use crate::domain::time::Timestamp;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What is added to a grace at the most: a store that fails now and then for ever does not make it endless.
const MOST: Duration = Duration::from_mins(10);

/// The last time in which the store failed, over and over or once.
#[derive(Debug)]
pub(super) struct Outage {
    grace: Duration,
    last: Mutex<Option<Span>>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    began: Timestamp,
    last: Timestamp,
}

impl Outage {
    /// None yet. It is one outage as long as no more than `grace` passes between failures.
    pub(super) const fn none(grace: Duration) -> Self {
        Self { grace, last: Mutex::new(None) }
    }

    /// The store failed now.
    pub(super) fn note(&self, now: Timestamp) {
        let mut span = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let began = span.filter(|span| now.since(span.last) <= self.grace).map_or(now, |span| span.began);
        *span = Some(Span { began, last: now });
    }

    /// The grace as it is where the store has not failed within it, or so much longer that it begins at the end of the outage.
    pub(super) fn grace(&self, now: Timestamp) -> Duration {
        let (grace, span) = (self.grace, *self.last.lock().unwrap_or_else(PoisonError::into_inner));
        match span {
            Some(Span { began, last }) if now.since(last) <= grace => grace + now.since(began).min(MOST),
            _ => grace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0).after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_grace_begins_at_the_end_of_an_outage() {
        let outage = Outage::none(GRACE);
        assert_eq!(outage.grace(at(100)), GRACE, "none yet");
        for second in [100, 108, 118] {
            outage.note(at(second));
        }
        // What was stamped ten seconds before the first failure is still within it, and nothing older.
        assert_eq!(outage.grace(at(120)), Duration::from_secs(30));
        assert_eq!(outage.grace(at(128)), Duration::from_secs(38));
        assert_eq!(outage.grace(at(129)), GRACE, "it has been over for longer than the grace");
        outage.note(at(200));
        assert_eq!(outage.grace(at(201)), Duration::from_secs(11), "another one");
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let outage = Outage::none(GRACE);
        for second in 0..10_000 {
            outage.note(at(second));
        }
        assert_eq!(outage.grace(at(10_000)), GRACE + MOST);
    }
}
