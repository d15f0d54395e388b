//! `[delivery.sms]`: how short messages reach people. Without it a deployment offers none.

use super::{
    delivery::{Provider, Twilio, Webhook, alone, chain, listed, read_twilio, read_webhook},
    form::{Text, country},
    network,
    reader::Section,
};
use crate::domain::route::Route;
use std::path::{Path, PathBuf};

/// The section.
#[derive(Clone, Debug)]
pub struct Sms {
    /// Who carries them, in the order in which they are tried; at least one.
    pub providers: Vec<Provider<SmsProvider>>,
    /// The host that codes are bound to; `None` for the issuer's.
    pub domain: Option<String>,
}

/// Who carries short messages.
#[derive(Clone, Debug)]
pub enum SmsProvider {
    /// Files in a folder, for a developer to read.
    Mailbox {
        /// The folder.
        directory: PathBuf,
    },
    /// Twilio.
    Twilio(Twilio),
    /// A service of the operator's own.
    Webhook(Webhook),
}

impl Sms {
    /// The folder of the mailbox, where that takes the messages.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Path> {
        self.providers.iter().find_map(|provider| match &provider.kind {
            SmsProvider::Mailbox { directory } => Some(directory.as_path()),
            _ => None,
        })
    }

    /// The webhooks among the providers.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.providers.iter().filter_map(|provider| match &provider.kind {
            SmsProvider::Webhook(webhook) => Some(webhook),
            _ => None,
        })
    }
}

/// Reads the section, where it is there.
#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
pub(super) fn read(delivery: &mut Section<'_>) -> Option<Option<Sms>> {
    if !delivery.has("sms") {
        return Some(None);
    }
    delivery.section("sms", read_section).map(Some)
}

fn read_section(section: &mut Section<'_>) -> Option<Sms> {
    let countries = |section: &mut Section<'_>| {
        let countries = listed(section, "countries", country())?;
        Some(countries.map_or(Route::Everyone, |countries| Route::Countries(countries.into())))
    };
    let providers = match section.choice(&["mailbox", "twilio", "webhook", "providers"]) {
        None => None,
        Some("mailbox") => section.section("mailbox", |section| {
            let directory = network::need_path(section, "directory", "the path of the folder that takes the messages")?;
            Some(alone("mailbox", section, SmsProvider::Mailbox { directory }))
        }),
        Some("providers") => chain(section, countries, |section| {
            let kind = section.choice(&["twilio", "webhook"])?;
            read_kind(section, kind).map(|provider| (kind, provider.kind, provider.place))
        }),
        Some(kind) => read_kind(section, kind).map(|provider| vec![provider]),
    };
    let domain = Text {
        parse: |text: &str| is_domain(text).then(|| text.to_owned()),
        expected: "a host in lower-case ASCII such as \"app.example.com\"",
    };
    let domain = section.get("domain", &domain).optional();
    if providers.iter().flatten().any(posts_elsewhere) {
        section.wrong(
            "",
            "has a provider whose receipts.url is not that of its receipts",
            "let the URL end in /receipts/sms/ and the provider's name, such as /receipts/sms/twilio",
        );
        return None;
    }
    Some(Sms { providers: providers?, domain: domain? })
}

/// Whether Twilio would be told to post where this service takes nothing of it.
fn posts_elsewhere(provider: &Provider<SmsProvider>) -> bool {
    let SmsProvider::Twilio(Twilio { receipts: Some(receipts), .. }) = &provider.kind else { return false };
    !receipts.url.ends_with(&format!("/receipts/sms/{}", provider.name))
}

fn read_kind(section: &mut Section<'_>, kind: &'static str) -> Option<Provider<SmsProvider>> {
    section.section(kind, |section| {
        let provider = match kind {
            "twilio" => SmsProvider::Twilio(read_twilio(section)?),
            _ => SmsProvider::Webhook(read_webhook(section)?),
        };
        alone(kind, section, provider).pop()
    })
}

/// The host of a URL, where codes can be bound to it: a name, not an address.
#[must_use]
pub fn domain_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', ':']).next()?.to_ascii_lowercase();
    is_domain(&host).then_some(host)
}

/// A host name as it stands in the DNS, or `localhost`. The last label tells it from an IP address.
pub(super) fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253 && text.split('.').all(label) && last.bytes().any(|c| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{SMALLEST, parse},
        *,
    };

    const SECTION: &str = "sms = { mailbox = { directory = \"/var/mailbox\" } }";

    #[test]
    fn short_messages_are_offered_where_a_provider_is_named() {
        assert!(parse(&SMALLEST.replace(SECTION, "")).unwrap().sms.is_none());
        let sms = parse(SMALLEST).unwrap().sms.unwrap();
        assert_eq!(sms.domain.as_deref(), Some("localhost"), "the issuer's");
        let named = SECTION.replace(" } }", " }, domain = \"app.example.com\" }");
        assert_eq!(parse(&SMALLEST.replace(SECTION, &named)).unwrap().sms.unwrap().domain.unwrap(), "app.example.com");
        for (section, told) in [
            ("sms = {}", "delivery.sms: has no choice; write exactly one of mailbox, twilio, webhook, providers"),
            ("sms = { mailbox = {} }", "delivery.sms.mailbox.directory: is missing"),
            ("sms = { mailbox = { directory = \"/elsewhere\" } }", "delivery: has one mailbox for email and another"),
            (
                "sms = { mailbox = { directory = \"/var/mailbox\" }, domain = \"a b\" }",
                "delivery.sms.domain: has the wrong",
            ),
        ] {
            let refused = parse(&SMALLEST.replace(SECTION, section)).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
        let by_address = SMALLEST.replace("http://localhost:8080", "http://127.0.0.1:8080");
        assert!(parse(&by_address).unwrap_err().contains("delivery: has no domain for sms"));
        assert!(parse(&by_address.replace(SECTION, &named)).is_ok());
    }

    #[test]
    fn codes_are_bound_to_names() {
        for (url, domain) in [
            ("https://id.example.com", Some("id.example.com")),
            ("https://ID.example.com/tenant", Some("id.example.com")),
            ("http://localhost:8080", Some("localhost")),
            ("https://xn--bcher-kva.de:8443/a:b", Some("xn--bcher-kva.de")),
            ("http://127.0.0.1:8080", None),
            ("http://[::1]:8080", None),
            ("https://exa_mple.com", None),
        ] {
            assert_eq!(domain_of(url).as_deref(), domain, "{url}");
        }
        for bad in ["", ".", "a..b", "-a.com", "a-.com", "App.example.com", "a.com:80", "a b.com", "a.com\n", "a.com/x"]
        {
            assert!(!is_domain(bad), "{bad:?}");
        }
    }
}
