//! One TOML file by section, validated whole before a port opens.
//!
//! Secrets never stand in it: it names files, which `secret_file` reads. Nothing is taken from the environment.

pub mod analytics;
pub mod clients;
pub mod delivery;
pub mod embedded;
mod form;
pub mod limiter;
pub mod links;
pub mod listen;
pub mod network;
pub mod pages;
pub mod policy;
pub mod problem;
pub mod proof;
mod reader;
pub mod review;
mod rules;
pub mod secret_file;
pub mod secrets;
pub mod service;
mod sessions;
pub mod sms;
pub mod store;
pub mod telemetry;
pub mod templates;
#[cfg(test)]
mod tests;

pub use form::parse_span;

use crate::domain::{client::Clients, policy::SessionPolicy};
use problem::{Problem, Problems, because};
use reader::Report;
use std::path::{Path, PathBuf};

/// A configuration that holds: every value within its bounds, and no two at odds.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that it was read from, or the data folder of the embedded default: where its problems are said to be.
    pub file: PathBuf,
    /// `[service]`
    pub service: service::Service,
    /// `[listen]`
    pub listen: listen::Listen,
    /// `[store]`
    pub store: store::Store,
    /// `store.migrate`
    pub migrate: store::Migrate,
    /// `[limiter]`
    pub limiter: limiter::Limiter,
    /// `[policy]`: the policy file, where one is named
    pub policy_file: Option<PathBuf>,
    /// `[proof]`
    pub proof: proof::Proof,
    /// `[review]`, where it names a file
    pub review: Option<review::Review>,
    /// `[sessions]`, with the issuer of `[service]`
    pub sessions: SessionPolicy,
    /// `[delivery]`
    pub delivery: delivery::Delivery,
    /// `[delivery.sms]`, where short messages are offered; its domain is there
    pub sms: Option<sms::Sms>,
    /// `[templates]`: the folder of the operator's templates, where one is named
    pub templates: Option<PathBuf>,
    /// `[secrets]`
    pub secrets: secrets::SecretsFolder,
    /// `[[clients]]`
    pub clients: Clients,
    /// `[pages]`
    pub pages: pages::Pages,
    /// `[links]`, or the issuer of `[service]`
    pub links: links::LinkPages,
    /// `[telemetry]`
    pub telemetry: telemetry::Telemetry,
    /// `[analytics]`
    pub analytics: analytics::Analytics,
}

/// A configuration file may be this long.
const MAX_BYTES: u64 = 1024 * 1024;

impl Config {
    /// Reads and validates a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load(file: &Path) -> Result<Self, Problems> {
        Self::parse(file, read_text(file, "")?)
    }

    /// Reads and validates the policy: of the file that is named, for the clients that are registered, or the standard.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load_policy(&self) -> Result<policy::PolicyFile, Problems> {
        match &self.policy_file {
            Some(file) => policy::PolicyFile::parse(file, policy::PolicyFile::text(file)?, Some(&self.clients)),
            None => Ok(policy::PolicyFile::standard()),
        }
    }

    /// What is taken as it stands, and hardly meant so.
    #[must_use]
    pub fn warnings(&self) -> Vec<Problem> {
        let everybody = self.listen.trusted_proxies.iter().any(|range| range.prefix_len() == 0);
        let what =
            "believes everybody who names the address that a call comes from, so that limits by address stop nobody";
        let remedy = "name the addresses of your proxies";
        everybody.then(|| Problem::of_file(&self.file, "listen.trusted_proxies", what, remedy)).into_iter().collect()
    }

    /// Validates the text of a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn parse(file: &Path, source: String) -> Result<Self, Problems> {
        let report = Report::new(file, source);
        let config = Self::read(file, &report);
        let problems = report.into_problems();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Problems(problems)),
        }
    }

    fn read(file: &Path, report: &Report) -> Option<Self> {
        report.read(|root| {
            let (mut environment, mut issuer) = (None, None);
            root.section("service", |section| {
                environment = service::read_environment(section);
                issuer = service::read_issuer(section);
                Some(())
            });
            let listen = root.section("listen", listen::read);
            let store = root.section("store", store::read);
            let limiter = root.section("limiter", limiter::read);
            let policy_file = root.section("policy", policy::read_section);
            let proof = root.section("proof", proof::read);
            let review = root.section("review", review::read);
            let sessions = root.section("sessions", sessions::read);
            let (delivery, sms) = root
                .section("delivery", |section| {
                    let sms = sms::read(section);
                    Some((delivery::read(section), sms))
                })
                .unwrap_or_default();
            let templates = root.section("templates", templates::read);
            let secrets = root.section("secrets", secrets::read);
            let clients = clients::read(root);
            let pages = root.section("pages", pages::read);
            let links = root.section("links", links::read);
            let telemetry = root.section("telemetry", telemetry::read);
            let analytics = root.section("analytics", analytics::read);
            rules::check_analytics(root, analytics.as_ref(), telemetry.as_ref());
            rules::check(
                root,
                environment,
                issuer.as_deref(),
                store.as_ref().map(|section| &section.store),
                limiter.as_ref(),
                delivery.as_ref(),
            );
            let sms = sms.map(|sms| rules::check_sms(root, environment, issuer.as_deref(), delivery.as_ref(), sms));
            let links = links.and_then(|pages| links::check(root, environment, issuer.as_deref(), pages));
            rules::check_review(root, environment, review.as_ref().and_then(Option::as_ref));
            rules::check_metrics(root, listen.as_ref(), telemetry.as_ref());
            rules::check_pages(root, pages, proof.as_ref(), links.as_ref());
            let service = service::Service { environment: environment?, issuer: issuer? };
            let sessions = SessionPolicy { issuer: service.issuer.clone(), ..sessions? };
            Some(Self {
                file: file.to_owned(),
                service,
                listen: listen?,
                migrate: store.as_ref()?.migrate,
                store: store?.store,
                limiter: limiter?,
                policy_file: policy_file?,
                proof: proof?,
                review: review?,
                sessions,
                delivery: delivery?,
                sms: sms?,
                templates: templates?,
                secrets: secrets?,
                clients: clients?,
                pages: pages?,
                links: links?,
                telemetry: telemetry?,
                analytics: analytics?,
            })
        })
    }
}

/// Refuses what is there and no regular file, such as a pipe: whoever opened it would wait for whoever writes to it.
///
/// # Errors
/// What is wrong, naming the file and `key`.
pub(crate) fn check_regular(file: &Path, key: &str) -> Result<(), Problem> {
    if std::fs::metadata(file).is_ok_and(|about| !about.is_file()) {
        return Err(Problem::of_file(file, key, "is not a regular file", "name the file itself"));
    }
    Ok(())
}

/// The text of a file of at most a mebibyte, which `key` names.
fn read_text(file: &Path, key: &str) -> Result<String, Problems> {
    let fault = |what: &str, remedy: &str| Problems::from(Problem::of_file(file, key, what, remedy));
    let length = std::fs::metadata(file)
        .map_err(|error| fault(&format!("cannot be read: {}", because(&error)), "name a file that this user can read"))?
        .len();
    if length > MAX_BYTES {
        return Err(fault("is longer than 1 MiB", "name a file of configuration"));
    }
    std::fs::read_to_string(file)
        .map_err(|error| fault(&format!("cannot be read: {}", because(&error)), "name a text file in UTF-8"))
}
