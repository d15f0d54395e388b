//! SendGrid, Twilio and the webhook: the contract, and what each protocol is sent.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use identity::adapters::messenger::HttpOptionFault;
use identity::adapters::messenger::sendgrid::SendGrid;
use identity::adapters::messenger::twilio::{Twilio, TwilioSender};
use identity::adapters::messenger::webhook::{Lookup, Webhook};
use identity::domain::message::{Envelope, Handover};
use identity::ports::messenger::Messenger;
use serde_json::Value;

use super::read::Mail;
use super::subjects::{Either, Provider, facing, sendgrid, text, twilio, webhook};
use super::{Subject, accepted, envelope, holds};
use crate::support::providers::{Protocol, ProviderServer};

/// A provider of email whose double keeps what it took as JSON.
struct Posted<M> {
    server: ProviderServer,
    messenger: M,
    read: fn(&Value) -> Mail,
}

impl<M: Messenger> Subject for Posted<M> {
    fn messenger(&self) -> &dyn Messenger {
        &self.messenger
    }

    fn delivered(&self) -> Vec<Vec<u8>> {
        self.server.taken().into_iter().map(|request| request.body.into_bytes()).collect()
    }

    fn read(&self, raw: &[u8]) -> Mail {
        (self.read)(&serde_json::from_slice(raw).unwrap())
    }

    fn is_of(&self, raw: &[u8], envelope: &Envelope) -> bool {
        String::from_utf8(raw.to_vec()).unwrap().contains(&envelope.message_id.to_string())
    }

    fn is_mime(&self) -> bool {
        false
    }
}

fn mail(headers: &[(&str, &Value)], text: &Value, html: &Value) -> Mail {
    let words = |value: &Value| value.as_str().unwrap().to_owned();
    let headers: BTreeMap<_, _> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), vec![words(value)])).collect();
    let (text, html) = (words(text), words(html));
    Mail { headers, kind: String::new(), text, html, envelope_to: Vec::new(), defects: Vec::new() }
}

async fn posted_to_sendgrid() -> Posted<SendGrid> {
    let server = ProviderServer::start(Protocol::SendGrid).await;
    let messenger = SendGrid::new(sendgrid(&server.endpoint())).unwrap();
    let read = |json: &Value| {
        assert_eq!(json["personalizations"].as_array().unwrap().len(), 1);
        assert_eq!(json["personalizations"][0]["to"].as_array().unwrap().len(), 1);
        let headers = [("to", &json["personalizations"][0]["to"][0]["email"]), ("subject", &json["subject"])];
        mail(&headers, &json["content"][0]["value"], &json["content"][1]["value"])
    };
    Posted { server, messenger, read }
}

async fn posted_to_a_webhook() -> Posted<Webhook> {
    let server = ProviderServer::start(Protocol::Webhook).await;
    let messenger = Webhook::new(webhook(&server.endpoint())).unwrap();
    let read = |json: &Value| {
        let data = &json["data"];
        mail(&[("to", &data["to"]), ("subject", &data["subject"])], &data["text"], &data["html"])
    };
    Posted { server, messenger, read }
}

#[tokio::test]
async fn sendgrid_keeps_the_contract() {
    holds(posted_to_sendgrid).await;
}

#[tokio::test]
async fn the_webhook_keeps_the_contract() {
    holds(posted_to_a_webhook).await;
}

#[tokio::test]
async fn sendgrid_is_asked_to_change_and_to_count_nothing() {
    let subject = posted_to_sendgrid().await;
    let envelope = envelope("ada@example.com");
    let handover = subject.messenger.hand_over(&envelope).await;
    let taken = subject.server.taken();
    assert_eq!(handover, Handover::Accepted { provider_message_id: format!("sg-{}", taken[0].body.len()) });
    let json = taken[0].json();
    assert_eq!(json["from"]["email"], "no-reply@example.org");
    assert_eq!(json["from"]["name"], "Søn, \"Shop\" <x>");
    assert_eq!(json["custom_args"]["identity_message_id"], envelope.message_id.to_string());
    assert_eq!(json["headers"]["Auto-Submitted"], "auto-generated");
    for tracking in ["click_tracking", "open_tracking", "subscription_tracking", "ganalytics"] {
        assert_eq!(json["tracking_settings"][tracking]["enable"], false, "{tracking}");
    }
    let refused = subject.messenger.hand_over(&super::envelope("refuse-forever@example.com")).await;
    assert_eq!(refused, Handover::Refused { reason: "RECIPIENT_REFUSED" });
}

