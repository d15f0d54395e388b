//! Limits within one process: for a service of one process, and for tests.

mod table;

use crate::{
    domain::{time::Timestamp, window},
    ports::{
        clock::Clock,
        limiter::{Admission, Layer, LayerKind, Limiter, LimiterFault},
    },
};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use table::{Name, Table};

/// Tables of each kind of layer, so that requests for different keys seldom wait for one another.
const SHARDS: usize = 16;

/// Kinds of layers; each has tables and a bound of its own, so that keys of one kind never crowd out another's.
const KINDS: usize = 6;

/// Counts requests in this process. What it counted is lost when the process ends, and no other process sees it.
///
/// A request takes all layers' tables in one order and holds them while it decides, so that it is admitted in every
/// layer or recorded in none, and two requests never wait for each other. Nothing is awaited meanwhile.
///
/// A key costs some 150 to 200 bytes and 8 for each admitted request beyond the third. A key is dropped once its longest
/// window has passed, and refused requests make no key. Past `max_keys` of a kind the one whose last admitted request
/// is oldest is dropped early, which gives it a fresh budget: that is logged and counted in `evicted`.
pub struct MemoryLimiter {
    clock: Arc<dyn Clock>,
    tables: Vec<Mutex<Table>>,
    keys_per_table: usize,
    evicted: AtomicU64,
}

impl MemoryLimiter {
    /// As many keys of a kind as take some 50 megabytes. With the default limits a flood that spends all of the budget
    /// over all takes four hours to fill them, so that no window but the one of a day can be cut short.
    pub const DEFAULT_MAX_KEYS: usize = 250_000;

    /// A limiter without any request, of at most about `max_keys` keys of each kind (rounded up to a multiple of 16).
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, max_keys: usize) -> Self {
        Self {
            clock,
            tables: (0..KINDS * SHARDS).map(|_| Mutex::new(Table::default())).collect(),
            keys_per_table: max_keys.div_ceil(SHARDS).max(1),
            evicted: AtomicU64::new(0),
        }
    }

    /// How many keys are held now.
    #[must_use]
    pub fn tracked(&self) -> usize {
        self.tables.iter().map(|table| lock(table).len()).sum()
    }

    /// How many keys were dropped while one of their windows was open.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    fn decide(&self, layers: &[Layer], now: Timestamp) -> Admission {
        let names: Vec<Name> = layers.iter().map(|layer| Name::of(&layer.key)).collect();
        let places: Vec<usize> =
            layers.iter().zip(&names).map(|(layer, name)| row(layer.kind) * SHARDS + name.shard(SHARDS)).collect();
        let mut tables = self.lock_in_order(&places);
        let log = |place: &usize, name: &Name| tables.get(place).map_or(&[][..], |table| table.log(name));
        let decisions: Vec<_> = (layers.iter().zip(&names).zip(&places))
            .map(|((layer, name), place)| window::decide(&layer.windows, log(place, name), now))
            .collect();
        let refused = layers
            .iter()
            .zip(&decisions)
            .filter_map(|(layer, decision)| decision.retry_after.map(|wait| (wait, layer.kind, decision.standing)));
        // Of equal waits the first layer's.
        if let Some((retry_after, kind, standing)) = refused.reduce(|a, b| if b.0 > a.0 { b } else { a }) {
            return Admission::Refused { kind, standing, retry_after };
        }
        for ((layer, name), place) in layers.iter().zip(&names).zip(&places) {
            if let Some(table) = tables.get_mut(place) {
                self.note_evicted(table.record(*name, &layer.windows, now, self.keys_per_table));
            }
        }
        Admission::Admitted(decisions.iter().map(|decision| decision.standing).collect())
    }

    /// Locks each table once, lowest first: the one order that all requests keep, so that none waits in a circle.
    fn lock_in_order(&self, places: &[usize]) -> BTreeMap<usize, MutexGuard<'_, Table>> {
        let order: BTreeSet<usize> = places.iter().copied().collect();
        order.into_iter().map(|place| (place, lock(&self.tables[place]))).collect()
    }

    fn note_evicted(&self, count: u64) {
        if count == 0 {
            return;
        }
        let evicted = self.evicted.fetch_add(count, Ordering::Relaxed) + count;
        // At 1, 2, 4, 8, … keys: often enough to be seen, too seldom to fill a disk.
        if evicted.is_power_of_two() {
            tracing::warn!(evicted, "limits in memory are full; the keys unused for longest got a fresh budget");
        }
    }
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault> {
        Ok(self.decide(layers, self.clock.now()))
    }
}

const fn row(kind: LayerKind) -> usize {
    match kind {
        LayerKind::Identifier => 0,
        LayerKind::Address => 1,
        LayerKind::All => 2,
        LayerKind::UnprovenIdentifier => 3,
        LayerKind::UnprovenAddress => 4,
        LayerKind::Proof => 5,
    }
}

/// A table is whole between any two statements that could end a thread, so a poisoned lock guards nothing broken.
fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
