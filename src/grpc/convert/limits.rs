//! Where limits stand, as messages.

use super::answers::time;
use crate::{
    domain::{
        audit::PastRefusal,
        policy::Mode,
        simulation::{RuleReport, UNKNOWABLE},
        time::Timestamp,
        window::Stand,
    },
    engine::{
        explain::{Counter, Explanation, LimitStanding, Lockout},
        simulate::Replay,
    },
    grpc::proto,
};
use std::time::Duration;

/// Where limits stand, and why it was refused.
pub(in crate::grpc) fn explanation(told: &Explanation) -> proto::ExplainLimitsResponse {
    proto::ExplainLimitsResponse {
        time: Some(time(told.time)),
        counter: counter(told.counter).into(),
        limits: told.limits.iter().map(limit).collect(),
        lockout: told.lockout.map(|lockout| self::lockout(lockout, told.time)),
        refusals: told.refusals.iter().map(refusal).collect(),
        refusals_since: Some(time(told.refusals_since)),
        policy_version: told.policy_version.hex()[..12].to_owned(),
    }
}

/// What a policy would have refused.
pub(in crate::grpc) fn replay(replay: Replay) -> proto::SimulatePolicyResponse {
    let Replay { policy, sha256, report, events, complete } = replay;
    proto::SimulatePolicyResponse {
        name: policy,
        sha256,
        since: Some(time(report.since)),
        until: Some(time(report.until)),
        complete,
        events: long(events),
        requests: long(report.requests),
        verifications: long(report.verifications),
        untracked: long(report.untracked),
        rules: std::iter::once(&report.any).chain(&report.rules).map(rule).collect(),
        caveats: UNKNOWABLE.map(str::to_owned).to_vec(),
    }
}

fn rule(rule: &RuleReport) -> proto::SimulatedRule {
    proto::SimulatedRule {
        rule: rule.rule.to_owned(),
        would_refuse: long(rule.would_refuse),
        would_report: long(rule.would_report),
        was_refused: long(rule.was_refused),
        newly_refused: long(rule.newly_refused),
        no_longer_refused: long(rule.no_longer_refused),
        keys_affected: long(rule.keys_affected),
        most_affected: rule.most_affected.iter().copied().map(long).collect(),
    }
}

const fn counter(counter: Counter) -> proto::LimitCounter {
    match counter {
        Counter::Memory => proto::LimitCounter::Memory,
        Counter::Shared => proto::LimitCounter::Redis,
        Counter::Share => proto::LimitCounter::LocalShare,
    }
}

fn limit(standing: &LimitStanding) -> proto::LimitStanding {
    let mode = match standing.mode {
        Mode::Enforce => proto::LimitMode::Enforce,
        Mode::Shadow => proto::LimitMode::Shadow,
    };
    let retry_after = standing.retry_after();
    proto::LimitStanding {
        layer: standing.layer.to_owned(),
        mode: mode.into(),
        refuses: retry_after.is_some(),
        retry_after: retry_after.map(span),
        windows: standing.windows.iter().map(window).collect(),
    }
}

fn window(stand: &Stand) -> proto::LimitWindow {
    let reset = stand.standing.reset;
    proto::LimitWindow {
        limit: count(stand.window.limit),
        span: Some(span(stand.window.span)),
        remaining: count(stand.standing.remaining),
        reset: (!reset.is_zero()).then(|| span(reset)),
        retry_after: stand.retry_after.map(span),
    }
}

fn lockout(lockout: Lockout, now: Timestamp) -> proto::LockoutStanding {
    let until = lockout.locked_until.filter(|until| *until > now);
    proto::LockoutStanding {
        consecutive_failures: count(lockout.consecutive_failures),
        locked: until.is_some(),
        locked_until: until.filter(|until| *until != Timestamp::NEVER).map(time),
    }
}

fn refusal(refusal: &PastRefusal) -> proto::PastRefusal {
    proto::PastRefusal {
        time: Some(time(refusal.time)),
        act: refusal.act.clone(),
        reason: refusal.reason.clone(),
        shadowed: refusal.shadowed,
        client_id: refusal.client_id.clone(),
    }
}

fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A span is at most some years, and in whole microseconds.
fn span(span: Duration) -> prost_types::Duration {
    prost_types::Duration::try_from(span).unwrap_or_default()
}
