//! The engines behind operators' questions about limits and policies, and behind people's pages.

use super::policies::Policies;
use crate::{
    domain::client::Clients,
    engine::{
        explain::{ExplainEngine, ExplainParts},
        grant::{GrantEngine, GrantParts},
        guesses::{GuessParts, Guesses},
        otp::OtpParts,
        pages::{PageDesk, PageParts},
        simulate::{SimulateEngine, SimulateParts},
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        limiter::Limiter,
        policy::Policies as InForce,
        store::{Ledger, Store},
    },
};
use std::sync::Arc;

/// Who explains what the engine of these parts refuses.
pub(in crate::app) fn explain(otp: &OtpParts) -> Arc<ExplainEngine> {
    Arc::new(ExplainEngine::new(ExplainParts {
        store: otp.store.clone(),
        limiter: otp.limiter.clone(),
        keys: otp.keys.clone(),
        clock: otp.clock.clone(),
        entropy: otp.entropy.clone(),
        clients: otp.clients.clone(),
        policies: otp.policies.clone(),
        proof: otp.proof.policy.clone(),
    }))
}

/// Who counts and records wrong guesses.
pub(in crate::app) fn guesses(
    ledger: Arc<dyn Ledger>,
    limiter: Arc<dyn Limiter>,
    keys: Arc<dyn Keys>,
    entropy: Arc<dyn Entropy>,
    policies: Arc<dyn InForce>,
) -> Arc<Guesses> {
    Arc::new(Guesses::new(GuessParts { ledger, limiter, keys, entropy, policies }))
}

/// Who replays the log of this store.
pub(in crate::app) fn simulate(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    clients: Arc<Clients>,
) -> Arc<SimulateEngine> {
    let reader = Arc::new(Policies(clients.clone()));
    Arc::new(SimulateEngine::new(SimulateParts { store, clock, entropy, clients, reader }))
}

/// Who seals what browsers keep, and who gives client applications their codes, with the parts of the engine.
pub(in crate::app) fn pages(otp: &OtpParts) -> (Arc<PageDesk>, Arc<GrantEngine>) {
    let desk = PageDesk::new(PageParts {
        keys: otp.keys.clone(),
        clock: otp.clock.clone(),
        entropy: otp.entropy.clone(),
        clients: otp.clients.clone(),
    });
    let grants = GrantEngine::new(GrantParts {
        store: otp.store.clone(),
        keys: otp.keys.clone(),
        clock: otp.clock.clone(),
        entropy: otp.entropy.clone(),
        clients: otp.clients.clone(),
        tokens: otp.tokens.clone(),
        guesses: otp.guesses.clone(),
    });
    (Arc::new(desk), Arc::new(grants))
}
