//! What SendGrid posts of emails: its signed event webhook.

use super::MESSAGE_ID_ARGUMENT;
use crate::{
    domain::{id::MessageId, receipt::Receipt, time::Timestamp},
    ports::receipts::{BadPost, Post, ReceiptReader},
};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{fmt, time::Duration};

const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";

/// How old a signature may be: SendGrid tries for a day to get a post through.
const OLDEST: Duration = Duration::from_hours(25);

/// How far SendGrid's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_mins(5);

/// The longest body: SendGrid posts at the latest when 768 kilobytes have come together.
const MAX_BODY: usize = 1024 * 1024;

/// How many events are read of one post: more than fit into the longest body, at the size that SendGrid's have.
const MAX_EVENTS: usize = 4096;

/// A key that is none of SendGrid's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public key is not the base64 of a P-256 key, as SendGrid shows it")]
pub struct WrongKey;

/// Reads the posts of one account.
pub struct SendGridEvents {
    key: ParsedPublicKey,
}

impl SendGridEvents {
    /// A reader of what the owner of `public_key` signs: the base64 of its DER form (RFC 5480).
    ///
    /// # Errors
    /// Where it is no such key.
    pub fn new(public_key: &str) -> Result<Self, WrongKey> {
        let der = STANDARD.decode(public_key).map_err(|_| WrongKey)?;
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der).map_err(|_| WrongKey)?;
        Ok(Self { key })
    }
}

impl ReceiptReader for SendGridEvents {
    fn kind(&self) -> &'static str {
        "sendgrid"
    }

    fn headers(&self) -> &'static [&'static str] {
        &[SIGNATURE, TIMESTAMP]
    }

    fn max_body(&self) -> usize {
        MAX_BODY
    }

    fn read(&self, post: &Post<'_>) -> Result<Vec<(MessageId, Receipt)>, BadPost> {
        let header = |name| (post.header)(name).ok_or(BadPost::Forged);
        let (signature, time) = (header(SIGNATURE)?, header(TIMESTAMP)?);
        let signature = STANDARD.decode(signature).map_err(|_| BadPost::Forged)?;
        let seconds: i64 = time.parse().map_err(|_| BadPost::Forged)?;
        let signed = [time.as_bytes(), post.body].concat();
        self.key.verify_sig(&signed, &signature).map_err(|_| BadPost::Forged)?;
        let signed_time = Timestamp::from_seconds(seconds);
        if signed_time < post.now.before(OLDEST) || signed_time > post.now.after(AHEAD) {
            return Err(BadPost::Stale);
        }
        let body = String::from_utf8_lossy(post.body);
        let Events { receipts, seen } = serde_json::from_str(&body).map_err(|_| BadPost::Malformed)?;
        if seen > MAX_EVENTS { Err(BadPost::TooMuch) } else { Ok(receipts) }
    }
}

/// The array of a post, as far as it counts. Of what is beyond the bound nothing is kept.
struct Events {
    receipts: Vec<(MessageId, Receipt)>,
    seen: usize,
}

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;

        impl<'de> Visitor<'de> for Array {
            type Value = Events;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array of events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Events, A::Error> {
                let mut events = Events { receipts: Vec::new(), seen: 0 };
                while let Some(event) = array.next_element::<Event>()? {
                    events.seen += 1;
                    if events.seen <= MAX_EVENTS {
                        events.receipts.extend(event.receipt());
                    }
                }
                Ok(events)
            }
        }

        deserializer.deserialize_seq(Array)
    }
}

