//! The logs and failures that a simulation follows, bounded.

use crate::domain::{
    contact::IdentifierKey,
    network::AddressBucket,
    time::Timestamp,
    window::{self, Kept},
};
use std::{collections::HashMap, time::Duration};

/// How many keys are followed at once, some 200 bytes each.
const MAX_KEYS: usize = 500_000;

/// How many records go by between two looks for logs that are past their time.
const BETWEEN_SWEEPS: u64 = 65_536;

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// An identifier's.
    Identifier(IdentifierKey),
    /// A client address', or that of all whose address is not known.
    Address(Option<AddressBucket>),
    /// An IPv6 network's of 48 bits.
    Network(AddressBucket),
    /// Everybody's.
    All,
}

/// Logs of admitted requests, and wrong codes in a row.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    logs: HashMap<Key, Vec<Timestamp>>,
    failures: HashMap<IdentifierKey, (u32, Timestamp)>,
    /// The longest that any log was asked to be kept.
    retention: Duration,
    records: u64,
    next_sweep: u64,
    untracked: u64,
}

impl Tracks {
    /// The times of a key's admitted requests, oldest first.
    pub(super) fn log(&self, key: Key) -> &[Timestamp] {
        self.logs.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Records an admitted request.
    pub(super) fn record(&mut self, key: Key, kept: Kept, time: Timestamp) {
        self.retention = self.retention.max(kept.span);
        self.records += 1;
        if !self.logs.contains_key(&key) && !self.has_place(self.logs.len(), time) {
            self.untracked += 1;
            return;
        }
        let log = self.logs.entry(key).or_insert_with(|| Vec::with_capacity(1));
        log.push(window::admitted_at(log, time));
        // Cutting at twice the length moves each time once.
        if log.len() > 2 * kept.places {
            log.drain(..log.len() - kept.places);
        }
    }

    /// Wrong codes in a row of an identifier, and until when it is locked.
    pub(super) fn failures(&self, identifier: IdentifierKey) -> (u32, Timestamp) {
        self.failures.get(&identifier).copied().unwrap_or((0, Timestamp::from_micros(i64::MIN)))
    }

    /// Notes a wrong code.
    pub(super) fn fail(&mut self, identifier: IdentifierKey, failures: u32, locked_until: Timestamp) {
        if self.failures.contains_key(&identifier) || self.failures.len() < MAX_KEYS {
            self.failures.insert(identifier, (failures, locked_until));
        } else {
            self.untracked += 1;
        }
    }

    /// Forgets the wrong codes of an identifier.
    pub(super) fn forget(&mut self, identifier: IdentifierKey) {
        self.failures.remove(&identifier);
    }

    /// How many requests were not followed for want of a place.
    pub(super) const fn untracked(&self) -> u64 {
        self.untracked
    }

    /// Whether one more log has a place; looks at times for those that are past theirs.
    fn has_place(&mut self, held: usize, now: Timestamp) -> bool {
        if held >= MAX_KEYS && self.records >= self.next_sweep {
            self.next_sweep = self.records + BETWEEN_SWEEPS;
            let retention = self.retention;
            self.logs.retain(|_, log| log.last().is_some_and(|newest| newest.after(retention) > now));
        }
        self.logs.len() < MAX_KEYS
    }
}
