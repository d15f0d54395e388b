//! Request limits: one question to the limiter, over every layer.

use super::OtpEngine;
use crate::{
    domain::{
        audit::{Act, AuditEvent, Outcome},
        contact::EmailAddress,
        digest::Digest,
        network,
        policy::{LimitRule, LimitRules, Mode},
        refusal::Refusal,
        secret::Secret32,
        session::Origin,
        window::{Standing, tightest},
    },
    engine::fault,
    ports::limiter::{Admission, Layer, LayerKind},
};
use tracing::Instrument as _;

impl OtpEngine {
    /// Asks the limiter whether one more code may be sent to `email` from `origin`. Where a layer in shadow would have
    /// refused, an event like `event` says so, and the caller learns nothing of it. Gives where the caller stands in
    /// the tightest window that is enforced for it, where there is one.
    pub(super) async fn admit(
        &self,
        limits: &LimitRules,
        email: &EmailAddress,
        origin: &Origin,
        index: &Secret32,
        event: &AuditEvent,
    ) -> Result<Option<Standing>, Refusal> {
        let layers = [
            layer(LayerKind::Identifier, email.abuse_key(index).0, &limits.identifier),
            layer(LayerKind::Address, network::address_key(origin.address, index), &limits.address),
            layer(LayerKind::All, Digest::hmac(index, &[b"identity.v1 everyone"]), &limits.all),
        ];
        let span = tracing::info_span!("limiter", outcome = tracing::field::Empty);
        let admission = self.parts.limiter.admit(&layers).instrument(span.clone()).await;
        match admission.map_err(|fault| fault::limiter(&fault))? {
            Admission::Admitted(decisions) => {
                let told = layers.iter().zip(&decisions);
                for (layer, _) in told.clone().filter(|(_, decision)| decision.retry_after.is_some()) {
                    self.shadowed(event, layer.kind).await?;
                }
                // How much of the common budget others have spent is not the caller's to know until it is refused by it.
                let own = told.filter(|(layer, _)| layer.kind != LayerKind::All && layer.mode == Mode::Enforce);
                Ok(own.map(|(_, decision)| decision.standing).reduce(tightest))
            }
            Admission::Refused { kind, standing, retry_after } => {
                span.record("outcome", "refused");
                Err(Refusal::RateLimited { layer: kind.as_str(), standing, retry_after })
            }
        }
    }

    async fn shadowed(&self, event: &AuditEvent, kind: LayerKind) -> Result<(), Refusal> {
        let reason = match kind {
            LayerKind::Identifier => "RATE_LIMITED_IDENTIFIER",
            LayerKind::Address => "RATE_LIMITED_ADDRESS",
            LayerKind::All => "RATE_LIMITED_ALL",
        };
        // A challenge that is about to begin may yet not: an event names none that never was.
        let challenge_id = event.challenge_id.filter(|_| event.act != Act::CodeSent);
        let event = AuditEvent { event_id: self.event_id(), act: Act::RefusalShadowed, challenge_id, ..event.clone() };
        let event = event.ended(Outcome::WouldRefuse, reason);
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))
    }
}

fn layer(kind: LayerKind, key: Digest, rule: &LimitRule) -> Layer {
    Layer { kind, key, windows: rule.windows.clone(), mode: rule.mode, kept: rule.kept }
}
