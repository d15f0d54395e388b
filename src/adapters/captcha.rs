//! Captchas judged by their provider's `siteverify`: Cloudflare Turnstile and hCaptcha speak one protocol.

use crate::{
    domain::{
        proof::CaptchaProvider,
        secret::{ExposeSecret as _, SecretString},
    },
    ports::proof::{CaptchaFault, CaptchaJudge, Verdict},
};
use async_trait::async_trait;
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::Semaphore;

/// No verdict is longer.
const MAX_VERDICT: usize = 16 * 1024;

/// As many answers are judged at once; one more is told at once that there is no verdict. A flood of made-up answers
/// thus takes no more of this service than that.
const AT_ONCE: usize = 64;

/// How to reach a provider.
#[derive(Debug)]
pub struct CaptchaOptions {
    /// Which.
    pub provider: CaptchaProvider,
    /// Its `siteverify`, where it is not the public one.
    pub endpoint: Option<String>,
    /// The public key of the widget.
    pub site_key: String,
    /// The secret key that belongs to it.
    pub secret: SecretString,
    /// The hosts whose pages may show the widget, in lower case.
    pub hostnames: Vec<String>,
    /// How long one verdict may take, connecting included.
    pub timeout: Duration,
}

/// A provider that cannot be used as the options say.
#[derive(Debug, thiserror::Error)]
pub enum BadCaptchaOptions {
    /// The address is no URL.
    #[error("the address of siteverify is no URL")]
    Endpoint,
    /// The client cannot be made.
    #[error("an HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// Asks a provider. Redirects are not followed, and no proxy is taken from the environment. The person's address is not
/// sent: it is optional in both protocols, and personal data.
pub struct SiteVerify {
    client: Client,
    endpoint: Url,
    options: CaptchaOptions,
    places: Semaphore,
}

/// Why there is no verdict. The text names neither the secret nor the answer.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("too many answers are being judged")]
    Busy,
    #[error("siteverify cannot be asked")]
    Unreachable(#[source] reqwest::Error),
    #[error("siteverify answered with the HTTP status {0}")]
    Status(u16),
    #[error("siteverify gave an answer that is too long")]
    TooLong,
    #[error("siteverify gave an answer that is none")]
    Unreadable,
    #[error("siteverify does not take our secret")]
    Secret,
    #[error("siteverify failed")]
    Internal,
}

/// What `siteverify` answers, as far as it counts.
#[derive(Deserialize)]
struct Answer {
    success: bool,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

impl SiteVerify {
    /// A judge; nothing is connected yet.
    ///
    /// # Errors
    /// Where the options do not hold.
    pub fn new(options: CaptchaOptions) -> Result<Self, BadCaptchaOptions> {
        let public = match options.provider {
            CaptchaProvider::Turnstile => "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            CaptchaProvider::Hcaptcha => "https://api.hcaptcha.com/siteverify",
        };
        let endpoint = options.endpoint.as_deref().unwrap_or(public);
        let endpoint = Url::parse(endpoint).map_err(|_| BadCaptchaOptions::Endpoint)?;
        let client = Client::builder()
            .timeout(options.timeout)
            .connect_timeout(options.timeout)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(BadCaptchaOptions::Client)?;
        Ok(Self { client, endpoint, options, places: Semaphore::new(AT_ONCE) })
    }

    async fn ask(&self, answer: &str) -> Result<Verdict, Fault> {
        let _place = self.places.try_acquire().map_err(|_| Fault::Busy)?;
        let secret = self.options.secret.expose_secret();
        let mut form = vec![("secret", secret), ("response", answer)];
        if self.options.provider == CaptchaProvider::Hcaptcha {
            // Its tokens are good for any of an account's sites unless the site is named.
            form.push(("sitekey", &self.options.site_key));
        }
        let sent = self.client.post(self.endpoint.clone()).form(&form).send().await;
        // Its URL has no secret in it, but an operator knows it anyway.
        let mut response = sent.map_err(|error| Fault::Unreachable(error.without_url()))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| Fault::Unreachable(error.without_url()))? {
            if body.len() + part.len() > MAX_VERDICT {
                return Err(Fault::TooLong);
            }
            body.extend_from_slice(&part);
        }
        self.read(status, &body)
    }

    fn read(&self, status: StatusCode, body: &[u8]) -> Result<Verdict, Fault> {
        // A refused answer may come with a status of its own; what says neither yes nor no does not.
        let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
            return Err(if status == StatusCode::OK { Fault::Unreadable } else { Fault::Status(status.as_u16()) });
        };
        let says = |code: &str| answer.error_codes.iter().any(|said| said == code);
        if answer.success {
            if status != StatusCode::OK {
                return Err(Fault::Status(status.as_u16()));
            }
            let host = answer.hostname.unwrap_or_default().to_ascii_lowercase();
            return Ok(if self.options.hostnames.contains(&host) { Verdict::Passed } else { Verdict::Failed });
        }
        // Only what no caller can bring about counts as a fault of the provider or of the configuration.
        if says("missing-input-secret") || says("invalid-input-secret") {
            return Err(Fault::Secret);
        }
        if says("internal-error") || status.is_server_error() {
            return Err(Fault::Internal);
        }
        Ok(Verdict::Failed)
    }
}

#[async_trait]
impl CaptchaJudge for SiteVerify {
    async fn judge(&self, answer: &SecretString) -> Result<Verdict, CaptchaFault> {
        self.ask(answer.expose_secret()).await.map_err(|fault| CaptchaFault(fault.into()))
    }
}
