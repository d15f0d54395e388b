//! What no section can tell alone.

use super::{delivery::Delivery, limiter::Limiter, network, reader::Section, service::Environment, store::Store};

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
    if matches!(delivery, Some(Delivery::Mailbox { .. })) {
        root.wrong(
            "delivery",
            "is the mailbox, which shows everyone's codes to whoever reads the folder or the page",
            "write [delivery.smtp], or environment = \"development\" where nobody real signs in",
        );
    }
    if matches!((store, limiter), (Some(Store::Postgres(_)), Some(Limiter::Memory))) {
        root.wrong(
            "limiter",
            "counts in memory while processes may share PostgreSQL: each would grant the whole budget again",
            "write [limiter.redis]; memory is exact with SQLite, which one process owns",
        );
    }
}
