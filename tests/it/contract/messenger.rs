//! Every messenger does the same with the same messages: the mailbox of development, SMTP against a real server, and
//! SendGrid, Twilio and the webhook against doubles that speak their protocols.

mod http;
mod mailbox;
mod outcomes;
mod read;
mod scripted;
mod smtp;
mod smtp_faults;
mod subjects;

use std::time::Duration;

use identity::adapters::messenger::Sender;
use identity::adapters::system::{SystemClock, SystemEntropy};
use identity::domain::contact::EmailAddress;
use identity::domain::id::MessageId;
use identity::domain::message::{Envelope, Handover};
use identity::domain::time::Timestamp;
use identity::engine::delivery::{PreviewKind, Templates};
use identity::ports::clock::Clock;
use identity::ports::entropy::Entropy;
use identity::ports::messenger::Messenger;

use self::read::Mail;

/// A messenger, and a look at what it delivered.
trait Subject {
    fn messenger(&self) -> &dyn Messenger;

    /// Every message that was delivered, as it was written.
    fn delivered(&self) -> Vec<Vec<u8>>;

    /// A message that was delivered, as its reader understands it.
    fn read(&self, raw: &[u8]) -> Mail {
        Mail::read(raw)
    }

    /// Whether a message is that of the envelope.
    fn is_of(&self, raw: &[u8], envelope: &Envelope) -> bool {
        String::from_utf8(raw.to_vec()).unwrap().contains(&format!("Message-ID: <{}@", envelope.message_id))
    }

    /// Whether the messenger itself makes the message of RFC 5322.
    fn is_mime(&self) -> bool {
        true
    }
}

fn sender() -> Sender {
    Sender::new(&EmailAddress::parse("no-reply@example.org").unwrap(), "Søn, \"Shop\" <x>").unwrap()
}

fn envelope(to: &str) -> Envelope {
    Envelope {
        message_id: MessageId::new(SystemEntropy.uuid()),
        to: EmailAddress::parse(to).unwrap(),
        subject: "Your code".to_owned(),
        text: "123456 is your code.\n".to_owned(),
        html: "<p>123456</p>\n".to_owned(),
        create_time: SystemClock.now(),
        expire_time: SystemClock.now().after(Duration::from_mins(5)),
    }
}

fn accepted(handover: &Handover) -> bool {
    matches!(handover, Handover::Accepted { .. })
}

/// A message arrives once, complete, and as the standards want it.
async fn a_message_arrives_whole(subject: &impl Subject) {
    let mut envelope = envelope("ada@example.com");
    envelope.create_time = Timestamp::from_micros(1_795_201_476_123_456);
    assert!(accepted(&subject.messenger().hand_over(&envelope).await));
    let delivered = subject.delivered();
    let [raw] = delivered.as_slice() else { panic!("{} messages", delivered.len()) };
    let mail = subject.read(raw);
    assert_eq!(mail.headers["to"], ["ada@example.com"]);
    assert_eq!((mail.text.as_str(), mail.html.as_str()), ("123456 is your code.\n", "<p>123456</p>\n"));
    if !subject.is_mime() {
        return;
    }
    assert!(String::from_utf8(raw.clone()).unwrap().contains("\r\n\r\n123456 is your code.\r\n"), "readable as it is");
    assert_eq!(mail.headers["from"], ["\"Søn, \\\"Shop\\\" <x>\" <no-reply@example.org>"]);
    assert_eq!(mail.headers["subject"], ["Your code"]);
    assert_eq!(mail.headers["message-id"], [format!("<{}@example.org>", envelope.message_id)]);
    assert_eq!(mail.headers["date"], ["Fri, 20 Nov 2026 19:04:36 +0000"]);
    assert_eq!(mail.headers["auto-submitted"], ["auto-generated"]);
    assert_eq!(mail.headers["mime-version"], ["1.0"]);
    assert_eq!(mail.kind, "multipart/alternative");
    assert_eq!(mail.defects, Vec::<String>::new());
}

/// Every letter arrives as it was written, in the subject, in both parts and in the address.
async fn letters_arrive_as_they_are(subject: &impl Subject) {
    let long = "ß = 日本語 <🙂> ".repeat(40);
    let lines = ".\n..dots\n.\nFrom here\n=3D =\n--=_x\n\ttab \nend";
    for to in ["ada@example.com", "åsa.例え@example.com", "o'hara+tag@xn--bcher-kva.example"] {
        for text in ["ASCII alone\n", "Grüße an Łukasz, 你好, שלום, 🙂\n", &long, lines] {
            let mut envelope = envelope(to);
            envelope.subject = text.replace(['\n', '\t'], " ").trim().to_owned();
            envelope.text = text.to_owned();
            envelope.html = format!("<p>{text}</p>\n");
            assert!(accepted(&subject.messenger().hand_over(&envelope).await), "{to} {text}");
            let raw = subject.delivered().into_iter().find(|raw| subject.is_of(raw, &envelope)).unwrap();
            let mail = subject.read(&raw);
            assert_eq!(mail.headers["to"], [envelope.to.as_str()]);
            assert_eq!(mail.headers["subject"], [envelope.subject.as_str()]);
            assert_eq!((mail.text, mail.html), (envelope.text, envelope.html));
        }
    }
}

