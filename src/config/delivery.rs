//! `[delivery]`: how messages reach people: one provider, or several that stand in for one another.

mod sendgrid;
mod smtp;
#[cfg(test)]
pub(super) mod tests;
mod twilio;
mod webhook;

pub use sendgrid::SendGrid;
pub use smtp::{Smtp, SmtpTls};
pub use twilio::{Twilio, TwilioReceipts, TwilioSender};
pub use webhook::Webhook;

pub(super) use twilio::read as read_twilio;
pub(super) use webhook::read as read_webhook;

use super::{
    form::{Form, List, Span, Text},
    network,
    reader::{Found, Section},
    sms::is_domain,
};
use crate::domain::route::Route;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The section: who carries emails, in the order in which they are tried; at least one.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The providers.
    pub providers: Vec<Provider<EmailProvider>>,
}

/// A provider in its chain.
#[derive(Clone, Debug)]
pub struct Provider<K> {
    /// By which operators know it.
    pub name: String,
    /// Whom it carries messages to.
    pub route: Route,
    /// The section that says so, such as `delivery.smtp`.
    pub place: String,
    /// What it is.
    pub kind: K,
}

/// Who carries emails.
#[derive(Clone, Debug)]
pub enum EmailProvider {
    /// Files in a folder, for a developer to read.
    Mailbox {
        /// The folder.
        directory: PathBuf,
    },
    /// A mail server that takes messages for anyone.
    Smtp(Smtp),
    /// SendGrid.
    SendGrid(SendGrid),
    /// A service of the operator's own.
    Webhook(Webhook),
}

impl Delivery {
    /// The folder of the mailbox, where that takes the emails.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Path> {
        self.providers.iter().find_map(|provider| match &provider.kind {
            EmailProvider::Mailbox { directory } => Some(directory.as_path()),
            _ => None,
        })
    }

    /// The webhooks among the providers.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.providers.iter().filter_map(|provider| match &provider.kind {
            EmailProvider::Webhook(webhook) => Some(webhook),
            _ => None,
        })
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<Delivery> {
    let domains = |section: &mut Section<'_>| {
        let pattern = Text {
            parse: |text: &str| is_domain(text.strip_prefix("*.").unwrap_or(text)).then(|| text.to_owned()),
            expected: "a domain in lower-case ASCII such as \"example.com\", or \"*.example.com\" for those below it",
        };
        let domains = listed(section, "domains", pattern)?;
        Some(domains.map_or(Route::Everyone, |domains| Route::Domains(domains.into())))
    };
    let providers = match section.choice(&["mailbox", "smtp", "sendgrid", "webhook", "providers"])? {
        "mailbox" => section.section("mailbox", |section| {
            let directory = network::need_path(section, "directory", "the path of the folder that takes the messages")?;
            Some(alone("mailbox", section, EmailProvider::Mailbox { directory }))
        }),
        "providers" => chain(section, domains, |section| {
            let kind = section.choice(&["smtp", "sendgrid", "webhook"])?;
            read_kind(section, kind).map(|provider| (kind, provider.kind, provider.place))
        }),
        kind => read_kind(section, kind).map(|provider| vec![provider]),
    };
    providers.map(|providers| Delivery { providers })
}

fn read_kind(section: &mut Section<'_>, kind: &'static str) -> Option<Provider<EmailProvider>> {
    section.section(kind, |section| {
        let provider = match kind {
            "smtp" => EmailProvider::Smtp(smtp::read(section)?),
            "sendgrid" => EmailProvider::SendGrid(sendgrid::read(section)?),
            _ => EmailProvider::Webhook(webhook::read(section)?),
        };
        alone(kind, section, provider).pop()
    })
}

/// A chain of one, named after what it is.
pub(super) fn alone<K>(name: &str, section: &Section<'_>, kind: K) -> Vec<Provider<K>> {
    vec![Provider { name: name.to_owned(), route: Route::Everyone, place: section.place().to_owned(), kind }]
}

/// Reads the list `providers`. Names are there once; one provider at least carries to everyone.
pub(super) fn chain<'d, K>(
    section: &mut Section<'d>,
    route: impl Fn(&mut Section<'d>) -> Option<Route>,
    kind: impl Fn(&mut Section<'d>) -> Option<(&'static str, K, String)>,
) -> Option<Vec<Provider<K>>> {
    let name =
        Text { parse: |text: &str| is_name(text).then(|| text.to_owned()), expected: "1 to 32 of a-z 0-9 and -" };
    let read = section.tables("providers", |section| {
        let name = section.get("name", &name).optional();
        let route = route(section);
        let (own, kind, place) = kind(section)?;
        Some(Provider { name: name?.unwrap_or_else(|| own.to_owned()), route: route?, place, kind })
    });
    let Found::Value(providers) = read else { return None };
    let twice = |(n, one): (usize, &Provider<K>)| providers[..n].iter().any(|other| other.name == one.name);
    if providers.iter().enumerate().any(twice) {
        section.wrong("providers", "has two of one name", "give each a name of its own");
        return None;
    }
    if !providers.iter().any(|provider| provider.route == Route::Everyone) {
        section.wrong("providers", "leaves out most recipients", "let one at least carry to everyone, as the last");
        return None;
    }
    Some(providers)
}

/// The list under `key`, which is not empty where it is there.
#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
pub(super) fn listed<F: Form>(section: &mut Section<'_>, key: &'static str, form: F) -> Option<Option<Vec<F::Value>>> {
    let list = section.get(key, &List(form)).optional()?;
    if list.as_ref().is_some_and(Vec::is_empty) {
        section.wrong(key, "is empty", "remove it, where the provider carries to everyone");
        return None;
    }
    Some(list)
}

fn is_name(text: &str) -> bool {
    let letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(letter)
}

/// What every provider over HTTP has: where its service is, who may sign for it, and how long one message may take.
#[derive(Clone, Debug)]
pub struct Service {
    /// The service's address without a path.
    pub endpoint: Option<String>,
    /// Authorities that are trusted instead of the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// How long one message may take, connecting included.
    pub timeout: Duration,
}

/// Reads `endpoint`, `ca_file` and `timeout`.
fn read_service(section: &mut Section<'_>) -> Option<Service> {
    let endpoint = Text {
        parse: |text: &str| (network::is_safe_url(text) && !network::has_path(text)).then(|| text.to_owned()),
        expected: "an https URL without a path, or an http URL of this machine",
    };
    let endpoint = section.get("endpoint", &endpoint).optional();
    let (ca_file, timeout) = (read_ca_file(section), read_timeout(section));
    Some(Service { endpoint: endpoint?, ca_file: ca_file?, timeout: timeout? })
}

#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
fn read_ca_file(section: &mut Section<'_>) -> Option<Option<PathBuf>> {
    network::path(section, "ca_file", "the path of the authorities in PEM").optional()
}

fn read_timeout(section: &mut Section<'_>) -> Option<Duration> {
    section.get("timeout", &Span(Duration::from_secs(1)..=Duration::from_mins(1))).or(Duration::from_secs(10))
}
