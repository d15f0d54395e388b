//! A limiter whose decisions are counted, and providers whose hand-overs are.

use crate::{
    domain::message::Handover,
    ports::{
        limiter::{Admission, Counter, Layer, LayerKind, Limiter, LimiterFault, Stands},
        messenger::Messenger,
    },
    telemetry::metrics::{DECISIONS, HANDOVERS},
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
                    DECISIONS.add(layer.kind.index(), outcome);
                }
            }
            Ok(Admission::Refused { kind, .. }) => DECISIONS.add(kind.index(), REFUSED),
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

/// The columns of the instrument, and its row for no layer. The others are those of the kinds of layers, in their order.
const ADMITTED: usize = 0;
const REFUSED: usize = 1;
const FAULT: usize = 2;
const WOULD_REFUSE: usize = 3;
const NO_LAYER: usize = LayerKind::ALL.len();

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
        HANDOVERS.add_labelled(self.0.name(), handover.class(), 1);
        handover
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_layer_is_counted_under_its_name() {
        for kind in LayerKind::ALL {
            assert_eq!((LayerKind::ALL[kind.index()], DECISIONS.rows()[kind.index()]), (kind, kind.as_str()));
        }
        assert_eq!(DECISIONS.rows()[NO_LAYER], "none");
    }
}
