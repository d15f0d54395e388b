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
    /// How long until the oldest counted request leaves the window, so that one more is admitted.
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

/// Decides on a request at `now`, given the times of the requests admitted before, oldest first.
///
/// The tightest window is the one with the fewest remaining requests; of equals, the one that resets last.
///
/// `windows` is not empty; an empty list admits everything with nothing remaining to tell.
#[must_use]
pub fn decide(windows: &[Window], log: &[Timestamp], now: Timestamp) -> Decision {
    // A clock that steps back must not mint budget: what was admitted "later" than now was admitted now.
    let now = log.last().map_or(now, |last| now.max(*last));
    let retry_after = windows.iter().filter_map(|window| wait(*window, log, now)).max();
    let admitted = retry_after.is_none();
    let standing = windows
        .iter()
        .map(|window| standing(*window, log, now, admitted))
        .reduce(tightest)
        .unwrap_or(Standing { limit: 0, remaining: 0, reset: Duration::ZERO });
    Decision { standing, retry_after }
}

/// The tighter of two standings.
#[must_use]
pub fn tightest(a: Standing, b: Standing) -> Standing {
    if (b.remaining, std::cmp::Reverse(b.reset)) < (a.remaining, std::cmp::Reverse(a.reset)) { b } else { a }
}

/// How many times a log must keep: the largest limit of its windows.
#[must_use]
pub fn capacity(windows: &[Window]) -> usize {
    windows.iter().map(|window| window.limit as usize).max().unwrap_or(0)
}

/// How long a log must be kept after its newest entry: the longest span of its windows.
#[must_use]
pub fn retention(windows: &[Window]) -> Duration {
    windows.iter().map(|window| window.span).max().unwrap_or(Duration::ZERO)
}

/// How long until `window` admits one more; `None` where it does now.
fn wait(window: Window, log: &[Timestamp], now: Timestamp) -> Option<Duration> {
    // The limit-th newest request must have left the window before another may enter.
    let blocking = *log.get(log.len().checked_sub(window.limit as usize)?)?;
    let left = blocking.after(window.span).since(now);
    (!left.is_zero()).then_some(left)
}

fn standing(window: Window, log: &[Timestamp], now: Timestamp, admitted: bool) -> Standing {
    let start = now.before(window.span);
    let first = log.partition_point(|time| *time <= start);
    let counted = log.len() - first + usize::from(admitted);
    let oldest = log.get(first).copied().unwrap_or(now);
    Standing {
        limit: window.limit,
        remaining: window.limit.saturating_sub(u32::try_from(counted).unwrap_or(u32::MAX)),
        reset: if counted == 0 { Duration::ZERO } else { oldest.after(window.span).since(now) },
    }
}
