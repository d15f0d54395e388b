//! An envelope as a message of RFC 5322: one text part and one HTML part that say the same.

use crate::domain::{contact::EmailAddress, message::Envelope, time::Timestamp};
use lettre::{
    Address, Message,
    address::Envelope as Route,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whom messages come from: an address and a name, such as `Example Shop <no-reply@example.com>`.
#[derive(Clone)]
pub struct Sender(Mailbox);

/// The address or the name cannot stand in the sender's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a sender: the address must be ASCII, and the name one line")]
pub struct NotASender;

/// What quoted-printable text never contains (RFC 2045 section 6.7), so that no part can hold the boundary.
const NEVER_QUOTED: &str = "=_";

/// The longest line that is sent as it is (RFC 2045 section 6.7 has no longer ones either).
const LONGEST_LINE: usize = 76;

/// The envelope's address cannot stand in a message.
#[derive(Debug)]
pub(super) struct Unsendable;

impl Sender {
    /// A sender with this address and name; empty for no name.
    ///
    /// # Errors
    /// Where the address is not ASCII (relays need not take another), or the name has control characters.
    pub fn new(address: &EmailAddress, name: &str) -> Result<Self, NotASender> {
        if !address.as_str().is_ascii() || name.chars().any(char::is_control) {
            return Err(NotASender);
        }
        Ok(Self(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), spelled(address))))
    }

    /// The address alone, for the SMTP envelope.
    pub(super) const fn address(&self) -> &Address {
        &self.0.email
    }
}

/// The message for `envelope`. It depends on nothing else, so that a second try makes the same bytes; its Message-ID is
/// made of the message's id, so that a duplicate can be recognised.
pub(super) fn message(sender: &Sender, envelope: &Envelope) -> Result<Message, Unsendable> {
    let to = spelled(&envelope.to);
    let id = envelope.message_id;
    // Left to lettre, a boundary is drawn at random first.
    let alternative = format!("multipart/alternative; boundary=\"{NEVER_QUOTED}{id}\"");
    let parts = MultiPart::builder()
        .header(ContentType::parse(&alternative).map_err(|_| Unsendable)?)
        .singlepart(part(ContentType::TEXT_PLAIN, &envelope.text))
        .singlepart(part(ContentType::TEXT_HTML, &envelope.html));
    // Told what it is, lettre does not read it out of the headers again.
    let route = Route::new(Some(sender.0.email.clone()), vec![to.clone()]).map_err(|_| Unsendable)?;
    Message::builder()
        .envelope(route)
        .message_id(Some(format!("<{id}@{}>", sender.0.email.domain())))
        .date(date(envelope.create_time))
        .from(sender.0.clone())
        .to(to.into())
        .subject(one_line(&envelope.subject))
        // Machines shall not answer it (RFC 3834 section 5); the second is for those that know no RFC.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All".to_owned()))
        .multipart(parts)
        .map_err(|_| Unsendable)
}

/// The address as lettre writes it. lettre's own check is left out: it refuses letters with combining marks, as Hindi, Thai
/// and Tamil have them. An [`EmailAddress`] is narrower than what the check lets through: no blank, bracket, quote or end
/// of a line is in it, and its domain is ASCII.
fn spelled(address: &EmailAddress) -> Address {
    let (local, domain) = address.parts();
    Address::new_dangerous(local, domain)
}

/// A part that one can read as it stands: plain where it is ASCII in short lines, else quoted-printable, never base64.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let lines = in_lines(text);
    let body = if is_plain(&lines) {
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new_with_encoding(lines, ContentTransferEncoding::QuotedPrintable).unwrap_or_else(Body::new)
    };
    SinglePart::builder().header(kind).body(body)
}

/// The text with the ends of lines that a message has (RFC 5322 section 2.1). Left to lettre, each end of a line moves
/// the rest of the text by one byte.
fn in_lines(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text.replace('\n', "\r\n") }
}

/// Whether the lines can stand as they are, and hold no boundary.
fn is_plain(lines: &str) -> bool {
    let count = |byte| lines.bytes().filter(|other| *other == byte).count();
    let fits = |line: &str| line.strip_suffix('\r').unwrap_or(line).len() <= LONGEST_LINE;
    // As many returns as ends of lines: none stands alone.
    count(b'\r') == count(b'\n') && lines.is_ascii() && !lines.contains(NEVER_QUOTED) && lines.split('\n').all(fits)
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The time in whole seconds, within the years that a Date header can name.
fn date(time: Timestamp) -> SystemTime {
    const END_OF_9999: u64 = 253_402_300_799;
    UNIX_EPOCH + Duration::from_secs(u64::try_from(time.seconds()).unwrap_or(0).min(END_OF_9999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_ascii_and_one_line() {
        let ascii = EmailAddress::parse("no-reply@example.com").unwrap();
        for name in ["", "Shop", "Shop, Inc. \"the\" <x>", "Søns & Co"] {
            assert!(Sender::new(&ascii, name).is_ok(), "{name}");
        }
        assert_eq!(Sender::new(&ascii, "Shop\r\nBcc: a@example.com").err(), Some(NotASender));
        let other = EmailAddress::parse("søn@example.com").unwrap();
        assert_eq!(Sender::new(&other, "").err(), Some(NotASender));
    }

    #[test]
    fn only_short_lines_of_ascii_are_plain() {
        let longest = "a".repeat(LONGEST_LINE);
        for (text, lines, plain) in [
            ("", "", true),
            ("\n", "\r\n", true),
            ("a\nb\r\n\nc", "a\r\nb\r\n\r\nc", true),
            (longest.as_str(), longest.as_str(), true),
            (&format!("{longest}a"), &format!("{longest}a"), false),
            ("a\rb", "a\rb", false),
            ("a\r\r\nb", "a\r\r\nb", false),
            ("S\u{f8}n", "S\u{f8}n", false),
            ("--=_x", "--=_x", false),
        ] {
            assert_eq!((in_lines(text).as_str(), is_plain(&in_lines(text))), (lines, plain), "{text:?}");
        }
    }

    #[test]
    fn dates_stay_within_what_a_header_can_name() {
        for micros in [i64::MIN, -1, 0, i64::MAX] {
            lettre::message::header::Date::new(date(Timestamp::from_micros(micros)));
        }
    }
}
