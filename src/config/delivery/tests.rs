//! Chains of providers: what is taken, and what is refused.

use super::*;
use crate::{
    config::{
        Config,
        sms::SmsProvider,
        tests::{SMALLEST, parse, refusal},
    },
    domain::contact::Country,
};

const SMTP: &str = "{ host = \"smtp.example.com\", from = \"a@example.com\" }";
const SENDGRID: &str = "{ api_key_file = \"key\", from = \"a@example.com\", receipts = { public_key = \"MFkw\" } }";
const WEBHOOK: &str = "{ url = \"https://hooks.example.com/messages\", secret_file = \"secret\" }";
const TWILIO: &str = "{ account_sid = \"AC0123456789abcdef0123456789abcdef\", secret_file = \"token\", from = \"+15005550006\", \
    receipts = { url = \"https://id.example.com/receipts/sms/twilio\" } }";

/// The smallest file with these providers instead of its own.
fn with(email: &str, sms: &str) -> String {
    let own = SMALLEST.find("mailbox = {").unwrap()..SMALLEST.find("[secrets]").unwrap();
    SMALLEST.replace(&SMALLEST[own], &format!("{email}\nsms = {{ {sms} }}\n"))
}

/// A file with a chain for each channel and every kind of provider.
pub(in crate::config) fn chains() -> String {
    with(
        &format!(
            "providers = [{{ name = \"relay\", domains = [\"example.com\", \"*.example.org\"], smtp = {SMTP} }}, \
             {{ sendgrid = {SENDGRID} }}, {{ name = \"own\", webhook = {WEBHOOK} }}]"
        ),
        &format!(
            "providers = [{{ name = \"near\", countries = [\"DE\"], webhook = {WEBHOOK} }}, {{ twilio = {TWILIO} }}]"
        ),
    )
}

fn delivery(email: &str) -> Config {
    parse(&with(email, "mailbox = { directory = \"mailbox\" }")).unwrap()
}

#[test]
fn providers_are_tried_in_the_order_of_the_file() {
    let config = parse(&chains()).unwrap();
    let email: Vec<_> = config.delivery.providers.iter().map(|one| (one.name.as_str(), one.place.as_str())).collect();
    assert_eq!(
        email,
        [
            ("relay", "delivery.providers[0].smtp"),
            ("sendgrid", "delivery.providers[1].sendgrid"),
            ("own", "delivery.providers[2].webhook")
        ]
    );
    let domains = ["example.com", "*.example.org"].map(str::to_owned);
    assert_eq!(config.delivery.providers[0].route, Route::Domains(domains.into()));
    assert_eq!(config.delivery.providers[1].route, Route::Everyone);
    let sms = config.sms.unwrap();
    assert_eq!(sms.providers[0].route, Route::Countries([Country::new("DE").unwrap()].into()));
    assert!(matches!(&sms.providers[1].kind, SmsProvider::Twilio(twilio) if twilio.api_key_sid.is_none()));
}

#[test]
fn one_provider_needs_no_list() {
    for (kind, section) in [("smtp", SMTP), ("sendgrid", SENDGRID), ("webhook", WEBHOOK)] {
        let config = delivery(&format!("{kind} = {section}"));
        let [provider] = &config.delivery.providers[..] else { panic!("one provider") };
        assert_eq!((provider.name.as_str(), provider.place.as_str()), (kind, format!("delivery.{kind}").as_str()));
    }
    assert_eq!(delivery(&format!("sendgrid = {SENDGRID}")).delivery.mailbox(), None);
}

