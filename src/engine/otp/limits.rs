//! Request limits: one question to the limiter, over every layer.

use super::{OtpEngine, proof::Proving};
use crate::{
    domain::{
        audit::{Act, AuditEvent, Outcome},
        contact::EmailAddress,
        policy::{LimitRules, Mode},
        refusal::{Refusal, limit_reason},
        secret::Secret32,
        session::Origin,
        window::{Standing, tightest},
    },
    engine::{fault, layers},
    ports::limiter::{Admission, LayerKind},
};
use tracing::Instrument as _;

/// One request for a code, as the limiter is asked about it.
pub(super) struct Asked<'a> {
    pub(super) email: &'a EmailAddress,
    pub(super) origin: &'a Origin,
    pub(super) index: &'a Secret32,
    /// What an event of it looks like.
    pub(super) event: &'a AuditEvent,
}

impl OtpEngine {
    /// Asks the limiter whether one more code may be sent, given what was proved. Where a layer in shadow would have
    /// refused, an event says so, and the caller learns nothing of it. Gives where the caller stands in
    /// the tightest window that is enforced for it, where there is one.
    pub(super) async fn admit(
        &self,
        limits: &LimitRules,
        asked: &Asked<'_>,
        proving: Proving,
    ) -> Result<Option<Standing>, Refusal> {
        let &Asked { email, origin, index, event } = asked;
        let mut layers = vec![
            layers::identifier(email, &limits.identifier, index),
            layers::address(origin.address, &limits.address, index),
            layers::all(&limits.all, index),
        ];
        layers.extend(layers::network(origin.address, &limits.network, index));
        layers.extend_from_slice(proving.layers());
        let span = tracing::info_span!("limiter", outcome = tracing::field::Empty);
        let admission = self.parts.limiter.admit(&layers).instrument(span.clone()).await;
        match admission.map_err(|fault| fault::limiter(&fault))? {
            Admission::Admitted(decisions) => {
                let told = layers.iter().zip(&decisions);
                for (layer, _) in told.clone().filter(|(_, decision)| decision.retry_after.is_some()) {
                    self.shadowed(event, layer.kind).await?;
                }
                // How much of a common budget others have spent is not the caller's to know until it is refused by it.
                let own = told.filter(|(layer, _)| {
                    matches!(layer.kind, LayerKind::Identifier | LayerKind::Address) && layer.mode == Mode::Enforce
                });
                Ok(own.map(|(_, decision)| decision.standing).reduce(tightest))
            }
            Admission::Refused { kind, standing, retry_after } => {
                span.record("outcome", "refused");
                let limited = Refusal::RateLimited { layer: kind.as_str(), standing, retry_after };
                Err(proving.refusal(kind).unwrap_or(limited))
            }
        }
    }

    async fn shadowed(&self, event: &AuditEvent, kind: LayerKind) -> Result<(), Refusal> {
        let reason = match kind {
            LayerKind::Identifier | LayerKind::Address | LayerKind::Network | LayerKind::All => {
                limit_reason(kind.as_str())
            }
            LayerKind::UnprovenIdentifier | LayerKind::UnprovenAddress | LayerKind::Proof => "PROOF_REQUIRED",
        };
        // A challenge that is about to begin may yet not: an event names none that never was.
        let challenge_id = event.challenge_id.filter(|_| event.act != Act::CodeSent);
        let event = AuditEvent { event_id: self.event_id(), act: Act::RefusalShadowed, challenge_id, ..event.clone() };
        let event = event.ended(Outcome::WouldRefuse, reason);
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))
    }
}
