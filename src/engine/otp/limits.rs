//! Request limits: one question to the limiter, over every layer.

use super::{OtpEngine, proof::Proving};
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        contact::Identifier,
        device_token::KnownDevice,
        digest::Digest,
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
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) identifier: &'a Identifier,
    /// The key of a known device whose reserve is asked, instead of the budget of the identifier.
    pub(super) device: Option<Digest>,
    pub(super) origin: &'a Origin,
    pub(super) index: &'a Secret32,
    /// What an event of it looks like.
    pub(super) event: &'a AuditEvent,
}

impl OtpEngine {
    /// Asks as [`OtpEngine::admit`]; where the budget of the identifier is spent, as a stranger can do, a known device has
    /// a reserve of its own. That costs its request a second question, and a look into the store whether its token has
    /// been revoked; nobody else's.
    pub(super) async fn admit_or_reserve(
        &self,
        limits: &LimitRules,
        asked: &Asked<'_>,
        proving: Proving,
        device: Option<(KnownDevice, Digest)>,
    ) -> Result<Option<Standing>, Refusal> {
        let refusal = match self.admit(limits, asked, proving.clone()).await {
            Err(refusal @ Refusal::RateLimited { layer: "identifier", .. }) => refusal,
            other => return other,
        };
        let Some((known, own)) = device else { return Err(refusal) };
        if !self.parts.store.device_stands(known).await.map_err(|fault| fault::store(&fault))? {
            return Err(refusal);
        }
        self.admit(limits, &Asked { device: Some(own), ..*asked }, proving).await
    }

    /// Asks the limiter whether one more code may be sent, given what was proved. Where a layer in shadow would have
    /// refused, an event says so, and the caller learns nothing of it. Gives where the caller stands in
    /// the tightest window that is enforced for it, where there is one.
    pub(super) async fn admit(
        &self,
        limits: &LimitRules,
        asked: &Asked<'_>,
        proving: Proving,
    ) -> Result<Option<Standing>, Refusal> {
        let &Asked { identifier, device, origin, index, event } = asked;
        let mut layers = vec![
            match device {
                Some(own) => layers::device(own, &limits.device),
                None => layers::identifier(identifier, &limits.identifier, index),
            },
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
                    matches!(layer.kind, LayerKind::Identifier | LayerKind::Device | LayerKind::Address)
                        && layer.mode == Mode::Enforce
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
            LayerKind::Identifier
            | LayerKind::Device
            | LayerKind::Address
            | LayerKind::Network
            | LayerKind::All
            | LayerKind::Failures
            | LayerKind::Guesses => limit_reason(kind.as_str()),
            LayerKind::UnprovenIdentifier | LayerKind::UnprovenAddress | LayerKind::Proof => "PROOF_REQUIRED",
        };
        // A challenge that is about to begin may yet not: an event names none that never was.
        let challenge_id = event.challenge_id.filter(|_| event.act != Act::CodeSent);
        let event = self.would_refuse(&AuditEvent { challenge_id, ..event.clone() }, reason);
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))
    }
}
