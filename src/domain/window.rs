//! The limiter's law: an exact sliding log. Never more than `limit` admitted requests in any span of a window.
//!
//! Every limiter (in memory, on Redis) is held to these functions by one table of cases and by random histories.

use super::time::Timestamp;
use std::time::Duration;

/// At most `limit` requests in any half-open span `(t - span, t]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many requests, at least 1.
    pub limit: u32,
    /// How long the window is, at least one microsecond.
    pub span: Duration,
}

/// Where a caller stands in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The window's limit.
    pub limit: u32,
    /// How many more requests the window would admit now.
    pub remaining: u32,
    /// How long until the oldest counted request leaves the window, so that one more is admitted; zero where none is.
    pub reset: Duration,
}

/// What one log says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where the caller stands in the tightest window: after the request where it is admitted, now where it is not.
    pub standing: Standing,
    /// Where refused: after exactly this wait, with no other request, it is admitted.
    pub retry_after: Option<Duration>,
}

/// Where a caller stands in one window, with no request made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The window.
    pub window: Window,
    /// Where the caller stands in it.
    pub standing: Standing,
    /// Where a request made now would be refused by it: after exactly this wait it is admitted.
    pub retry_after: Option<Duration>,
}

/// Where a caller stands in each window at `now`, given the log as [`decide`] takes it. Nothing is asked for: what is
/// remaining is what the window would admit now.
#[must_use]
pub fn stand(windows: &[Window], log: &[Timestamp], now: Timestamp) -> Vec<Stand> {
    let one = |window: &Window| Stand {
        window: *window,
        standing: standing(*window, log, now, false),
        retry_after: wait(*window, log, now),
    };
    windows.iter().map(one).collect()
}

/// Decides on a request at `now`, given the times of the requests admitted before, oldest first, as `admitted_at` gave
/// them. Of a log only the newest `capacity` times matter, and none once `retention` has passed since the newest.
///
/// The tightest window is the one with the fewest remaining requests; of equals, the one that resets last.
///
/// Where the clock stepped back, nothing leaves a window before the clock is again where it was: no step back mints
/// budget, and waits are told by the clock as it is now.
///
/// `windows` is not empty; an empty list admits everything with nothing remaining to tell.
#[must_use]
pub fn decide(windows: &[Window], log: &[Timestamp], now: Timestamp) -> Decision {
    let retry_after = windows.iter().filter_map(|window| wait(*window, log, now)).max();
    let admitted = retry_after.is_none();
    let standing = windows
        .iter()
        .map(|window| standing(*window, log, now, admitted))
        .reduce(tightest)
        .unwrap_or(Standing { limit: 0, remaining: 0, reset: Duration::ZERO });
    Decision { standing, retry_after }
}

/// The time under which a request admitted at `now` enters the log: never before the newest one, whatever the clock
/// did, so that a log is always in order.
#[must_use]
pub fn admitted_at(log: &[Timestamp], now: Timestamp) -> Timestamp {
    log.last().map_or(now, |newest| now.max(*newest))
}

/// The tighter of two standings.
#[must_use]
pub fn tightest(a: Standing, b: Standing) -> Standing {
    if (b.remaining, std::cmp::Reverse(b.reset)) < (a.remaining, std::cmp::Reverse(a.reset)) { b } else { a }
}

/// How many times a log must keep: the largest limit of its windows.
#[must_use]
fn capacity(windows: &[Window]) -> usize {
    windows.iter().map(|window| window.places()).max().unwrap_or(0)
}

/// How long a log must be kept after its newest entry: the longest span of its windows.
#[must_use]
fn retention(windows: &[Window]) -> Duration {
    windows.iter().map(|window| window.span).max().unwrap_or(Duration::ZERO)
}

/// The most requests that all of the windows together admit in any half-open span of that length.
#[must_use]
pub fn most_admitted(windows: &[Window], span: Duration) -> u64 {
    windows.iter().map(|window| window.most_admitted(span)).min().unwrap_or(u64::MAX)
}

/// How much of a log is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many of the newest times.
    pub places: usize,
    /// For how long after the newest.
    pub span: Duration,
}

impl Kept {
    /// What the windows need.
    #[must_use]
    pub fn of(windows: &[Window]) -> Self {
        Self { places: capacity(windows), span: retention(windows) }
    }

    /// What these and the others need.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { places: self.places.max(other.places), span: self.span.max(other.span) }
    }
}

/// What each of `replicas` may admit by itself where they cannot count together.
///
/// A limit of at least as many is divided, rounded down. Of a smaller one each replica keeps one request, for it must
/// not be closed, in a span that is longer by as much as the replicas together have too many: within one span they may
/// admit one each, over many spans no more than the limit.
#[must_use]
pub fn share(window: Window, replicas: u32) -> Window {
    let (limit, replicas) = (window.limit.max(1), replicas.max(1));
    if limit >= replicas {
        return Window { limit: limit / replicas, span: window.span };
    }
    Window { limit: 1, span: window.span.saturating_mul(replicas.div_ceil(limit)) }
}

impl Window {
    /// The most requests that the window admits in any half-open span of that length.
    #[must_use]
    pub fn most_admitted(&self, span: Duration) -> u64 {
        let windows = span.as_micros().div_ceil(self.span.as_micros().max(1));
        u64::from(self.limit).saturating_mul(u64::try_from(windows).unwrap_or(u64::MAX))
    }

    /// The limit as a length. A limit of zero, which configuration refuses, counts as one: it must not mean "none".
    fn places(self) -> usize {
        self.limit.max(1) as usize
    }
}

/// How long until `window` admits one more; `None` where it does now.
fn wait(window: Window, log: &[Timestamp], now: Timestamp) -> Option<Duration> {
    // The limit-th newest request must have left the window before another may enter.
    let blocking = *log.get(log.len().checked_sub(window.places())?)?;
    let leaves = blocking.after(window.span);
    (leaves > admitted_at(log, now)).then(|| leaves.since(now))
}

fn standing(window: Window, log: &[Timestamp], now: Timestamp, admitted: bool) -> Standing {
    let entry = admitted_at(log, now);
    let start = entry.before(window.span);
    let first = log.partition_point(|time| *time <= start);
    let length = log.len() + usize::from(admitted);
    let counted = length - first;
    // Of a full window, the one whose leaving lets one more in; it is the oldest unless the limit was lowered.
    let next = first.max(length.saturating_sub(window.places()));
    Standing {
        limit: window.limit,
        remaining: window.limit.saturating_sub(u32::try_from(counted).unwrap_or(u32::MAX)),
        reset: if counted == 0 {
            Duration::ZERO
        } else {
            log.get(next).copied().unwrap_or(entry).after(window.span).since(now)
        },
    }
}

#[cfg(test)]
mod tests;
