//! `[delivery.sms.twilio]`: text messages by Twilio.

use super::{Service, read_service};
use crate::config::{form::Text, network, reader::Section};
use std::path::PathBuf;

/// Twilio.
#[derive(Clone, Debug)]
pub struct Twilio {
    /// The account.
    pub account_sid: String,
    /// The API key; `None` where the account's own token is the secret.
    pub api_key_sid: Option<String>,
    /// The secret file with the API key's secret, or with the account's token.
    pub secret_file: PathBuf,
    /// Whom messages come from.
    pub sender: TwilioSender,
    /// How its service is reached.
    pub service: Service,
    /// Where it tells what became of messages; `None` where it does not.
    pub receipts: Option<TwilioReceipts>,
}

/// Where Twilio tells what became of messages.
#[derive(Clone, Debug)]
pub struct TwilioReceipts {
    /// The whole URL of this service's address for it, as the internet reaches it.
    pub url: String,
    /// The secret file with the account's token, by which its callbacks are known; `None` where that is the provider's own
    /// secret.
    pub auth_token_file: Option<PathBuf>,
}

/// Whom a text message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TwilioSender {
    /// A number in the form of E.164, a short code or an alphanumeric sender.
    From(String),
    /// A messaging service, which has numbers of its own.
    MessagingService(String),
}

pub(in crate::config) fn read(section: &mut Section<'_>) -> Option<Twilio> {
    let account_sid = section.need("account_sid", &sid("AC", "the account's SID: AC and 32 hexadecimal digits"));
    let api_key_sid =
        section.get("api_key_sid", &sid("SK", "the API key's SID: SK and 32 hexadecimal digits")).optional();
    let secret_file = network::need_path(
        section,
        "secret_file",
        "the path of a file with the API key's secret or the account's token",
    );
    let from = Text {
        parse: |text: &str| is_sender(text).then(|| text.to_owned()),
        expected: "a number such as \"+15005550006\", a short code, or a name of 1 to 11 letters, digits and blanks",
    };
    let from = section.get("from", &from).optional();
    let service = sid("MG", "the messaging service's SID: MG and 32 hexadecimal digits");
    let messaging_service = section.get("messaging_service_sid", &service).optional();
    let sender = match (from?, messaging_service?) {
        (Some(from), None) => Some(TwilioSender::From(from)),
        (None, Some(service)) => Some(TwilioSender::MessagingService(service)),
        _ => {
            section.wrong("", "has no sender, or two", "write either from or messaging_service_sid");
            None
        }
    };
    let service = read_service(section);
    let has_key = api_key_sid.as_ref().is_some_and(Option::is_some);
    let receipts = if section.has("receipts") {
        section.section("receipts", |section| read_receipts(section, has_key)).map(Some)
    } else {
        Some(None)
    };
    Some(Twilio {
        account_sid: account_sid?,
        api_key_sid: api_key_sid?,
        secret_file: secret_file?,
        sender: sender?,
        service: service?,
        receipts: receipts?,
    })
}

/// Callbacks are signed with the account's token, whatever the requests are.
fn read_receipts(section: &mut Section<'_>, has_key: bool) -> Option<TwilioReceipts> {
    let url = Text {
        parse: |text: &str| network::is_safe_url(text).then(|| text.to_owned()),
        expected: "an https URL such as \"https://identity.example.com/receipts/sms/twilio\", without query or fragment",
    };
    let url = section.need("url", &url);
    let token = network::path(section, "auth_token_file", "the path of a file with the account's token").optional()?;
    if token.is_some() != has_key {
        let (what, remedy) = if has_key {
            ("is missing, as secret_file holds an API key's", "name a file with the account's token")
        } else {
            ("is there twice, as secret_file holds the account's token", "remove it")
        };
        section.wrong("auth_token_file", what, remedy);
        return None;
    }
    Some(TwilioReceipts { url: url?, auth_token_file: token })
}

/// The id of a thing at Twilio: two letters that tell its kind, and 32 hexadecimal digits.
fn sid(kind: &'static str, expected: &'static str) -> Text<impl Fn(&str) -> Option<String>> {
    let parse = move |text: &str| {
        let digits = text.strip_prefix(kind)?;
        (digits.len() == 32 && digits.bytes().all(|c| c.is_ascii_hexdigit())).then(|| text.to_owned())
    };
    Text { parse, expected }
}

fn is_sender(text: &str) -> bool {
    let is_number = |digits: &str| (3..=15).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    if let Some(number) = text.strip_prefix('+') {
        return is_number(number);
    }
    let name = |c: u8| c.is_ascii_alphanumeric() || c == b' ';
    (1..=11).contains(&text.len()) && text.trim() == text && text.bytes().all(name)
}
