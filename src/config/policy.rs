//! Policy files: figures on a template, read and reviewed whole. `[policy]` of the configuration names one.

mod sections;
mod sms;

pub(super) use sections::listed;

use super::{
    form::{Text, Word},
    network,
    problem::{Problem, Problems},
    reader::{Report, Section},
};
use crate::domain::{
    challenge::Purpose,
    client::{ClientId, Clients},
    contact::Channel,
    digest::Digest,
    policy::{self, Change, Finding, MAX_OVERRIDES, Override, Policy, Severity, Template, Traffic},
};
use std::path::{Path, PathBuf};

/// A policy that holds, and what somebody should look at in it.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// The policy.
    pub policy: Policy,
    /// SHA-256 of its file; of a template without a file, of its text.
    pub version: Digest,
    /// What is contradictory in it and may yet be meant.
    pub warnings: Vec<Problem>,
}

/// The key that names the file.
const KEY: &str = "policy.file";

const TEMPLATE: Word<Template> =
    Word(&[("strict", Template::Strict), ("standard", Template::Standard), ("lenient", Template::Lenient)]);
const CHANNEL: Word<Channel> = Word(&[("email", Channel::Email), ("sms", Channel::Sms)]);
const PURPOSE: Word<Purpose> = Word(&[("sign_in", Purpose::SignIn)]);

/// Reads `[policy]`: the file, where one is named.
#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
pub(super) fn read_section(section: &mut Section<'_>) -> Option<Option<PathBuf>> {
    network::path(section, "file", "the path of a policy file").optional()
}

impl PolicyFile {
    /// What holds without a file.
    #[must_use]
    pub fn standard() -> Self {
        let policy = Policy::from(Template::Standard);
        Self { version: Digest::of_file(policy::text(&policy).as_bytes()), policy, warnings: Vec::new() }
    }

    /// Reads and validates a file; without `clients` an override for a client that nobody registered is not noticed.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load(file: &Path, clients: Option<&Clients>) -> Result<Self, Problems> {
        Self::parse(file, super::read_text(file, "")?, clients)
    }

    /// The text of the file that the configuration names. A pipe is none: it would be waited for.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn text(file: &Path) -> Result<String, Problems> {
        super::check_regular(file, KEY)?;
        super::read_text(file, KEY)
    }

    /// The same of a file's text.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn parse(file: &Path, source: String, clients: Option<&Clients>) -> Result<Self, Problems> {
        let version = Digest::of_file(source.as_bytes());
        let report = Report::new(file, source);
        let policy = read(&report);
        let problems = report.into_problems();
        let Some(policy) = policy.filter(|_| problems.is_empty()) else { return Err(Problems(problems)) };
        let mut findings = policy::review(&policy);
        findings.extend(clients.map(|clients| policy::unknown_clients(&policy, clients)).unwrap_or_default());
        let (errors, warnings): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| finding.severity == Severity::Error);
        let told = |findings: Vec<Finding>| -> Vec<Problem> {
            findings.into_iter().map(|found| Problem::of_file(file, &found.key, found.what, found.remedy)).collect()
        };
        if errors.is_empty() {
            Ok(Self { policy, version, warnings: told(warnings) })
        } else {
            Err(Problems(told(errors)))
        }
    }
}

pub(super) fn read(report: &Report) -> Option<Policy> {
    report.read(|root| {
        let form = Text {
            parse: |text: &str| ClientId::new(text).map(|_| text.to_owned()),
            expected: "1 to 64 of A-Z, a-z, 0-9, \"-\", \"_\" and \".\"",
        };
        let name = root.get("name", &form).optional();
        let template = root.need("template", &TEMPLATE);
        let change = change(root, true);
        let overrides = root.tables("override", read_override).or(Vec::new());
        if overrides.as_ref().is_some_and(|overrides| overrides.len() > MAX_OVERRIDES) {
            root.wrong("override", "has more than 256 entries", "join those that change the same");
        }
        let template = template?;
        Some(Policy {
            name: name?.unwrap_or_else(|| template.as_str().to_owned()),
            template,
            rules: change?.of(template.rules()),
            overrides: overrides?,
        })
    })
}

fn read_override(section: &mut Section<'_>) -> Option<Override> {
    let client =
        Text { parse: ClientId::new, expected: "the client_id of an application, as the configuration names it" };
    let client = section.get("client", &client).optional();
    let channel = section.get("channel", &CHANNEL).optional();
    let purpose = section.get("purpose", &PURPOSE).optional();
    let change = change(section, false);
    Some(Override { traffic: Traffic { client: client?, channel: channel?, purpose: purpose? }, change: change? })
}

/// The sections of the base or of an override, which cannot change what is common to all.
fn change(parent: &mut Section<'_>, base: bool) -> Option<Change> {
    let codes = parent.section("codes", sections::codes);
    let links = parent.section("links", sections::links);
    let lockout = parent.section("lockout", sections::lockout);
    let limits = parent.section("limits", |section| sections::limits(section, base));
    let budget = "cannot be overridden: its budgets are everybody's";
    let guard = common(parent, base, "guard", budget, sections::guard);
    let unnamed = "cannot be overridden: a refresh token is presented without channel and purpose";
    let responses = common(parent, base, "responses", unnamed, sections::responses);
    let sms = common(parent, base, "sms", budget, sms::sms);
    Some(Change {
        codes: codes?,
        links: links?,
        lockout: lockout?,
        limits: limits?,
        guard: guard?,
        responses: responses?,
        sms: sms?,
    })
}

/// A section that is the same for all traffic: an override cannot have it.
fn common<T: Default>(
    parent: &mut Section<'_>,
    base: bool,
    key: &'static str,
    why: &str,
    read: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Option<T> {
    if base {
        return parent.section(key, read);
    }
    if parent.has(key) {
        parent.wrong(key, why, &format!("remove it here, and write it as [{key}]"));
    }
    Some(T::default())
}

#[cfg(test)]
mod tests;
