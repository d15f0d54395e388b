//! Where the caller stands in a limit, as metadata: `x-ratelimit-limit`, `x-ratelimit-remaining`, `x-ratelimit-reset`,
//! `retry-after`. Times are whole seconds, rounded up, so that waiting them is always enough.

use crate::domain::{time::whole_seconds, window::Standing};
use std::time::Duration;
use tonic::metadata::MetadataMap;

/// Adds the standing in the tightest window that applies.
pub(super) fn tell_standing(metadata: &mut MetadataMap, standing: &Standing) {
    metadata.insert("x-ratelimit-limit", standing.limit.into());
    metadata.insert("x-ratelimit-remaining", standing.remaining.into());
    metadata.insert("x-ratelimit-reset", whole_seconds(standing.reset).into());
}

/// Adds how long to wait.
pub(super) fn tell_wait(metadata: &mut MetadataMap, wait: Duration) {
    metadata.insert("retry-after", whole_seconds(wait).into());
}

/// A span in milliseconds, rounded up: clients that keep no finer time than that wait long enough too.
pub(super) const fn whole_milliseconds(span: Duration) -> Duration {
    let finer = span.subsec_nanos() % 1_000_000;
    if finer == 0 { span } else { span.saturating_add(Duration::from_nanos(1_000_000 - finer as u64)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_down() {
        assert_eq!(whole_milliseconds(Duration::from_micros(1_000_001)), Duration::from_millis(1001));
        assert_eq!(whole_milliseconds(Duration::from_millis(7)), Duration::from_millis(7));
    }
}
