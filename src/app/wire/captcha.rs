//! Who judges captchas.

use crate::{
    adapters::captcha::{CaptchaOptions, SiteVerify},
    app::Failure,
    config::{Config, problem::Problem},
    domain::{proof::ProofKind, secret::SecretString},
    engine::otp::ProofParts,
    ports::proof::CaptchaJudge,
};
use std::sync::Arc;

/// The rule on proofs, and who judges captchas where it asks for them. Nothing is connected yet.
///
/// # Errors
/// Where the options for the provider do not hold.
pub(in crate::app) fn build(config: &Config, secret: Option<SecretString>) -> Result<ProofParts, Failure> {
    let policy = Arc::new(config.proof.policy.clone());
    let (ProofKind::Captcha(widget), Some(captcha), Some(secret)) = (&policy.kind, &config.proof.captcha, secret)
    else {
        return Ok(ProofParts { policy, judge: None });
    };
    let judge = SiteVerify::new(CaptchaOptions {
        provider: widget.provider,
        endpoint: captcha.endpoint.clone(),
        site_key: widget.site_key.clone(),
        secret,
        hostnames: captcha.hostnames.clone(),
        timeout: captcha.timeout,
    });
    let judge: Arc<dyn CaptchaJudge> =
        Arc::new(judge.map_err(|fault| {
            Problem::of_file(&config.file, "proof.captcha", fault.to_string(), "mend this section")
        })?);
    Ok(ProofParts { policy, judge: Some(judge) })
}
