//! A limiter whose decisions are counted, and providers whose hand-overs are.

use crate::{
    domain::message::Handover,
    ports::{
        limiter::{Admission, Counter, Layer, LayerKind, Limiter, LimiterFault, Stands},
        messenger::Messenger,
    },
    telemetry::metrics::{DECISIONS, HANDOVER_CLASSES, HANDOVERS, PROVIDER_KINDS},
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// Counts the decisions of another limiter, by layer and outcome.
pub struct CountedLimiter(pub Arc<dyn Limiter>);

#[async_trait]
impl Limiter for CountedLimiter {
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault> {
        let decided = self.0.admit(layers).await;
        match &decided {
            Ok(Admission::Admitted(decisions)) => {
                for (layer, decision) in layers.iter().zip(decisions) {
                    let outcome = if decision.retry_after.is_some() { WOULD_REFUSE } else { ADMITTED };
                    DECISIONS.add(row(layer.kind), outcome);
                }
            }
            Ok(Admission::Refused { kind, .. }) => DECISIONS.add(row(*kind), REFUSED),
            Err(_) => DECISIONS.add(NO_LAYER, FAULT),
        }
        decided
    }

    async fn stand(&self, layers: &[Layer]) -> Result<Stands, LimiterFault> {
        self.0.stand(layers).await
    }

    fn counter(&self) -> Counter {
        self.0.counter()
    }
}

/// The columns of the instrument, and its row for no layer.
const ADMITTED: usize = 0;
const REFUSED: usize = 1;
const FAULT: usize = 2;
const WOULD_REFUSE: usize = 3;
const NO_LAYER: usize = 10;

const fn row(kind: LayerKind) -> usize {
    match kind {
        LayerKind::Identifier => 0,
        LayerKind::Address => 1,
        LayerKind::Network => 2,
        LayerKind::All => 3,
        LayerKind::UnprovenIdentifier => 4,
        LayerKind::UnprovenAddress => 5,
        LayerKind::Proof => 6,
        LayerKind::Device => 7,
        LayerKind::Failures => 8,
        LayerKind::Guesses => 9,
    }
}

/// Counts the hand-overs of another messenger, by the kind of provider and how they end.
pub struct CountedMessenger<E>(pub Arc<dyn Messenger<E>>);

#[async_trait]
impl<E: Send + Sync> Messenger<E> for CountedMessenger<E> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn time_limit(&self) -> Duration {
        self.0.time_limit()
    }

    async fn hand_over(&self, envelope: &E) -> Handover {
        let handover = self.0.hand_over(envelope).await;
        let place = |table: &[&str], word: &str| table.iter().position(|other| *other == word).unwrap_or(usize::MAX);
        HANDOVERS.add(place(&PROVIDER_KINDS, self.0.name()), place(&HANDOVER_CLASSES, handover.class()));
        handover
    }
}
