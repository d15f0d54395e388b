//! What was admitted here and is not yet counted by the shared limiter.

use super::Uncounted;
use crate::{
    domain::{digest::Digest, time::Timestamp, window::Decision},
    ports::limiter::{Layer, LayerKind},
};
use std::collections::HashMap;

/// Requests by key, bounded.
#[derive(Default)]
pub(super) struct Debts(HashMap<(LayerKind, Digest), Uncounted>);

impl Debts {
    /// Notes a request that was admitted at `now` with these decisions. At `max_keys` a new key is not noted: `false`.
    pub(super) fn note(&mut self, layers: &[Layer], decisions: &[Decision], now: Timestamp, max_keys: usize) -> bool {
        let mut all = true;
        let counted = layers.iter().zip(decisions).filter(|(_, decision)| decision.retry_after.is_none());
        for (layer, _) in counted {
            let name = (layer.kind, layer.key);
            if self.0.len() >= max_keys && !self.0.contains_key(&name) {
                all = false;
                continue;
            }
            let capacity = layer.kept.places;
            let debt = self.0.entry(name).or_insert_with(|| Uncounted {
                kind: layer.kind,
                key: layer.key,
                times: Vec::with_capacity(1),
                retention: layer.kept.span,
                capacity,
            });
            debt.times.push(now);
            // Cutting at twice the length moves each time once.
            if debt.times.len() > 2 * capacity {
                debt.times.drain(..debt.times.len() - capacity);
            }
        }
        all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops what is owed of these keys.
    pub(super) fn forgive(&mut self, forgiven: impl Fn(LayerKind, &Digest) -> bool) {
        self.0.retain(|(kind, key), _| !forgiven(*kind, key));
    }

    /// Takes everything.
    pub(super) fn take(&mut self) -> Vec<Uncounted> {
        std::mem::take(&mut self.0).into_values().collect()
    }

    /// Puts back what could not be told.
    pub(super) fn put_back(&mut self, debts: &[Uncounted]) {
        for debt in debts {
            let newer = self.0.remove(&(debt.kind, debt.key));
            let mut debt = debt.clone();
            debt.times.extend(newer.into_iter().flat_map(|newer| newer.times));
            self.0.insert((debt.kind, debt.key), debt);
        }
    }
}
