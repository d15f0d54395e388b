//! `[proof]`: what is to be proved before a code is sent.

use super::{
    form::{Form, List, Span, Text, Whole, Word},
    network,
    policy::listed,
    reader::Section,
};
use crate::domain::{
    proof::{self, CaptchaProvider, Difficulty, OnFailure, ProofKind, ProofPolicy, ProofWhen, Unproven},
    window::Window,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use toml::de::DeValue;

/// The section.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// The rule.
    pub policy: ProofPolicy,
    /// How captchas are judged; there where the rule asks for one.
    pub captcha: Option<Captcha>,
}

/// How a captcha is judged.
#[derive(Clone, Debug)]
pub struct Captcha {
    /// The file of the widget's secret key.
    pub secret_file: PathBuf,
    /// The hosts whose pages may show the widget, in lower case.
    pub hostnames: Vec<String>,
    /// The provider's `siteverify`, where it is not the public one.
    pub endpoint: Option<String>,
    /// How long one verdict may take.
    pub timeout: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Never,
    Always,
    AfterRequests,
}

const WHEN: Word<When> =
    Word(&[("never", When::Never), ("always", When::Always), ("after_requests", When::AfterRequests)]);

const KIND: Word<Option<CaptchaProvider>> = Word(&[
    ("proof_of_work", None),
    ("turnstile", Some(CaptchaProvider::Turnstile)),
    ("hcaptcha", Some(CaptchaProvider::Hcaptcha)),
]);

const ON_FAILURE: Word<OnFailure> = Word(&[("proof_of_work", OnFailure::ProofOfWork), ("refuse", OnFailure::Refuse)]);

pub(super) fn read(section: &mut Section<'_>) -> Option<Proof> {
    let when = section.get("when", &WHEN).or(When::Never);
    let kind = section.get("kind", &KIND).or(None);
    let (least, most) = Difficulty::BOUNDS;
    let usual = Difficulty::default().bits();
    let difficulty = section.get("difficulty", &Whole(u32::from(least)..=u32::from(most))).or(u32::from(usual));
    let identifier = listed(section, "identifier").or(Vec::new());
    let address = listed(section, "address").or(Vec::new());
    let (kind, captcha) = read_kind(section, kind?)?;
    let when = read_when(section, when?, identifier?.into(), address?.into());
    let difficulty = u8::try_from(difficulty?).ok().and_then(Difficulty::new);
    Some(Proof { policy: ProofPolicy { when: when?, kind, difficulty: difficulty? }, captcha })
}

fn read_when(
    section: &mut Section<'_>,
    when: When,
    identifier: Arc<[Window]>,
    address: Arc<[Window]>,
) -> Option<ProofWhen> {
    match (when, identifier.is_empty() && address.is_empty()) {
        (When::Never, true) => Some(ProofWhen::Never),
        (When::Always, true) => Some(ProofWhen::Always),
        (When::AfterRequests, false) => Some(ProofWhen::AfterRequests(Unproven { identifier, address })),
        (When::AfterRequests, true) => {
            section.wrong("when", "says after how many requests nowhere", "write proof.identifier or proof.address");
            None
        }
        (When::Never | When::Always, false) => {
            section.wrong("when", "leaves the windows beside it without effect", "write \"after_requests\"");
            None
        }
    }
}

fn read_kind(section: &mut Section<'_>, provider: Option<CaptchaProvider>) -> Option<(ProofKind, Option<Captcha>)> {
    let Some(provider) = provider else {
        return section.get("captcha", &WithoutEffect).optional()?.map_or(Some((ProofKind::Work, None)), |()| None);
    };
    let (site_key, on_failure, captcha) = section.section("captcha", read_captcha)?;
    Some((ProofKind::Captcha(proof::Captcha { provider, site_key, on_failure }), Some(captcha)))
}

/// A section that must not be there.
struct WithoutEffect;

impl Form for WithoutEffect {
    type Value = ();

    fn read(&self, _: &DeValue<'_>) -> Result<(), &'static str> {
        Err("has no effect with proof_of_work")
    }

    fn expected(&self) -> String {
        "the provider as proof.kind, or remove the section".to_owned()
    }
}

fn read_captcha(section: &mut Section<'_>) -> Option<(String, OnFailure, Captcha)> {
    let site_key = section.need("site_key", &network::words::<128>("the public key of the widget"));
    let secret_file = network::need_path(section, "secret_file", "the path of a file with the widget's secret key");
    let host = Text {
        parse: |text: &str| (network::host().parse)(text).map(|host| host.to_ascii_lowercase()),
        expected: "a host name such as \"app.example.com\"",
    };
    let hostnames = section.need("hostnames", &List(host));
    if hostnames.as_ref().is_some_and(Vec::is_empty) {
        section.wrong("hostnames", "is empty", "name the hosts whose pages show the widget");
        return None;
    }
    let endpoint = Text {
        parse: |text: &str| network::is_safe_url(text).then(|| text.to_owned()),
        expected: "an https URL, or an http URL of this machine",
    };
    let endpoint = section.get("endpoint", &endpoint).optional();
    let timeout =
        section.get("timeout", &Span(Duration::from_millis(100)..=Duration::from_secs(10))).or(Duration::from_secs(3));
    let on_failure = section.get("on_failure", &ON_FAILURE).or(OnFailure::default());
    let captcha = Captcha { secret_file: secret_file?, hostnames: hostnames?, endpoint: endpoint?, timeout: timeout? };
    Some((site_key?, on_failure?, captcha))
}
