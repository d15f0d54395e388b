//! Proof before anything is sent: who has to give one, and whether it holds. It adds no round trip of its own to the
//! store or the limiter: its budgets are layers of the one question that the limiter is asked.

use super::{OtpEngine, SendOtp};
use crate::{
    domain::{
        challenge::Scope,
        digest::Digest,
        policy::Mode,
        proof::{
            Captcha, OnFailure, ProofDemand, ProofKind, ProofPolicy, ProofWhen, Unproven,
            work::{self, Subject, WorkKey},
        },
        refusal::{FieldReason, FieldViolation, Refusal},
        secret::{ExposeSecret as _, Secret32, SecretString},
        session::Origin,
        time::Timestamp,
        window::{Kept, Window},
    },
    engine::{fault, layers},
    ports::{
        limiter::{Layer, LayerKind},
        proof::{CaptchaJudge, Verdict},
    },
};
use std::{sync::Arc, time::Duration};
use tracing::Instrument as _;

/// How long a proof is remembered as used: longer than any may live (five minutes, of a captcha) by more than the
/// clocks of this service and of its limiter may differ.
const REMEMBERED: Duration = Duration::from_mins(6);

/// What proofs need.
pub struct ProofParts {
    /// The rule.
    pub policy: Arc<ProofPolicy>,
    /// Who judges captchas; there where the rule asks for one.
    pub judge: Option<Arc<dyn CaptchaJudge>>,
}

/// What a request has proved, as far as the limiter has to know.
#[derive(Clone)]
pub(super) enum Proving {
    /// No proof is asked for.
    NotAsked,
    /// It has proved nothing, and is counted as such.
    Unproven {
        /// The budgets of those.
        layers: Vec<Layer>,
        /// What is asked for where they are spent.
        demand: ProofDemand,
    },
    /// It has given a proof that holds, if this is its first use.
    Proven(Layer),
}

impl Proving {
    /// The budgets that it counts against.
    pub(super) fn layers(&self) -> &[Layer] {
        match self {
            Self::NotAsked => &[],
            Self::Unproven { layers, .. } => layers,
            Self::Proven(layer) => std::slice::from_ref(layer),
        }
    }

    /// The refusal by one of these budgets; `None` where another one refused.
    pub(super) fn refusal(self, by: LayerKind) -> Option<Refusal> {
        match (by, self) {
            (LayerKind::UnprovenIdentifier | LayerKind::UnprovenAddress, Self::Unproven { demand, .. }) => {
                Some(Refusal::ProofRequired(demand))
            }
            (LayerKind::Proof, Self::Proven(_)) => Some(does_not_hold()),
            _ => None,
        }
    }
}

impl OtpEngine {
    /// Looks at the proof of a request.
    ///
    /// # Errors
    /// [`Refusal::ProofRequired`], [`Refusal::Invalid`] for one that does not hold, [`Refusal::ProviderUnavailable`].
    pub(super) async fn prove(
        &self,
        request: &SendOtp,
        scope: &Scope,
        origin: &Origin,
        index: &Secret32,
        now: Timestamp,
    ) -> Result<Proving, Refusal> {
        let when = &self.parts.proof.policy.when;
        if matches!(when, ProofWhen::Never) {
            return Ok(Proving::NotAsked);
        }
        let work = Work { engine: self, key: WorkKey::derive(index), scope, now };
        if let Some(proof) = &request.proof {
            return self.check(proof, &work).await.map(Proving::Proven);
        }
        let ProofWhen::AfterRequests(unproven) = when else { return Err(Refusal::ProofRequired(work.demand())) };
        let layers = unproven_layers(unproven, request, origin, index);
        Ok(Proving::Unproven { layers, demand: work.demand() })
    }

    async fn check(&self, proof: &SecretString, work: &Work<'_>) -> Result<Layer, Refusal> {
        let ProofKind::Captcha(captcha) = &self.parts.proof.policy.kind else { return work.check(proof) };
        // Only whom we asked for work while the provider was down has a challenge to work on.
        if captcha.on_failure == OnFailure::ProofOfWork && work::is_meant(proof.expose_secret()) {
            return work.check(proof);
        }
        self.judge(proof, captcha, work).await
    }

    async fn judge(&self, proof: &SecretString, captcha: &Captcha, work: &Work<'_>) -> Result<Layer, Refusal> {
        let judge = self.parts.proof.judge.as_ref().ok_or(Refusal::Internal)?;
        let judged = judge.judge(proof).instrument(tracing::info_span!("captcha")).await;
        match judged {
            Ok(Verdict::Passed) => {
                Ok(once(Digest::sha256(&[b"identity.v1 captcha", proof.expose_secret().as_bytes()])))
            }
            Ok(Verdict::Failed) => Err(does_not_hold()),
            Err(error) => Err(match captcha.on_failure {
                OnFailure::ProofOfWork => {
                    fault::captcha(&error);
                    Refusal::ProofRequired(work.work())
                }
                OnFailure::Refuse => fault::captcha(&error),
            }),
        }
    }
}

/// Proof of work for one request.
struct Work<'a> {
    engine: &'a OtpEngine,
    key: WorkKey,
    scope: &'a Scope,
    now: Timestamp,
}

impl Work<'_> {
    fn subject(&self) -> Subject<'_> {
        Subject { identifier: self.scope.identifier_key, client: &self.scope.client_id }
    }

    /// What the rule asks for.
    fn demand(&self) -> ProofDemand {
        match &self.engine.parts.proof.policy.kind {
            ProofKind::Work => self.work(),
            ProofKind::Captcha(Captcha { provider, site_key, .. }) => {
                ProofDemand::Captcha { provider: *provider, site_key: site_key.clone() }
            }
        }
    }

    fn work(&self) -> ProofDemand {
        let difficulty = self.engine.parts.proof.policy.difficulty;
        let nonce = self.engine.parts.entropy.bytes16();
        let challenge = work::challenge(&self.key, self.subject(), difficulty, nonce, self.now);
        ProofDemand::Work { challenge, difficulty }
    }

    fn check(&self, proof: &SecretString) -> Result<Layer, Refusal> {
        let checked = work::check(&self.key, self.subject(), proof.expose_secret(), self.now);
        checked.map(once).map_err(|_| does_not_hold())
    }
}

/// The budget of one use.
fn once(key: Digest) -> Layer {
    let windows = [Window { limit: 1, span: REMEMBERED }];
    Layer { kind: LayerKind::Proof, key, mode: Mode::Enforce, kept: Kept::of(&windows), windows: windows.into() }
}

fn unproven_layers(unproven: &Unproven, request: &SendOtp, origin: &Origin, index: &Secret32) -> Vec<Layer> {
    let identifier = layers::unproven_identifier(&request.identifier, &unproven.identifier, index);
    let address = layers::unproven_address(origin.address, &unproven.address, index);
    identifier.into_iter().chain(address).collect()
}

/// Why it does not hold is not told apart: whoever tries gets no hint, and whoever does not needs none.
fn does_not_hold() -> Refusal {
    Refusal::Invalid(vec![FieldViolation {
        field: "proof",
        description:
            "does not hold: it is wrong, expired, used, or for another request; ask without it for what to prove"
                .to_owned(),
        reason: FieldReason::Proof,
    }])
}
