//! What SendGrid and Twilio post of the messages that their doubles took, signed as they sign.

use std::net::SocketAddr;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::adapters::system::SystemClock;
use identity::ports::clock::Clock;
use serde_json::{Value, json};

use super::protocols::form;
use super::{ProviderServer, Request};
use crate::support::http::{Answer, exchange};
use crate::support::settings::{Settings, write_secret};
use crate::support::wait;

/// The token of the account that the double of Twilio knows.
pub(crate) const AUTH_TOKEN: &str = "canary-twilio-token-0x0000000000";
/// Where Twilio believes the service to be: not where it listens.
pub(crate) const CALLBACK: &str = "https://identity.example.com/receipts/sms/twilio";

/// The key that an account of SendGrid signs its events with.
pub(crate) struct EventKey(EcdsaKeyPair);

/// A request that a provider posts.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    /// The path, with its query.
    pub(crate) path: String,
    /// The headers, with their line ends.
    pub(crate) headers: String,
    /// The body.
    pub(crate) body: String,
}

impl Posted {
    /// Posts it.
    pub(crate) async fn to(&self, address: SocketAddr) -> Answer {
        let Self { path, headers, body } = self;
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n");
        exchange(address, &format!("{head}{headers}\r\n{body}")).await
    }
}

impl EventKey {
    /// A new one.
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    /// As SendGrid shows it.
    pub(crate) fn public(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        STANDARD.encode(der.as_ref())
    }

    /// Has the service know the key.
    pub(crate) fn register(&self, section: &str) -> String {
        format!("{section}\nreceipts = {{ public_key = \"{}\" }}", self.public())
    }

    /// Events, signed at a time in seconds since the Unix epoch.
    pub(crate) fn signed_at(&self, seconds: i64, body: &str) -> Posted {
        let signature = self.0.sign(&SystemRandom::new(), format!("{seconds}{body}").as_bytes()).unwrap();
        let signature = STANDARD.encode(signature.as_ref());
        let headers = format!(
            "content-type: application/json\r\nX-Twilio-Email-Event-Webhook-Signature: {signature}\r\n\
             X-Twilio-Email-Event-Webhook-Timestamp: {seconds}\r\n"
        );
        Posted { path: "/receipts/email/sendgrid".to_owned(), headers, body: body.to_owned() }
    }

    /// Events, signed now.
    pub(crate) fn signed(&self, events: &[Value]) -> Posted {
        self.signed_at(SystemClock.now().seconds(), &Value::from(events).to_string())
    }
}

/// An event of SendGrid about a message that its double took; `more` is what it says beside.
pub(crate) fn event(taken: &Request, name: &str, more: &Value) -> Value {
    let mail = taken.json();
    let mut event = json!({
        "email": mail["personalizations"][0]["to"][0]["email"],
        "timestamp": SystemClock.now().seconds(),
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": name,
        "sg_event_id": "ZGVsaXZlcmVkLTAtMA",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "response": "250 OK for canary-of-the-provider",
    });
    let fields = event.as_object_mut().unwrap();
    // As SendGrid does, beside the rest.
    fields.extend(mail["custom_args"].as_object().unwrap().clone());
    fields.extend(more.as_object().unwrap().clone());
    event
}

/// A hard bounce.
pub(crate) fn bounce(taken: &Request) -> Value {
    let reason = "550 5.1.1 The email account that you tried to reach does not exist: canary-of-the-provider";
    event(taken, "bounce", &json!({ "type": "bounce", "status": "5.1.1", "reason": reason }))
}

/// What Twilio posts of a message that its double took.
pub(crate) fn callback(taken: &Request, status: &str, error: Option<u32>) -> Posted {
    let to = taken.field("To").unwrap().replace('+', "%2B");
    let code = error.map(|code| format!("&ErrorCode={code}")).unwrap_or_default();
    let body = format!(
        "SmsSid=SM1&SmsStatus={status}&MessageStatus={status}&To={to}&MessageSid=SM1&From=%2B15005550006{code}"
    );
    let url = taken.field("StatusCallback").expect("Twilio was told where to post");
    signed_callback(&url, AUTH_TOKEN, &body)
}

/// A callback to a URL as Twilio was told it, signed with a token.
pub(crate) fn signed_callback(url: &str, token: &str, body: &str) -> Posted {
    let mut signed = url.to_owned();
    for (name, value) in form(body) {
        signed.push_str(&name);
        signed.push_str(&value);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
    let headers = format!(
        "content-type: application/x-www-form-urlencoded; charset=UTF-8\r\nX-Twilio-Signature: {signature}\r\n"
    );
    let path = url.trim_start_matches("https://identity.example.com").to_owned();
    Posted { path, headers, body: body.to_owned() }
}

/// Has the service take Twilio's callbacks.
pub(crate) fn register_callbacks(settings: &Settings, section: &str) -> String {
    write_secret(&settings.folder().join("secrets/twilio-token"), AUTH_TOKEN);
    format!("{section}\nreceipts = {{ url = \"{CALLBACK}\", auth_token_file = \"secrets/twilio-token\" }}")
}

impl ProviderServer {
    /// The first message that it took beyond `before`.
    pub(crate) async fn took(&self, before: usize) -> Request {
        wait::until("the provider to take a message", std::time::Duration::from_secs(10), async || {
            self.taken().get(before).cloned()
        })
        .await
    }
}
