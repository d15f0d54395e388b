//! The sections of a policy file. What is left out stays as the template has it.

use crate::{
    config::{
        form::{Form, Span, Whole, Word},
        reader::{Found, Section},
    },
    domain::{
        lockout::{Ladder, Lockout, Rung},
        policy::{
            CodeChange, CodeRules, GuardChange, LimitChange, LimitsChange, LinkChange, LinkRules, LockoutChange, Mode,
            ResponseChange, Responses,
        },
        window::Window,
    },
};
use std::time::Duration;
use toml::de::DeValue;

/// Seconds that a window may span; a log holds every admitted request of that time.
const MAX_SECONDS: u32 = 30 * 86_400;
/// Requests that a window may admit: the length that a log can have.
const MAX_LIMIT: u32 = 100_000;

pub(super) const MODE: Word<Mode> = Word(&[("enforce", Mode::Enforce), ("shadow", Mode::Shadow)]);

pub(super) fn codes(section: &mut Section<'_>) -> Option<CodeChange> {
    let length = section.get("length", &Whole(6..=10)).optional();
    let longest = CodeRules::LONGEST_LIFETIME;
    let lifetime = section.get("lifetime", &Span(Duration::from_secs(30)..=longest)).optional();
    let max_attempts = section.get("max_attempts", &Whole(1..=CodeRules::MOST_ATTEMPTS)).optional();
    let resend_cooldown = section.get("resend_cooldown", &Span(Duration::from_secs(1)..=longest)).optional();
    Some(CodeChange {
        length: length?.and_then(|length| u8::try_from(length).ok()),
        lifetime: lifetime?,
        max_attempts: max_attempts?,
        resend_cooldown: resend_cooldown?,
    })
}

pub(super) fn links(section: &mut Section<'_>) -> Option<LinkChange> {
    let bounds = Duration::from_mins(1)..=LinkRules::LONGEST_LIFETIME;
    let lifetime = section.get("lifetime", &Span(bounds)).optional();
    Some(LinkChange { lifetime: lifetime? })
}

pub(super) fn lockout(section: &mut Section<'_>) -> Option<LockoutChange> {
    let mode = section.get("mode", &MODE).optional();
    let rungs = section.tables("rungs", |section| {
        let failures = section.need("failures", &Whole(1..=100));
        let wait = section.need("wait", &Span(Duration::from_secs(1)..=Duration::from_hours(7 * 24)));
        Some(Rung { failures: failures?, wait: wait? })
    });
    let first_delay = section.get("first_delay", &Span(Duration::ZERO..=Duration::from_mins(1))).optional();
    let longest_delay = section.get("longest_delay", &Span(Duration::ZERO..=Duration::from_hours(1))).optional();
    let disable_at = section.get("disable_at", &Whole(1..=Lockout::MOST_FAILURES)).optional();
    let ladder = rungs.optional()?.map(|rungs| Ladder::new(rungs).filter(|ladder| !ladder.rungs().is_empty()));
    if ladder == Some(None) {
        section.wrong(
            "rungs",
            "is no ladder",
            "write at least one { failures = 3, wait = \"5m\" }; failures must rise, waits must not fall",
        );
    }
    Some(LockoutChange {
        mode: mode?,
        rungs: ladder.map_or(Some(None), |ladder| ladder.map(Some))?,
        first_delay: first_delay?,
        longest_delay: longest_delay?,
        disable_at: disable_at?,
    })
}

/// `base`: whether the budget of all together may be given here.
pub(super) fn limits(section: &mut Section<'_>, base: bool) -> Option<LimitsChange> {
    let identifier = section.section("identifier", limit);
    let device = section.section("device", limit);
    let address = section.section("address", limit);
    let network = section.section("network", limit);
    let all = if base {
        section.section("all", limit)
    } else {
        if section.has("all") {
            section.wrong(
                "all",
                "cannot be overridden: it is one budget for everybody",
                "remove it here, and write it as [limits.all]",
            );
        }
        Some(LimitChange::default())
    };
    Some(LimitsChange { identifier: identifier?, device: device?, address: address?, network: network?, all: all? })
}

fn limit(section: &mut Section<'_>) -> Option<LimitChange> {
    let mode = section.get("mode", &MODE).optional();
    let windows = listed(section, "windows").optional()?;
    if windows.as_ref().is_some_and(Vec::is_empty) {
        section.wrong("windows", "has no window", "write at least one { limit = 3, seconds = 300 }, or remove the key");
        return None;
    }
    Some(LimitChange { mode: mode?, windows: windows.map(Into::into) })
}

/// The windows in the list under `key`.
pub(in crate::config) fn listed(section: &mut Section<'_>, key: &'static str) -> Found<Vec<Window>> {
    section.tables(key, |section| {
        let limit = section.need("limit", &Whole(1..=MAX_LIMIT));
        let seconds = section.need("seconds", &Whole(1..=MAX_SECONDS));
        Some(Window { limit: limit?, span: Duration::from_secs(u64::from(seconds?)) })
    })
}

pub(super) fn guard(section: &mut Section<'_>) -> Option<GuardChange> {
    let mode = section.get("mode", &MODE).optional();
    let windows = listed(section, "windows").optional()?;
    if windows.as_ref().is_some_and(Vec::is_empty) {
        section.wrong(
            "windows",
            "has no window",
            "write at least one { limit = 100, seconds = 300 }, or remove the key",
        );
        return None;
    }
    let code_length = section.get("code_length", &Whole(6..=10)).optional()?;
    Some(GuardChange {
        mode: mode?,
        windows: windows.map(Into::into),
        code_length: code_length.and_then(|length| u8::try_from(length).ok()),
    })
}

/// A list of responses, empty for none.
struct ResponseList;

impl Form for ResponseList {
    type Value = Responses;

    fn read(&self, value: &DeValue<'_>) -> Result<Responses, &'static str> {
        let DeValue::Array(list) = value else { return Err("is not a list") };
        list.iter().try_fold(Responses::NONE, |chosen, entry| match entry.get_ref().as_str() {
            Some("notify") => Ok(Responses { notify: true, ..chosen }),
            Some("revoke") => Ok(Responses { revoke: true, ..chosen }),
            Some("require_step_up") => Err("has \"require_step_up\", and this service has no step-up to ask for yet"),
            _ => Err("has an entry that is no response"),
        })
    }

    fn expected(&self) -> String {
        "a list of \"notify\" and \"revoke\", or []".to_owned()
    }
}

pub(super) fn responses(section: &mut Section<'_>) -> Option<ResponseChange> {
    let failure_burst = section.get("failure_burst", &ResponseList).optional();
    let replayed_token = section.get("replayed_token", &ResponseList).optional();
    let device_mismatch = section.get("device_mismatch", &ResponseList).optional();
    let new_device = section.get("new_device", &ResponseList).optional();
    Some(ResponseChange {
        failure_burst: failure_burst?,
        replayed_token: replayed_token?,
        device_mismatch: device_mismatch?,
        new_device: new_device?,
    })
}
