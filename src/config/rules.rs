//! What no section can tell alone.

use super::{
    analytics::Analytics,
    delivery::{Delivery, Webhook},
    limiter::Limiter,
    links::LinkPages,
    listen::Listen,
    network,
    pages::Pages,
    proof::Proof,
    reader::Section,
    review::Review,
    service::Environment,
    sms::{self, Sms},
    store::Store,
    telemetry::Telemetry,
};

/// Notes what production refuses.
pub(super) fn check(
    root: &mut Section<'_>,
    environment: Option<Environment>,
    issuer: Option<&str>,
    store: Option<&Store>,
    limiter: Option<&Limiter>,
    delivery: Option<&Delivery>,
) {
    if environment != Some(Environment::Production) {
        return;
    }
    if issuer.is_some_and(network::is_clear) {
        root.wrong(
            "service",
            "has an issuer that is an http URL in production",
            "give the https URL that clients reach as service.issuer",
        );
    }
    if delivery.is_some_and(|delivery| delivery.mailbox().is_some()) {
        root.wrong(
            "delivery",
            "is the mailbox, which shows everyone's codes to whoever reads the folder or the page",
            "write [delivery.smtp], or environment = \"development\" where nobody real signs in",
        );
    }
    if delivery.is_some_and(|delivery| delivery.webhooks().any(opens_networks)) {
        root.wrong("delivery", OPEN_NETWORKS, OPEN_NETWORKS_REMEDY);
    }
    if matches!((store, limiter), (Some(Store::Postgres(_)), Some(Limiter::Memory))) {
        root.wrong(
            "limiter",
            "counts in memory while processes may share PostgreSQL: each would grant the whole budget again",
            "write [limiter.redis]; memory is exact with SQLite, which one process owns",
        );
    }
}

const OPEN_NETWORKS: &str = "has a webhook with allowed_networks in production";
const OPEN_NETWORKS_REMEDY: &str =
    "remove allowed_networks, and name a receiver on the internet, or write environment = \"development\"";

const fn opens_networks(webhook: &Webhook) -> bool {
    !webhook.allowed_networks.is_empty()
}

/// Notes what short messages are at odds with, and gives them their domain: the issuer's where none is named.
pub(super) fn check_sms(
    root: &mut Section<'_>,
    environment: Option<Environment>,
    issuer: Option<&str>,
    delivery: Option<&Delivery>,
    sms: Option<Sms>,
) -> Option<Sms> {
    let mut sms = sms?;
    if environment == Some(Environment::Production) && sms.mailbox().is_some() {
        root.wrong(
            "delivery",
            "has the mailbox for sms, which shows everyone's codes to whoever reads the folder or the page",
            "write [delivery.sms.twilio] or remove [delivery.sms], or write environment = \"development\" where nobody real signs in",
        );
    }
    if environment == Some(Environment::Production) && sms.webhooks().any(opens_networks) {
        root.wrong("delivery", OPEN_NETWORKS, OPEN_NETWORKS_REMEDY);
    }
    let mailboxes = delivery.and_then(Delivery::mailbox).zip(sms.mailbox());
    if mailboxes.is_some_and(|(email, sms)| email != sms) {
        root.wrong(
            "delivery",
            "has one mailbox for email and another for sms",
            "give both the same directory, which one page shows",
        );
    }
    sms.domain = sms.domain.or_else(|| sms::domain_of(issuer?));
    if sms.domain.is_none() && issuer.is_some() {
        root.wrong(
            "delivery",
            "has no domain for sms, as the issuer's host is none",
            "name the host whose pages take the codes in delivery.sms.domain",
        );
    }
    Some(sms)
}

/// Notes review accounts where real people sign in and nobody said that this is meant.
pub(super) fn check_review(root: &mut Section<'_>, environment: Option<Environment>, review: Option<&Review>) {
    if environment == Some(Environment::Production) && review.is_some_and(|review| !review.allow_in_production) {
        root.wrong(
            "review",
            "names accounts whose codes are known, in production",
            "remove the section, or write allow_in_production = true where a store's reviewers sign in",
        );
    }
}

/// Notes pages where nobody could sign in on them, and links that lead to a page that is not there.
pub(super) fn check_pages(
    root: &mut Section<'_>,
    pages: Option<Pages>,
    proof: Option<&Proof>,
    links: Option<&LinkPages>,
) {
    if pages.is_some_and(|pages| !pages.enabled) && links == Some(&LinkPages::OwnListener) {
        root.wrong(
            "links",
            "has the base_url \"own-listener\", where there is no page for them, as pages are off",
            "write enabled = true in [pages], or name the page of yours that takes them as links.base_url",
        );
    }
    if pages.is_some_and(|pages| pages.enabled) && proof.is_some_and(|proof| proof.captcha.is_some()) {
        root.wrong(
            "pages",
            "are on while a captcha is asked for, whose widget is another's and is not shown on them",
            "write kind = \"proof_of_work\" in [proof], or enabled = false in [pages]",
        );
    }
}

/// Notes a listener of metrics that is not like the others.
pub(super) fn check_metrics(root: &mut Section<'_>, listen: Option<&Listen>, telemetry: Option<&Telemetry>) {
    let (Some(listen), Some(address)) = (listen, telemetry.and_then(|telemetry| telemetry.metrics_listen)) else {
        return;
    };
    if address.port() != 0 && [listen.grpc, listen.http, listen.admin].contains(&address) {
        root.wrong(
            "telemetry",
            "has metrics on the address of another listener",
            "give metrics_listen a port of its own",
        );
    }
    if listen.tls.is_none() && !listen.clear_anywhere && !network::is_loopback(&address.ip().to_string()) {
        root.wrong(
            "telemetry",
            "has metrics in clear for other machines",
            "give metrics_listen an address of the loopback, or decide in listen.tls",
        );
    }
}

/// Notes a wish to tell a collector where none is named.
pub(super) fn check_analytics(root: &mut Section<'_>, analytics: Option<&Analytics>, telemetry: Option<&Telemetry>) {
    let (Some(analytics), Some(telemetry)) = (analytics, telemetry) else { return };
    if analytics.otlp && telemetry.otlp_endpoint.is_none() {
        root.wrong("analytics", "has no collector to tell", "name it in telemetry.otlp_endpoint, or set otlp to false");
    }
}