/// One event. What it says beside this, such as the recipient's address, is not read. What is no text is read as none:
/// an event may carry words of the server that it comes from, and has to spoil no other that was posted with it.
#[derive(Default)]
struct Event {
    message: String,
    name: String,
    kind: String,
    reason: String,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Event;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Event, A::Error> {
                let mut event = Event::default();
                while let Some(name) = object.next_key::<&RawValue>()? {
                    let field = match text(name).as_str() {
                        MESSAGE_ID_ARGUMENT => &mut event.message,
                        "event" => &mut event.name,
                        "type" => &mut event.kind,
                        "reason" => &mut event.reason,
                        _ => {
                            object.next_value::<serde::de::IgnoredAny>()?;
                            continue;
                        }
                    };
                    *field = text(object.next_value()?);
                }
                Ok(event)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A text; empty where it is none.
fn text(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

impl Event {
    /// What it tells of a message of ours. SendGrid calls `blocked` what bounced for now, and `dropped` what it did not
    /// even try, as the address bounced or complained before.
    fn receipt(&self) -> Option<(MessageId, Receipt)> {
        let receipt = match (self.name.as_str(), self.kind.as_str(), self.reason.as_str()) {
            ("deferred", ..) => Receipt::Deferred,
            ("delivered", ..) => Receipt::Delivered,
            ("bounce", "bounce", _) | ("dropped", _, "Bounced Address" | "Invalid") => Receipt::Bounced,
            ("bounce" | "dropped", _, reason) if reason != "Spam Reporting Address" => Receipt::Failed,
            ("dropped" | "spamreport", ..) => Receipt::Complained,
            _ => return None,
        };
        Some((MessageId::parse(&self.message)?, receipt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::{
        encoding::{AsDer as _, PublicKeyX509Der},
        signature::{
            ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        },
    };
    use uuid::Uuid;

    fn receipts(body: &str) -> Option<Vec<Receipt>> {
        let events: Events = serde_json::from_str(body).ok()?;
        Some(events.receipts.into_iter().map(|(_, receipt)| receipt).collect())
    }

    fn event(rest: &str) -> String {
        format!("{{\"email\":\"ada@example.com\",\"identity_message_id\":\"{}\",{rest}}}", Uuid::nil())
    }

    /// The events of SendGrid's documentation.
    #[test]
    fn each_event_is_put_into_our_words() {
        for (rest, wanted) in [
            ("\"event\":\"processed\"", None),
            ("\"event\":\"deferred\",\"response\":\"400 try again later\",\"attempt\":\"5\"", Some(Receipt::Deferred)),
            ("\"event\":\"delivered\",\"response\":\"250 OK\"", Some(Receipt::Delivered)),
            ("\"event\":\"open\"", None),
            ("\"event\":\"click\"", None),
            ("\"event\":\"bounce\",\"type\":\"bounce\",\"reason\":\"500 unknown recipient\"", Some(Receipt::Bounced)),
            ("\"event\":\"bounce\",\"type\":\"blocked\",\"reason\":\"500 no\"", Some(Receipt::Failed)),
            ("\"event\":\"bounce\",\"reason\":\"500 no\"", Some(Receipt::Failed)),
            ("\"event\":\"dropped\",\"reason\":\"Bounced Address\"", Some(Receipt::Bounced)),
            ("\"event\":\"dropped\",\"reason\":\"Invalid\"", Some(Receipt::Bounced)),
            ("\"event\":\"dropped\",\"reason\":\"Spam Reporting Address\"", Some(Receipt::Complained)),
            ("\"event\":\"dropped\",\"reason\":\"Unsubscribed Address\"", Some(Receipt::Failed)),
            ("\"event\":\"spamreport\"", Some(Receipt::Complained)),
            ("\"event\":\"unsubscribe\"", None),
            ("\"event\":7,\"type\":null,\"reason\":{\"a\":[]}", None),
        ] {
            assert_eq!(receipts(&format!("[{}]", event(rest))), Some(wanted.into_iter().collect()), "{rest}");
        }
    }

    #[test]
    fn what_is_not_ours_is_passed_over_and_what_has_another_form_refused() {
        let other = "{\"email\":\"bo@example.com\",\"event\":\"bounce\",\"type\":\"bounce\"}";
        let ours = event("\"event\":\"delivered\"");
        assert_eq!(receipts(&format!("[{other},{ours}]")), Some(vec![Receipt::Delivered]));
        assert_eq!(receipts("[{\"event\":\"delivered\",\"identity_message_id\":\"x\"}]"), Some(Vec::new()));
        assert_eq!(receipts("[]"), Some(Vec::new()));
        for bad in ["", "{}", "[1]", "[[]]", "null", "[{}"] {
            assert_eq!(receipts(bad), None, "{bad}");
        }
    }

    /// The server that refuses an email chooses the words of its event.
    #[test]
    fn an_event_in_strange_words_spoils_no_other() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        for reason in ["\"550 \\udcff\"", "1e999", "-7.25", "null", "{\"a\":{}}", &*deep] {
            let strange = format!("\"event\":\"bounce\",\"type\":\"bounce\",\"reason\":{reason},\"\\ud800\":{reason}");
            let body = format!("[{},{}]", event(&strange), event("\"event\":\"delivered\""));
            assert_eq!(receipts(&body), Some(vec![Receipt::Bounced, Receipt::Delivered]), "{reason:.20}");
        }
    }

    #[test]
    fn of_many_events_no_more_are_kept_than_are_read() {
        let many = vec![event("\"event\":\"delivered\""); MAX_EVENTS + 1].join(",");
        let events: Events = serde_json::from_str(&format!("[{many}]")).unwrap();
        assert_eq!((events.receipts.len(), events.seen), (MAX_EVENTS, MAX_EVENTS + 1));
    }

    #[test]
    fn keys_have_one_form() {
        for bad in ["", "!", "MFkw", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"] {
            assert_eq!(SendGridEvents::new(bad).err(), Some(WrongKey), "{bad}");
        }
        for (signing, fits) in [(&ECDSA_P256_SHA256_ASN1_SIGNING, true), (&ECDSA_P384_SHA384_ASN1_SIGNING, false)] {
            let pair = EcdsaKeyPair::generate(signing).unwrap();
            let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
            assert_eq!(SendGridEvents::new(&STANDARD.encode(der.as_ref())).is_ok(), fits, "{signing:?}");
        }
        let other = Ed25519KeyPair::generate().unwrap();
        let der: PublicKeyX509Der<'_> = other.public_key().as_der().unwrap();
        assert_eq!(SendGridEvents::new(&STANDARD.encode(der.as_ref())).err(), Some(WrongKey));
    }
}
