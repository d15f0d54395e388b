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
    urls: Vec<String>,
    key: hmac::Key,
}

impl TwilioCallbacks {
    /// A reader of what comes to `url`, as Twilio was told it, signed with the account's `auth_token`. The address that a
    /// request itself names does not count.
    #[must_use]
    pub fn new(url: String, auth_token: &SecretString) -> Self {
        // Twilio has no other signature than HMAC-SHA-1, which nobody is known to be able to forge.
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth_token.expose_secret().as_bytes());
        let urls = other_port(&url).into_iter().chain([url]).collect();
        Self { urls, key }
    }
}

/// What is signed: the URL with its query, and each field of the form and its value, sorted.
fn signed(url: &str, query: &str, form: &BTreeSet<(Cow<'_, str>, Cow<'_, str>)>) -> String {
    let mut signed = format!("{url}?{query}");
    for (name, value) in form {
        signed.push_str(name);
        signed.push_str(value);
    }
    signed
}

/// The same URL without its port, or with the usual one where it names none: Twilio signs either, and its own libraries
/// take both.
fn other_port(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?);
    let port = match (uri.port(), scheme) {
        (Some(_), _) => "",
        (None, "http") => ":80",
        (None, _) => ":443",
    };
    Some(format!("{scheme}://{host}{port}{}", uri.path()))
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
        let is_of =
            |url: &String| hmac::verify(&self.key, signed(url, post.query, &form).as_bytes(), &signature).is_ok();
        if !self.urls.iter().any(is_of) {
            return Err(BadPost::Forged);
        }
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
        assert_eq!(
            signed("https://example.com/myapp.php", "foo=1&bar=2", &form),
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

    /// Whether Twilio names a port in what it signs is not the same everywhere.
    #[test]
    fn a_port_is_signed_or_left_out() {
        let query = "message=019aa2f0-1c3e-7b1a-8f00-0123456789ab";
        let form = BTreeSet::from([("MessageStatus".into(), "delivered".into())]);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345");
        let read = |told: &str, signs: &str| {
            let reader = TwilioCallbacks::new(told.to_owned(), &"12345".to_owned().into());
            let signature = STANDARD.encode(hmac::sign(&key, signed(signs, query, &form).as_bytes()));
            let header = |name: &str| (name == SIGNATURE).then_some(&*signature);
            let post =
                Post { header: &header, query, body: b"MessageStatus=delivered", now: Timestamp::from_seconds(1) };
            reader.read(&post).map(|told| told.len())
        };
        let (none, usual) = ("https://id.example.com/a", "https://id.example.com:443/a");
        let (own, other) = ("https://id.example.com:8443/a", "https://id.example.com:8444/a");
        for (told, signs) in [(none, none), (none, usual), (usual, usual), (usual, none), (own, own), (own, none)] {
            assert_eq!(read(told, signs), Ok(1), "{told} {signs}");
        }
        let (v6, clear) = ("http://[::1]:8080/a", "http://localhost/a");
        assert_eq!((read(v6, "http://[::1]/a"), read(clear, "http://localhost:80/a")), (Ok(1), Ok(1)));
        for (told, signs) in [(none, own), (own, other), (own, usual), (none, "https://id.example.org/a")] {
            assert_eq!(read(told, signs), Err(BadPost::Forged), "{told} {signs}");
        }
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
