//! Faults of the parts behind the ports, as refusals: logged once, here, and told without their text.

use crate::{
    domain::{refusal::Refusal, sealed::CannotOpen},
    ports::{limiter::LimiterFault, proof::CaptchaFault, signer::SignerFault, store::StoreFault},
};
use std::error::Error;

/// What the caller learns of a store's fault.
pub(crate) fn store(fault: &StoreFault) -> Refusal {
    match fault {
        StoreFault::Unavailable(_) => {
            tracing::warn!(error = %chain(fault), "the store is unavailable");
            Refusal::StoreUnavailable
        }
        StoreFault::Broken(_) => {
            tracing::error!(error = %chain(fault), "the store is broken");
            Refusal::Internal
        }
    }
}

/// What the caller learns of a limiter's fault.
pub(crate) fn limiter(fault: &LimiterFault) -> Refusal {
    tracing::warn!(error = %chain(fault), "the limiter is unavailable");
    Refusal::StoreUnavailable
}

/// What the caller learns where a captcha's provider gave no verdict.
pub(crate) fn captcha(fault: &CaptchaFault) -> Refusal {
    tracing::warn!(error = %chain(fault), "a captcha could not be checked");
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

fn chain(fault: &dyn Error) -> String {
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