/// Short messages arrive as they are, once each, whichever provider carries them.
#[tokio::test]
async fn text_messages_keep_the_contract() {
    for provider in [Provider::Twilio, Provider::WebhookSms] {
        let (messenger, server) = facing(provider).await;
        let Either::Sms(messenger) = messenger else { panic!("a messenger of text messages") };
        let body = |n: usize| match provider {
            Provider::Twilio => server.taken()[n].field("Body").unwrap(),
            _ => server.taken()[n].json()["data"]["text"].as_str().unwrap().to_owned(),
        };
        let texts =
            ["123456 is your code\n\n@app.example.com #123456", "Grüße & 100 % = „ja“ + 你好 🙂", "&To=%2B1&From=x"];
        for (n, words) in texts.into_iter().enumerate() {
            let Handover::Accepted { provider_message_id } = messenger.hand_over(&text(words)).await else {
                panic!("{provider:?} {words}");
            };
            assert!(!provider_message_id.is_empty());
            assert_eq!(body(n), words, "{provider:?}");
        }
        let twice = text("again");
        for _ in 0..2 {
            assert!(accepted(&messenger.hand_over(&twice).await));
        }
        assert_eq!(body(3), body(4));
        let many: Vec<_> = (0..40).map(|n| text(&format!("text {n}"))).collect();
        let handovers = futures_util::future::join_all(many.iter().map(|one| messenger.hand_over(one))).await;
        assert!(handovers.iter().all(accepted), "{handovers:?}");
        assert_eq!(server.taken().len(), 45);
    }
}

#[tokio::test]
async fn twilio_is_told_sender_callback_and_how_long_a_code_lives() {
    let server = ProviderServer::start(Protocol::Twilio).await;
    let mut options = twilio(&server.endpoint());
    let told = text("x");
    Twilio::new(twilio(&server.endpoint())).unwrap().hand_over(&told).await;
    options.sender = TwilioSender::MessagingService("MG1".to_owned());
    options.status_callback = None;
    Twilio::new(options).unwrap().hand_over(&text("x")).await;
    let [first, second] = &server.taken()[..] else { panic!("two messages") };
    assert_eq!(first.field("To").unwrap(), "+491761234567");
    assert_eq!((first.field("From").as_deref(), first.field("MessagingServiceSid")), (Some("+15005550006"), None));
    let callback = format!("https://id.example.com/receipts/twilio?message={}", told.message_id);
    assert_eq!(first.field("StatusCallback").unwrap(), callback);
    let left: u32 = first.field("ValidityPeriod").unwrap().parse().unwrap();
    assert!((290..=300).contains(&left), "{left}");
    assert_eq!((second.field("From"), second.field("MessagingServiceSid").as_deref()), (None, Some("MG1")));
    assert_eq!(second.field("StatusCallback"), None);
}

/// A receiver can take each message once: every try has the id of the first, and a signature of its own time.
#[tokio::test]
async fn every_try_of_a_webhook_has_the_same_id() {
    let subject = posted_to_a_webhook().await;
    let envelope = envelope("ada@example.com");
    for _ in 0..2 {
        let id = format!("w-{}", envelope.message_id);
        let handover = subject.messenger.hand_over(&envelope).await;
        assert_eq!(handover, Handover::Accepted { provider_message_id: id });
    }
    let taken = subject.server.taken();
    assert!(taken.iter().all(|request| request.headers["webhook-id"] == envelope.message_id.to_string()));
    assert_eq!(taken[0].line, "POST /messages");
    assert_eq!(taken[0].json()["type"], "email.send");
}

/// A name server that leads elsewhere on the second question.
struct Turning {
    answers: Vec<&'static str>,
    asked: AtomicUsize,
}

