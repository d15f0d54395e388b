//! When the store last failed. Whoever was told to try again meanwhile has not had its time to do so.

use crate::domain::{id::SessionId, time::Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What is added to a grace at the most: a store that fails now and then for ever does not make it endless.
const MOST: Duration = Duration::from_mins(10);

/// How many sessions are remembered at once whose own rotation failed.
const SESSIONS: usize = 10_000;

/// The last times in which the store failed: for all, or for a session alone. What a caller can bring about by crowding one session
/// makes no other's grace longer.
#[derive(Debug)]
pub(super) struct Outages {
    grace: Duration,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    of_all: Option<Outage>,
    of_one: HashMap<SessionId, Outage>,
}

/// From one failure to the last that followed it within the grace.
#[derive(Clone, Copy, Debug)]
struct Outage {
    began: Timestamp,
    last: Timestamp,
}

impl Outages {
    /// None yet. It is one outage as long as no more than `grace` passes between failures.
    pub(super) fn none(grace: Duration) -> Self {
        Self { grace, known: Mutex::default() }
    }

    /// The store failed now where nobody in particular asked.
    pub(super) fn note(&self, now: Timestamp) {
        let mut known = self.known();
        known.of_all = Some(self.going_on(known.of_all, now));
    }

    /// The rotation of a session failed now, and may have been written.
    pub(super) fn note_of(&self, session: SessionId, now: Timestamp) {
        let mut known = self.known();
        if known.of_one.len() >= SESSIONS {
            known.of_one.retain(|_, outage| self.matters(outage, now));
        }
        let outage = self.going_on(known.of_one.get(&session).copied(), now);
        if known.of_one.len() < SESSIONS || known.of_one.contains_key(&session) {
            known.of_one.insert(session, outage);
        }
    }

    /// The grace as it is where the store has not failed within it, or so much longer that it begins at the end of the outage.
    pub(super) fn grace(&self, session: SessionId, now: Timestamp) -> Duration {
        let known = self.known();
        let outages = known.of_all.iter().chain(known.of_one.get(&session));
        let longest = outages.filter(|outage| self.matters(outage, now)).map(|outage| now.since(outage.began)).max();
        self.grace + longest.unwrap_or_default().min(MOST)
    }

    fn going_on(&self, known: Option<Outage>, now: Timestamp) -> Outage {
        let began = known.filter(|outage| self.matters(outage, now)).map_or(now, |outage| outage.began);
        Outage { began, last: now }
    }

    fn matters(&self, outage: &Outage, now: Timestamp) -> bool {
        now.since(outage.last) <= self.grace
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const GRACE: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0).after(Duration::from_secs(seconds))
    }

    fn session(number: usize) -> SessionId {
        SessionId::new(Uuid::from_u128(number.try_into().unwrap()))
    }

    #[test]
    fn a_grace_begins_at_the_end_of_an_outage() {
        let outages = Outages::none(GRACE);
        let grace = |second| outages.grace(session(1), at(second));
        assert_eq!(grace(100), GRACE, "none yet");
        for second in [100, 108, 118] {
            outages.note(at(second));
        }
        // What was stamped ten seconds before the first failure is still within it, and nothing older.
        assert_eq!(grace(120), Duration::from_secs(30));
        assert_eq!(grace(128), Duration::from_secs(38));
        assert_eq!(grace(129), GRACE, "it has been over for longer than the grace");
        outages.note(at(200));
        assert_eq!(grace(201), Duration::from_secs(11), "another one");
    }

    #[test]
    fn what_failed_for_one_session_is_no_others() {
        let outages = Outages::none(GRACE);
        outages.note_of(session(1), at(100));
        outages.note_of(session(1), at(105));
        assert_eq!(outages.grace(session(1), at(106)), Duration::from_secs(16));
        assert_eq!(outages.grace(session(2), at(106)), GRACE);
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let outages = Outages::none(GRACE);
        for second in 0..10_000 {
            outages.note(at(second));
        }
        assert_eq!(outages.grace(session(1), at(10_000)), GRACE + MOST);
        for number in 0..2 * SESSIONS {
            outages.note_of(session(number), at(10_000));
        }
        assert_eq!(outages.known().of_one.len(), SESSIONS);
        outages.note_of(session(2 * SESSIONS), at(10_011));
        assert_eq!(outages.known().of_one.len(), 1, "those that are over make room");
    }
}
