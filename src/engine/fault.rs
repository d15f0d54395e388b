//! Faults of the parts behind the ports, as refusals: logged here, and told without their text. A fault that befalls many calls is
//! logged once a second.

mod told;

use crate::{
    domain::{refusal::Refusal, sealed::CannotOpen},
    ports::{limiter::LimiterFault, proof::CaptchaFault, signer::SignerFault, store::StoreFault},
};

/// What the caller learns of a store's fault.
pub(crate) fn store(fault: &StoreFault) -> Refusal {
    match fault {
        StoreFault::Unavailable(_) => {
            if let Some((error, untold)) = told::due(fault) {
                tracing::warn!(%error, untold, "the store is unavailable");
            }
            Refusal::StoreUnavailable
        }
        StoreFault::Broken(_) => {
            if let Some((error, untold)) = told::due(fault) {
                tracing::error!(%error, untold, "the store is broken");
            }
            Refusal::Internal
        }
    }
}

/// What the caller learns of a limiter's fault.
pub(crate) fn limiter(fault: &LimiterFault) -> Refusal {
    if let Some((error, untold)) = told::due(fault) {
        tracing::warn!(%error, untold, "the limiter is unavailable");
    }
    Refusal::StoreUnavailable
}

/// What the caller learns where a captcha's provider gave no verdict.
pub(crate) fn captcha(fault: &CaptchaFault) -> Refusal {
    if let Some((error, untold)) = told::due(fault) {
        tracing::warn!(%error, untold, "a captcha could not be checked");
    }
    Refusal::ProviderUnavailable
}

/// What the caller learns of a signer's fault.
pub(crate) fn signer(fault: &SignerFault) -> Refusal {
    match fault {
        SignerFault::Overloaded => Refusal::Overloaded,
        SignerFault::Failed => {
            tracing::error!(error = %fault, "an access token could not be signed");
            Refusal::Internal
        }
    }
}

/// What the caller learns where a sealed value does not open: a key file is missing, or a row was moved.
pub(crate) fn seal(fault: &CannotOpen) -> Refusal {
    tracing::error!(error = %fault, "a sealed value could not be opened");
    Refusal::Internal
}
