//! Limits within one process: for a service of one process, and for tests.

mod table;

use crate::{
    domain::{
        digest::Digest,
        policy::Mode,
        time::Timestamp,
        window::{self, Decision, Stand},
    },
    ports::{
        clock::Clock,
        limiter::{Admission, Counter, Layer, LayerKind, Limiter, LimiterFault, Stands},
    },
};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use table::{Name, Table};

/// Tables of each kind of layer, so that requests for different keys seldom wait for one another. A kind has tables and a
/// bound of its own: keys of one kind never crowd out another's.
const SHARDS: usize = 16;

/// Some tables, locked.
type Locked<'a> = BTreeMap<usize, MutexGuard<'a, Table>>;

/// Where the log of a layer is.
struct Place {
    table: usize,
    name: Name,
}

/// The log of one key.
pub(in crate::adapters) struct KeptLog {
    /// Its kind.
    pub(in crate::adapters) kind: LayerKind,
    /// Whose it is.
    pub(in crate::adapters) key: Digest,
    /// When its requests were admitted, oldest first.
    pub(in crate::adapters) times: Vec<Timestamp>,
    /// How long it matters after its newest time.
    pub(in crate::adapters) retention: Duration,
    /// How many of its newest times matter.
    pub(in crate::adapters) capacity: usize,
}

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
            tables: (0..LayerKind::ALL.len() * SHARDS).map(|_| Mutex::new(Table::default())).collect(),
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

    pub(in crate::adapters) fn decide(&self, layers: &[Layer], now: Timestamp) -> Admission {
        let places = places(layers);
        let mut tables = self.lock_in_order(&places);
        let decisions = match judge(layers, &places, &tables, now) {
            Ok(decisions) => decisions,
            Err(refusal) => return refusal,
        };
        self.record_in(&mut tables, layers, &decisions, &places, now);
        Admission::Admitted(decisions)
    }

    /// The refusal that a request would meet now; nothing is recorded.
    pub(in crate::adapters) fn refusal(&self, rules: &[Layer], now: Timestamp) -> Option<Admission> {
        let places = places(rules);
        judge(rules, &places, &self.lock_in_order(&places), now).err()
    }

    /// Where the layers stand.
    pub(in crate::adapters) fn stands(&self, layers: &[Layer], now: Timestamp) -> Vec<Vec<Stand>> {
        let places = places(layers);
        let tables = self.lock_in_order(&places);
        let stand = |(layer, place): (&Layer, &Place)| window::stand(&layer.windows, log(&tables, place), now);
        layers.iter().zip(&places).map(stand).collect()
    }

    /// Records a request that was admitted elsewhere, with these decisions.
    pub(in crate::adapters) fn record(&self, layers: &[Layer], decisions: &[Decision], now: Timestamp) {
        let places = places(layers);
        self.record_in(&mut self.lock_in_order(&places), layers, decisions, &places, now);
    }

    /// Shows every log, oldest time first, with how long and how many of its times matter, one table after the other.
    pub(in crate::adapters) fn tables(&self) -> impl Iterator<Item = Vec<KeptLog>> {
        self.tables.iter().enumerate().map(|(place, table)| {
            let table = lock(table);
            let (retention, capacity) = table.bounds();
            let kind = LayerKind::ALL[place / SHARDS];
            let kept = |(name, times): (Name, &[Timestamp])| KeptLog {
                kind,
                key: name.key(),
                times: times.to_vec(),
                retention,
                capacity,
            };
            table.logs().map(kept).collect()
        })
    }

    /// Records a request in every layer but those in shadow that would have refused it.
    fn record_in(
        &self,
        tables: &mut Locked<'_>,
        layers: &[Layer],
        decisions: &[Decision],
        places: &[Place],
        now: Timestamp,
    ) {
        for ((layer, decision), place) in layers.iter().zip(decisions).zip(places) {
            if decision.retry_after.is_none()
                && let Some(table) = tables.get_mut(&place.table)
            {
                self.note_evicted(table.record(place.name, layer.kept, now, self.keys_per_table));
            }
        }
    }

    /// Locks each table once, lowest first: the one order that all requests keep, so that none waits in a circle.
    fn lock_in_order(&self, places: &[Place]) -> Locked<'_> {
        let order: BTreeSet<usize> = places.iter().map(|place| place.table).collect();
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

    async fn stand(&self, layers: &[Layer]) -> Result<Stands, LimiterFault> {
        Ok(Stands { counter: Counter::Memory, layers: self.stands(layers, self.clock.now()) })
    }

    fn counter(&self) -> Counter {
        Counter::Memory
    }
}

fn places(layers: &[Layer]) -> Vec<Place> {
    let place = |layer: &Layer| {
        let name = Name::of(&layer.key);
        Place { table: layer.kind.index() * SHARDS + name.shard(SHARDS), name }
    };
    layers.iter().map(place).collect()
}

/// What each layer says where all that are enforced admit, or the refusal that makes wait longest; of equal waits the first layer's.
fn judge(rules: &[Layer], places: &[Place], tables: &Locked<'_>, now: Timestamp) -> Result<Vec<Decision>, Admission> {
    let decide = |(layer, place): (&Layer, &Place)| window::decide(&layer.windows, log(tables, place), now);
    let decisions: Vec<_> = rules.iter().zip(places).map(decide).collect();
    let refused = (rules.iter().zip(&decisions))
        .filter(|(layer, _)| layer.mode == Mode::Enforce)
        .filter_map(|(layer, decision)| decision.retry_after.map(|wait| (wait, layer.kind, decision.standing)));
    match refused.reduce(|a, b| if b.0 > a.0 { b } else { a }) {
        Some((retry_after, kind, standing)) => Err(Admission::Refused { kind, standing, retry_after }),
        None => Ok(decisions),
    }
}

/// The times of a layer's admitted requests, oldest first.
fn log<'a>(tables: &'a Locked<'_>, place: &Place) -> &'a [Timestamp] {
    tables.get(&place.table).map_or(&[][..], |table| table.log(&place.name))
}

/// A table is whole between any two statements that could end a thread, so a poisoned lock guards nothing broken.
fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