#[test]
fn what_a_chain_must_not_be() {
    let mailbox = "mailbox = { directory = \"mailbox\" }";
    for (email, told) in [
        (format!("providers = [{{ smtp = {SMTP} }}, {{ smtp = {SMTP} }}]"), "delivery.providers: has two of one name"),
        (
            format!("providers = [{{ domains = [\"example.com\"], smtp = {SMTP} }}]"),
            "delivery.providers: leaves out most recipients",
        ),
        ("providers = []".to_owned(), "delivery.providers: leaves out most recipients"),
        (format!("providers = [{{ domains = [], smtp = {SMTP} }}]"), "delivery.providers[0].domains: is empty"),
        (
            format!("providers = [{{ domains = [\"Example.com\"], smtp = {SMTP} }}]"),
            "delivery.providers[0].domains: has an entry of the wrong form",
        ),
        (
            format!("providers = [{{ name = \"My relay\", smtp = {SMTP} }}]"),
            "delivery.providers[0].name: has the wrong",
        ),
        (
            format!("providers = [{{ smtp = {SMTP}, sendgrid = {SENDGRID} }}]"),
            "delivery.providers[0]: has more than one",
        ),
        (format!("providers = [{{ {mailbox} }}]"), "delivery.providers[0]: has no choice"),
        ("sendgrid = { from = \"a@example.com\" }".to_owned(), "delivery.sendgrid.api_key_file: is missing"),
        (
            "sendgrid = { from = \"a@example.com\", api_key = \"canary\", api_key_file = \"k\" }".to_owned(),
            "delivery.sendgrid.api_key: is not a known key",
        ),
        (
            "sendgrid = { from = \"a@example.com\", api_key_file = \"k\", endpoint = \"http://api.example.com\" }"
                .to_owned(),
            "delivery.sendgrid.endpoint: has the wrong form",
        ),
        (
            "sendgrid = { from = \"a@example.com\", api_key_file = \"k\", endpoint = \"https://api.example.com/v3\" }"
                .to_owned(),
            "delivery.sendgrid.endpoint: has the wrong form; give an https URL without a path",
        ),
        (
            format!("sendgrid = {}", SENDGRID.replace("MFkw", "?")),
            "delivery.sendgrid.receipts.public_key: has the wrong",
        ),
        (
            format!("sendgrid = {}", SENDGRID.replace("public_key", "private_key")),
            "delivery.sendgrid.receipts.public_key: is missing",
        ),
    ] {
        let refused = refusal(&with(&email, mailbox));
        assert!(refused.contains(told), "{email}\n{refused}");
        assert!(!refused.contains("canary"), "{refused}");
    }
    for (sms, told) in [
        (format!("providers = [{{ countries = [\"de\"], twilio = {TWILIO} }}]"), "has an entry of the wrong form"),
        (format!("providers = [{{ countries = [\"UK\"], twilio = {TWILIO} }}]"), "\"GB\" for the United Kingdom"),
        (format!("twilio = {}", TWILIO.replace("from", "sender")), "delivery.sms.twilio: has no sender, or two"),
        (
            format!("twilio = {}", TWILIO.replace("from =", "messaging_service_sid = \"MG0\", from =")),
            "delivery.sms.twilio.messaging_service_sid: has the wrong form",
        ),
        (format!("twilio = {}", TWILIO.replace("AC01", "SK01")), "delivery.sms.twilio.account_sid: has the wrong form"),
        (
            format!("twilio = {}", TWILIO.replace("https", "http")),
            "delivery.sms.twilio.receipts.url: has the wrong form",
        ),
        (
            format!("providers = [{{ name = \"far\", twilio = {TWILIO} }}]"),
            "delivery.sms: has a provider whose receipts.url is not that of its receipts",
        ),
        (
            format!("twilio = {}", TWILIO.replace("twilio\"", "twilio?a=b\"")),
            "delivery.sms.twilio.receipts.url: has the wrong form",
        ),
        (
            format!(
                "twilio = {}",
                TWILIO.replace("from =", "api_key_sid = \"SK0123456789abcdef0123456789abcdef\", from =")
            ),
            "delivery.sms.twilio.receipts.auth_token_file: is missing, as secret_file holds an API key's",
        ),
        (
            format!("twilio = {}", TWILIO.replace("url =", "auth_token_file = \"token\", url =")),
            "delivery.sms.twilio.receipts.auth_token_file: is there twice",
        ),
    ] {
        let refused = refusal(&with(&format!("smtp = {SMTP}"), &sms));
        assert!(refused.contains(told), "{sms}\n{refused}");
    }
}

/// A111: an address that no webhook may be sent to is refused before a port opens.
#[test]
fn a111_a_webhook_leads_to_the_internet() {
    let webhook = |url: &str, more: &str| {
        let section = format!("webhook = {{ url = \"{url}\", secret_file = \"secret\"{more} }}");
        with(&section, "mailbox = { directory = \"mailbox\" }")
    };
    for url in [
        "https://127.0.0.1/hook",
        "https://10.1.2.3/hook",
        "https://169.254.169.254/latest",
        "https://100.64.0.1/hook",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://[64:ff9b::a00:1]/hook",
        "https://localhost/hook",
        "https://x.localhost/hook",
    ] {
        let refused = refusal(&webhook(url, ""));
        assert!(refused.contains("delivery.webhook.url: leads into a network that is not public"), "{url}: {refused}");
    }
    for url in ["http://hooks.example.com/hook", "https://user@hooks.example.com/hook", "ftp://hooks.example.com"] {
        assert!(refusal(&webhook(url, "")).contains("delivery.webhook.url: has the wrong form"), "{url}");
    }
    let here = webhook("http://127.0.0.1:8000/hook", ", allowed_networks = [\"127.0.0.0/8\"]");
    assert!(parse(&here).is_ok());
    let production = here.replace("\"development\"", "\"production\"");
    assert!(refusal(&production).contains("delivery: has a webhook with allowed_networks in production"));
}
