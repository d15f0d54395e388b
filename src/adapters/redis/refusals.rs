//! Refusals that still hold, so that a flood of refused requests does not reach Redis.

use crate::{
    domain::{
        digest::Digest,
        policy::Mode,
        window::{Standing, Window},
    },
    ports::limiter::{Admission, Layer, LayerKind},
};
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// How many layers are remembered, some 20 megabytes; past that the least used are asked for again.
const MAX_LAYERS: u64 = 65_536;

#[derive(Clone)]
struct Refusal {
    limit: u32,
    /// The windows that refused. Under a policy that has changed, or an override, others count on the same key.
    windows: Arc<[Window]>,
    /// Until then Redis would refuse: the wait that it told, counted from before it was asked.
    certain_until: Instant,
    /// From then on it would not: the same wait, counted from when the answer was there.
    over_at: Instant,
}

/// What Redis refused, by layer. The time is this machine's steady clock: an adjusted time of day moves nothing.
///
/// An admitted request never leaves a log before its time, so a refusal holds for as long as it said, whatever others
/// do; only a Redis that lost its data or was emptied on purpose would say otherwise, and is asked again after `trust`.
/// What is not known here (another layer, whose wait might be longer still) is not asked for.
pub(super) struct Refusals(Option<Cache<(LayerKind, Digest), Refusal>>);

impl Refusals {
    pub(super) fn new(trust: Duration) -> Self {
        Self((!trust.is_zero()).then(|| Cache::builder().max_capacity(MAX_LAYERS).time_to_live(trust).build()))
    }

    /// Remembers that a layer refuses for `wait`, as an answer said that was asked for at `asked`.
    pub(super) fn remember(&self, layer: &Layer, limit: u32, wait: Duration, asked: Instant) {
        let Some(cache) = &self.0 else { return };
        let now = Instant::now();
        let (Some(certain_until), Some(over_at)) = (asked.checked_add(wait), now.checked_add(wait)) else { return };
        if certain_until > now {
            let windows = Arc::clone(&layer.windows);
            cache.insert((layer.kind, layer.key), Refusal { limit, windows, certain_until, over_at });
        }
    }

    /// The longest refusal among the layers that is known to hold; a layer in shadow has none.
    pub(super) fn known(&self, layers: &[Layer]) -> Option<Admission> {
        let cache = self.0.as_ref()?;
        let now = Instant::now();
        let enforced = layers.iter().filter(|layer| layer.mode == Mode::Enforce);
        let known = enforced.filter_map(|layer| {
            let refusal = cache.get(&(layer.kind, layer.key))?;
            let holds = refusal.certain_until > now && refusal.windows == layer.windows;
            holds.then_some((layer.kind, refusal.limit, refusal.over_at.duration_since(now)))
        });
        longest(known)
    }
}

/// Of refusals the one that makes wait longest; of equals the first. A full window's wait is also the time until it
/// lets one more in.
pub(super) fn longest(refusals: impl Iterator<Item = (LayerKind, u32, Duration)>) -> Option<Admission> {
    let (kind, limit, wait) = refusals.reduce(|a, b| if b.2 > a.2 { b } else { a })?;
    let standing = Standing { limit, remaining: 0, reset: wait };
    Some(Admission::Refused { kind, standing, retry_after: wait })
}
