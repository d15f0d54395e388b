//! The logs of one kind of layer, in the order of their last admitted request.

use crate::domain::{
    digest::Digest,
    time::Timestamp,
    window::{self, Kept},
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// A key, as a name that is compared like any bytes: it is no secret here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name([u8; 32]);

impl Name {
    pub(super) fn of(key: &Digest) -> Self {
        Self(*key.bytes())
    }

    pub(super) fn key(self) -> Digest {
        Digest::from_bytes(self.0)
    }

    pub(super) fn shard(self, shards: usize) -> usize {
        usize::from(self.0[0]) % shards
    }
}

/// The admitted requests of one key, oldest first, never empty.
struct Log {
    times: Vec<Timestamp>,
    /// Its place in the order of last admitted requests.
    turn: u64,
}

/// Logs by name, bounded.
#[derive(Default)]
pub(super) struct Table {
    logs: HashMap<Name, Log>,
    order: BTreeMap<u64, Name>,
    next_turn: u64,
    /// The longest that any log was asked to be kept: one figure, as all layers of a kind keep theirs alike.
    retention: Duration,
    /// The most times that any log was asked to keep.
    capacity: usize,
}

impl Table {
    /// The times of a key's admitted requests, oldest first.
    pub(super) fn log(&self, name: &Name) -> &[Timestamp] {
        self.logs.get(name).map_or(&[], |log| &log.times)
    }

    /// Every log with its name, in no order.
    pub(super) fn logs(&self) -> impl Iterator<Item = (Name, &[Timestamp])> {
        self.logs.iter().map(|(name, log)| (*name, &log.times[..]))
    }

    /// How long a log matters after its newest time, and how many times of it do.
    pub(super) const fn bounds(&self) -> (Duration, usize) {
        (self.retention, self.capacity)
    }

    /// How many keys it holds.
    pub(super) fn len(&self) -> usize {
        self.logs.len()
    }

    /// Records an admitted request, and drops what is past its time, a few at a time, or past `max_keys`. Gives how
    /// many were dropped before their time.
    pub(super) fn record(&mut self, name: Name, kept: Kept, now: Timestamp, max_keys: usize) -> u64 {
        self.retention = self.retention.max(kept.span);
        self.capacity = self.capacity.max(kept.places);
        let turn = self.next_turn;
        self.next_turn += 1;
        // Most keys see one request; a place for just that keeps them small.
        let log = self.logs.entry(name).or_insert_with(|| Log { times: Vec::with_capacity(1), turn });
        log.times.push(window::admitted_at(&log.times, now));
        // Cutting at twice the length moves each time once, however long the log.
        if log.times.len() > 2 * kept.places {
            log.times.drain(..log.times.len() - kept.places);
        }
        self.order.remove(&std::mem::replace(&mut log.turn, turn));
        self.order.insert(turn, name);
        self.drop_some(now, max_keys)
    }

    /// Two for each one that may have come: what a flood leaves behind is gone after half as many requests.
    fn drop_some(&mut self, now: Timestamp, max_keys: usize) -> u64 {
        let mut early = 0;
        for _ in 0..2 {
            let Some(oldest) = self.order.first_entry() else { break };
            let newest = self.logs.get(oldest.get()).and_then(|log| log.times.last());
            let expired = newest.is_none_or(|newest| newest.after(self.retention) <= now);
            if !expired && self.logs.len() <= max_keys {
                break;
            }
            early += u64::from(!expired);
            self.logs.remove(&oldest.remove());
        }
        early
    }
}
