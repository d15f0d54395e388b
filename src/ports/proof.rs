//! Captchas, as a provider judges them.

use crate::domain::secret::SecretString;
use async_trait::async_trait;

/// What a provider says of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is good, and now spent.
    Passed,
    /// It is wrong, expired, used, or given to another site.
    Failed,
}

/// The provider gave no verdict.
#[derive(Debug, thiserror::Error)]
#[error("the captcha's provider gave no verdict")]
pub struct CaptchaFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Judges the answers to captchas.
#[async_trait]
pub trait CaptchaJudge: Send + Sync {
    /// Judges an answer, which is good once. Takes a bounded time.
    async fn judge(&self, answer: &SecretString) -> Result<Verdict, CaptchaFault>;
}
