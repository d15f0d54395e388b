//! `[service]`: what kind of deployment this is, and its name.

use super::{form::Word, network, reader::Section};

/// What kind of deployment this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine or a test: the mailbox and an issuer in clear are permitted.
    Development,
    /// Real people sign in.
    Production,
}

/// The section.
#[derive(Clone, Debug)]
pub struct Service {
    /// What kind of deployment this is.
    pub environment: Environment,
    /// The `iss` claim and the base of the discovery document: an absolute URL. Tokens of another issuer are not active.
    pub issuer: String,
}

const ENVIRONMENT: Word<Environment> =
    Word(&[("development", Environment::Development), ("production", Environment::Production)]);

/// Reads the environment; other sections are judged by it even where the rest of this one is wrong.
pub(super) fn read_environment(section: &mut Section<'_>) -> Option<Environment> {
    section.need("environment", &ENVIRONMENT)
}

pub(super) fn read_issuer(section: &mut Section<'_>) -> Option<String> {
    section.need("issuer", &network::url())
}