/// Every message of this program arrives as it was written in every language, with the link on a line of its own.
async fn every_message_arrives_whole_in_every_language(subject: &impl Subject) {
    let templates = Templates::built_in().unwrap();
    for language in templates.languages() {
        for kind in PreviewKind::ALL {
            let preview = templates.preview(kind, &language).unwrap();
            let mut envelope = envelope("ada@example.com");
            (envelope.subject, envelope.text, envelope.html) = (preview.subject, preview.text, preview.html);
            assert!(accepted(&subject.messenger().hand_over(&envelope).await));
            let raw = subject.delivered().into_iter().find(|raw| subject.is_of(raw, &envelope)).unwrap();
            let is_short = raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 100);
            assert!(is_short || !subject.is_mime(), "short lines on the way");
            let mail = subject.read(&raw);
            assert_eq!(mail.headers["subject"], [envelope.subject.as_str()]);
            assert_eq!((&mail.text, &mail.html), (&envelope.text, &envelope.html), "{language} {}", kind.name());
            let links = mail.text.lines().filter(|line| line.starts_with("https://") && !line.contains(' ')).count();
            assert_eq!(links, usize::from(kind.name().contains("link")), "{}", mail.text);
            assert_eq!(mail.defects, Vec::<String>::new());
        }
    }
}

/// A107: nothing in a field makes a header, a recipient or a part.
async fn a107_fields_make_no_headers(subject: &impl Subject) {
    for evil in
        ["\r\nBcc: eve@example.com", "\nX-Evil: 1", "\r\n\r\n<b>body</b>", "\r\n.\r\nMAIL FROM:<eve@example.com>"]
    {
        let mut envelope = envelope("ada@example.com");
        envelope.subject = format!("Hello{evil}");
        envelope.text = format!("text{evil}\r\n.\r\nQUIT\r\n--=_{}--\r\n", envelope.message_id);
        envelope.html = format!("<p>html{evil}</p>");
        let _ = subject.messenger().hand_over(&envelope).await;
        for address in [&format!("ada@example.com{evil}"), &format!("ada{evil}@example.com")] {
            assert!(EmailAddress::parse(address).is_err());
        }
    }
    let next = envelope("ben@example.com");
    assert!(accepted(&subject.messenger().hand_over(&next).await));
    let delivered = subject.delivered();
    assert_eq!(delivered.len(), 5);
    for raw in delivered {
        let mail = subject.read(&raw);
        assert!(mail.envelope_to.is_empty() || mail.envelope_to == mail.headers["to"], "{:?}", mail.envelope_to);
        for name in ["bcc", "cc", "x-evil", "content-disposition"] {
            assert!(!mail.headers.contains_key(name), "{name}");
        }
        assert_eq!((mail.headers["subject"].len(), mail.headers["to"].len()), (1, 1));
    }
}

/// Addresses of every script are written to as they are: with marks that combine (Hindi, Thai, Tamil), with a domain that
/// is not ASCII where it is typed, and where a small letter is two characters.
const ADDRESSES: [&str; 7] = [
    "हिन्दी@example.com",
    "संपर्क@डाटामेल.भारत",
    "ที่นี่@example.com",
    "தமிழ்@example.com",
    "İ@example.com",
    "أحمد@example.com",
    "用户@例え.jp",
];

/// A message arrives at an address of every script.
async fn every_script_is_written_to(subject: &impl Subject) {
    for to in ADDRESSES {
        let envelope = envelope(to);
        let handover = subject.messenger().hand_over(&envelope).await;
        assert!(accepted(&handover), "{to}: {handover:?}");
        let raw = subject.delivered().into_iter().find(|raw| subject.is_of(raw, &envelope)).unwrap();
        let mail = subject.read(&raw);
        assert_eq!(mail.headers["to"], [envelope.to.as_str()]);
        assert!(mail.envelope_to.is_empty() || mail.envelope_to == mail.headers["to"], "{:?}", mail.envelope_to);
        assert_eq!(mail.defects, Vec::<String>::new());
        let (_, domain) = envelope.to.as_str().rsplit_once('@').unwrap();
        assert!(domain.is_ascii(), "as it stands in the DNS");
    }
}

/// Many at a time arrive once each.
async fn many_at_a_time_arrive_once_each(subject: &(impl Subject + Sync)) {
    let envelopes: Vec<Envelope> = (0..40).map(|n| envelope(&format!("n{n}@example.com"))).collect();
    let handovers =
        futures_util::future::join_all(envelopes.iter().map(|one| subject.messenger().hand_over(one))).await;
    assert!(handovers.iter().all(accepted), "{handovers:?}");
    let delivered = subject.delivered();
    assert_eq!(delivered.len(), 40);
    assert!(envelopes.iter().all(|envelope| delivered.iter().any(|raw| subject.is_of(raw, envelope))));
}

/// A second try of a message can be told from a second message: its bytes are the same.
async fn a_second_try_is_the_same_message(subject: &impl Subject) {
    let envelope = envelope("ada@example.com");
    for _ in 0..2 {
        assert!(accepted(&subject.messenger().hand_over(&envelope).await));
    }
    let mut delivered: Vec<Vec<u8>> = subject.delivered().iter().map(|raw| Mail::without_envelope(raw)).collect();
    delivered.dedup();
    assert_eq!(delivered.len(), 1);
}

/// Runs the whole contract; each part has a fresh subject.
async fn holds<S: Subject + Sync>(fresh: impl AsyncFn() -> S) {
    a_message_arrives_whole(&fresh().await).await;
    letters_arrive_as_they_are(&fresh().await).await;
    every_script_is_written_to(&fresh().await).await;
    every_message_arrives_whole_in_every_language(&fresh().await).await;
    a107_fields_make_no_headers(&fresh().await).await;
    many_at_a_time_arrive_once_each(&fresh().await).await;
    a_second_try_is_the_same_message(&fresh().await).await;
}
