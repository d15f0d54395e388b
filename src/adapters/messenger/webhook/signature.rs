//! The signature of Standard Webhooks: HMAC-SHA-256 over id, time and body.

use crate::domain::secret::{ExposeSecret as _, Secret};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A secret that a webhook's requests are signed with.
pub struct SigningSecret(Secret<Vec<u8>>);

/// A text that is no such secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secret of the form whsec_ and the base64 of 24 to 64 bytes")]
pub struct WrongSecret;

impl SigningSecret {
    /// Takes `whsec_` and the base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// Where the text has another form.
    pub fn parse(text: &str) -> Result<Self, WrongSecret> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).ok_or(WrongSecret)?).map_err(|_| WrongSecret)?;
        let bytes = Secret::new(Box::new(bytes));
        if (24..=64).contains(&bytes.expose_secret().len()) { Ok(Self(bytes)) } else { Err(WrongSecret) }
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret());
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_have_one_form() {
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        let short = format!("whsec_{}", STANDARD.encode([7; 23]));
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", &long, &short] {
            assert!(SigningSecret::parse(bad).is_err(), "{bad}");
        }
    }
}
