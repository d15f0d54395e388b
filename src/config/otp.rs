//! `[otp]`: one-time codes.

use super::{
    form::{Span, Whole},
    reader::Section,
};
use crate::domain::{
    lockout::{Ladder, Rung},
    policy::OtpPolicy,
};
use std::time::Duration;

pub(super) fn read(section: &mut Section<'_>) -> Option<OtpPolicy> {
    let default = OtpPolicy::default();
    let code_length = section.get("code_length", &Whole(6..=10)).or(u32::from(default.code_length));
    // Five minutes is the longest that the service promises; configuration can only shorten it.
    let code_lifetime =
        section.get("code_lifetime", &Span(Duration::from_secs(30)..=default.code_lifetime)).or(default.code_lifetime);
    let max_attempts = section.get("max_attempts", &Whole(1..=default.max_attempts)).or(default.max_attempts);
    let resend_cooldown = section
        .get("resend_cooldown", &Span(Duration::from_secs(1)..=default.code_lifetime))
        .or(default.resend_cooldown);
    let ladder = read_ladder(section, default.ladder);
    Some(OtpPolicy {
        code_length: u8::try_from(code_length?).ok()?,
        code_lifetime: code_lifetime?,
        max_attempts: max_attempts?,
        resend_cooldown: resend_cooldown?,
        ladder: ladder?,
    })
}

fn read_ladder(section: &mut Section<'_>, default: Ladder) -> Option<Ladder> {
    let rungs = section.tables("lockout", |section| {
        let failures = section.need("failures", &Whole(1..=100));
        let wait = section.need("wait", &Span(Duration::from_secs(1)..=Duration::from_hours(7 * 24)));
        Some(Rung { failures: failures?, wait: wait? })
    });
    let Some(rungs) = rungs.optional()? else { return Some(default) };
    let ladder = Ladder::new(rungs).filter(|ladder| !ladder.rungs().is_empty());
    if ladder.is_none() {
        section.wrong(
            "lockout",
            "is no ladder",
            "write at least one { failures = 3, wait = \"5m\" }; failures must rise, waits must not fall",
        );
    }
    ladder
}