#[async_trait]
impl Lookup for Turning {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(host, "hooks.example.com");
        let n = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Ok(self.answers[n].split(' ').map(|address| address.parse().unwrap()).collect())
    }
}

/// A111: no name and no number leads a webhook into a network that is not public.
#[tokio::test]
async fn a111_a_webhook_dials_public_addresses_alone() {
    let server = ProviderServer::start(Protocol::Webhook).await;
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let mut options = webhook("");
        options.url = format!("https://{host}:{}/messages", server.port());
        options.allowed_networks = Vec::new();
        assert!(matches!(Webhook::new(options).err(), Some(HttpOptionFault::NotPublic)), "{host}");
    }
    let forbidden = Handover::Misconfigured { reason: "ADDRESS_FORBIDDEN" };
    for addresses in ["127.0.0.1", "10.0.0.1 169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1"]
    {
        let lookup = Arc::new(Turning { answers: vec![addresses], asked: AtomicUsize::new(0) });
        assert_eq!(dial(lookup, &server, Vec::new()).await, [forbidden.clone(), forbidden.clone()], "{addresses}");
    }
    assert_eq!(server.requests(), 0);
}

/// A111: whoever turns the name over between two questions gains nothing: each answer is judged, and dialled as it is.
#[tokio::test]
async fn a111_a_name_that_turns_over_is_judged_each_time() {
    let server = ProviderServer::start(Protocol::Webhook).await;
    let lookup = Arc::new(Turning { answers: vec!["127.0.0.2 127.0.0.1", "127.0.0.3"], asked: AtomicUsize::new(0) });
    let [first, second] = dial(lookup.clone(), &server, vec!["127.0.0.1/32".parse().unwrap()]).await;
    assert!(matches!(first, Handover::Deferred { .. } | Handover::Misconfigured { reason: "TLS_FAILED" }), "{first:?}");
    assert_eq!(second, Handover::Misconfigured { reason: "ADDRESS_FORBIDDEN" });
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 2, "no question but for the dial itself");
}

/// Two messages to the webhook's port at a name.
async fn dial(lookup: Arc<Turning>, server: &ProviderServer, allowed: Vec<ipnet::IpNet>) -> [Handover; 2] {
    let mut options = webhook("");
    options.url = format!("https://hooks.example.com:{}/messages", server.port());
    (options.allowed_networks, options.lookup) = (allowed, lookup);
    let webhook = Webhook::new(options).unwrap();
    [Messenger::hand_over(&webhook, &text("x")).await, Messenger::hand_over(&webhook, &text("x")).await]
}

/// What a secret belongs to goes in clear to this machine alone.
#[test]
fn addresses_are_of_https_or_of_this_machine() {
    for address in
        ["http://api.example.com", "ftp://127.0.0.1", "nowhere", "http://127.0.0.1.example.com", "http://10.0.0.1"]
    {
        assert!(matches!(SendGrid::new(sendgrid(address)).err(), Some(HttpOptionFault::Address)), "{address}");
        assert!(matches!(Twilio::new(twilio(address)).err(), Some(HttpOptionFault::Address)), "{address}");
        assert!(matches!(Webhook::new(webhook(address)).err(), Some(HttpOptionFault::Address)), "{address}");
    }
    let mut options = sendgrid("https://api.sendgrid.com");
    options.authorities = Some(b"no certificate".to_vec());
    assert!(matches!(SendGrid::new(options).err(), Some(HttpOptionFault::NoCertificate)));
}

/// What a provider calls a message is kept and shown to operators: no address, no novel, no control characters.
#[tokio::test]
async fn a_providers_id_is_kept_where_it_is_one() {
    let (messenger, server) = facing(Provider::WebhookEmail).await;
    for (id, kept) in [("m-1", "m-1"), ("ada@example.com", ""), ("a b", ""), ("a\\n", ""), (&"x".repeat(129), "")] {
        server.says(200, &format!("{{\"id\":\"{id}\"}}"));
        assert_eq!(messenger.hand_over().await, Handover::Accepted { provider_message_id: kept.to_owned() }, "{id}");
    }
}
