//! `[sessions]`: how long tokens and sessions live.

use super::{form::Span, reader::Section};
use crate::domain::policy::SessionPolicy;
use std::time::Duration;

/// Reads the section; the issuer comes from `[service]`.
pub(super) fn read(section: &mut Section<'_>) -> Option<SessionPolicy> {
    let default = SessionPolicy::for_issuer(String::new());
    let days = |days: u64| Duration::from_hours(days * 24);
    let mut span = |key, from, to, default| section.get(key, &Span(from..=to)).or(default);
    let minute = Duration::from_mins(1);
    let access_token_lifetime = span(
        "access_token_lifetime",
        minute,
        SessionPolicy::LONGEST_ACCESS_TOKEN_LIFETIME,
        default.access_token_lifetime,
    );
    let idle_lifetime = span("idle_lifetime", minute, days(365), default.idle_lifetime);
    let absolute_lifetime = span("absolute_lifetime", minute, days(365), default.absolute_lifetime);
    let refresh_grace = span("refresh_grace", Duration::ZERO, minute, default.refresh_grace);
    // Recorded answers are kept for ten minutes; a retry cannot be recognised for longer.
    let refresh_retry = span("refresh_retry", Duration::ZERO, Duration::from_mins(10), default.refresh_retry);
    let clock_skew = span("clock_skew", Duration::ZERO, SessionPolicy::LONGEST_CLOCK_SKEW, default.clock_skew);
    let max_feed_age = span("max_feed_age", Duration::from_secs(1), minute, default.max_feed_age);
    let policy = SessionPolicy {
        issuer: String::new(),
        access_token_lifetime: access_token_lifetime?,
        idle_lifetime: idle_lifetime?,
        absolute_lifetime: absolute_lifetime?,
        refresh_grace: refresh_grace?,
        refresh_retry: refresh_retry?,
        clock_skew: clock_skew?,
        max_feed_age: max_feed_age?,
    };
    if policy.idle_lifetime > policy.absolute_lifetime {
        section.wrong("idle_lifetime", "is longer than absolute_lifetime", "shorten it, or lengthen absolute_lifetime");
        return None;
    }
    Some(policy)
}
