//! `[delivery.sms]`: how short messages reach people. Without it a deployment offers none.

use super::{form::Text, network, reader::Section};
use std::path::PathBuf;

/// The section.
#[derive(Clone, Debug)]
pub struct Sms {
    /// Who carries them.
    pub provider: SmsProvider,
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
    let provider = section.choice(&["mailbox"]).and_then(|_| {
        section.section("mailbox", |section| {
            network::need_path(section, "directory", "the path of the folder that takes the messages")
                .map(|directory| SmsProvider::Mailbox { directory })
        })
    });
    let domain = Text {
        parse: |text: &str| is_domain(text).then(|| text.to_owned()),
        expected: "a host in lower-case ASCII such as \"app.example.com\"",
    };
    let domain = section.get("domain", &domain).optional();
    Some(Sms { provider: provider?, domain: domain? })
}

/// The host of a URL, where codes can be bound to it: a name, not an address.
#[must_use]
pub fn domain_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', ':']).next()?.to_ascii_lowercase();
    is_domain(&host).then_some(host)
}

/// A host name as it stands in the DNS, or `localhost`. The last label tells it from an IP address.
fn is_domain(text: &str) -> bool {
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
            ("sms = {}", "delivery.sms: has no choice; write exactly one of mailbox"),
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
