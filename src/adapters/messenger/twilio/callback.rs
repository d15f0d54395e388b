//! What Twilio posts of text messages: its status callbacks.

use crate::{
    domain::{
        id::MessageId,
        receipt::Receipt,
        secret::{ExposeSecret as _, SecretString},
    },
    ports::receipts::{BadPost, Post, ReceiptReader},
};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

const SIGNATURE: &str = "x-twilio-signature";

/// The name of our own id of a message in the callback's query.
const MESSAGE: &str = "message";

/// The longest body; Twilio's own are below two kilobytes.
const MAX_BODY: usize = 16 * 1024;

/// Where Twilio is to tell what became of a message: `url` with our own id of it. Twilio signs it as a whole.
pub(super) fn address(url: &str, id: MessageId) -> String {
    format!("{url}?{MESSAGE}={id}")
}

/// Reads the callbacks of one account.
pub struct TwilioCallbacks {
    url: String,
    key: hmac::Key,
}

impl TwilioCallbacks {
    /// A reader of what comes to `url`, as Twilio was told it, signed with the account's `auth_token`. The address that a
    /// request itself names does not count.
    #[must_use]
    pub fn new(url: String, auth_token: &SecretString) -> Self {
        // Twilio has no other signature than HMAC-SHA-1, which nobody is known to be able to forge.
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth_token.expose_secret().as_bytes());
        Self { url, key }
    }

    /// What is signed: the URL with its query, and each field of the form and its value, sorted.
    fn signed(&self, query: &str, form: &BTreeSet<(Cow<'_, str>, Cow<'_, str>)>) -> String {
        let mut signed = format!("{}?{query}", self.url);
        for (name, value) in form {
            signed.push_str(name);
            signed.push_str(value);
        }
        signed
    }
}

impl ReceiptReader for TwilioCallbacks {
    fn kind(&self) -> &'static str {
        "twilio"
    }

    fn headers(&self) -> &'static [&'static str] {
        &[SIGNATURE]
    }

    fn max_body(&self) -> usize {
        MAX_BODY
    }

    fn read(&self, post: &Post<'_>) -> Result<Vec<(MessageId, Receipt)>, BadPost> {
        let signature = (post.header)(SIGNATURE).ok_or(BadPost::Forged)?;
        let signature = STANDARD.decode(signature).map_err(|_| BadPost::Forged)?;
        let form: BTreeSet<_> = form_urlencoded::parse(post.body).collect();
        let signed = self.signed(post.query, &form);
        hmac::verify(&self.key, signed.as_bytes(), &signature).map_err(|_| BadPost::Forged)?;
        let mut query = form_urlencoded::parse(post.query.as_bytes());
        let id = query.find_map(|(name, value)| (name == MESSAGE).then(|| MessageId::parse(&value)).flatten());
        let id = id.ok_or(BadPost::Malformed)?;
        let fields: BTreeMap<_, _> = form.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        let status = fields.get("MessageStatus").ok_or(BadPost::Malformed)?;
        let code = fields.get("ErrorCode").and_then(|code| code.parse().ok());
        Ok(receipt(status, code).map(|receipt| (id, receipt)).into_iter().collect())
    }
}

/// A message's state in our words; `None` for one on its way.
fn receipt(status: &str, code: Option<u32>) -> Option<Receipt> {
    match (status, code) {
        ("delivered" | "read", _) => Some(Receipt::Delivered),
        // The number does not exist, or no text message can reach it. Of a handset that is off, of a filter and of what
        // Twilio cannot explain nothing lasting follows.
        ("undelivered" | "failed", Some(30005 | 30006)) => Some(Receipt::Bounced),
        ("undelivered" | "failed" | "canceled", _) => Some(Receipt::Failed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    /// The example of Twilio's page on the security of its requests.
    #[test]
    fn signatures_are_those_of_the_documentation() {
        let reader = TwilioCallbacks::new("https://example.com/myapp.php".to_owned(), &"12345".to_owned().into());
        let body = "Digits=1234&To=%2B18005551212&From=%2B14158675310&Caller=%2B14158675310&CallSid=CA1234567890ABCDE";
        let form: BTreeSet<_> = form_urlencoded::parse(body.as_bytes()).collect();
        let signed = reader.signed("foo=1&bar=2", &form);
        assert_eq!(
            signed,
            "https://example.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDECaller+14158675310Digits1234\
            From+14158675310To+18005551212"
        );
        let read = |signature: &'static str| {
            let header = move |name: &str| (name == SIGNATURE).then_some(signature);
            let (query, now) = ("foo=1&bar=2", Timestamp::from_seconds(1));
            reader.read(&Post { header: &header, query, body: body.as_bytes(), now })
        };
        assert_eq!(read("L/OH5YylLD5NRKLltdqwSvS0BnU="), Err(BadPost::Malformed), "the signature is right");
        assert_eq!(read("L/OH5YylLD5NRKLltdqwSvS0BnV="), Err(BadPost::Forged));
        assert_eq!(read("!"), Err(BadPost::Forged));
    }

    #[test]
    fn each_state_is_put_into_our_words() {
        for (status, code, wanted) in [
            ("accepted", None, None),
            ("queued", None, None),
            ("sending", None, None),
            ("sent", None, None),
            ("delivered", None, Some(Receipt::Delivered)),
            ("read", None, Some(Receipt::Delivered)),
            ("undelivered", Some(30003), Some(Receipt::Failed)),
            ("undelivered", Some(30005), Some(Receipt::Bounced)),
            ("failed", Some(30006), Some(Receipt::Bounced)),
            ("failed", Some(21610), Some(Receipt::Failed)),
            ("undelivered", None, Some(Receipt::Failed)),
            ("canceled", None, Some(Receipt::Failed)),
            ("something new", None, None),
        ] {
            assert_eq!(receipt(status, code), wanted, "{status} {code:?}");
        }
    }
}
