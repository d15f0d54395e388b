//! How long a call may take: what the caller grants in `grpc-timeout`, at most what the service grants.

use crate::domain::refusal::{FieldReason, FieldViolation, Refusal};
use http::HeaderMap;
use std::time::Duration;

/// The header is not a time-out of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grpc) struct NotATimeout;

/// What its caller is told.
pub(in crate::grpc) fn not_a_timeout() -> Refusal {
    Refusal::Invalid(vec![FieldViolation {
        field: "grpc-timeout",
        description: "is not 1 to 8 digits and one of H, M, S, m, u, n".to_owned(),
        reason: FieldReason::Field,
    }])
}

/// The time for a call: 1 to 8 digits and a unit `H`, `M`, `S`, `m`, `u` or `n`, as the gRPC protocol has it.
///
/// # Errors
/// Where the header is there and has another form, or stands twice.
pub(in crate::grpc) fn of(headers: &HeaderMap, most: Duration) -> Result<Duration, NotATimeout> {
    let mut values = headers.get_all("grpc-timeout").iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(most),
        (Some(value), None) => parse(value.as_bytes()).map(|asked| asked.min(most)).ok_or(NotATimeout),
        (Some(_), Some(_)) => Err(NotATimeout),
    }
}

/// What the caller grants, where it says so in the form of the protocol.
pub(in crate::grpc) fn asked(headers: &HeaderMap) -> Option<Duration> {
    headers.get("grpc-timeout").and_then(|value| parse(value.as_bytes()))
}

fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = digits.iter().fold(0, |count: u64, digit| count * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(count * 3600)),
        b'M' => Some(Duration::from_secs(count * 60)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Result<Duration, NotATimeout> {
        of(&HeaderMap::from_iter([("grpc-timeout".parse().unwrap(), value.parse().unwrap())]), Duration::from_secs(10))
    }

    #[test]
    fn the_smaller_of_both() {
        assert_eq!(of(&HeaderMap::new(), Duration::from_secs(10)), Ok(Duration::from_secs(10)));
        assert_eq!(asked("99999999H"), Ok(Duration::from_secs(10)));
        assert_eq!(asked("250m"), Ok(Duration::from_millis(250)));
        assert_eq!(asked("5u"), Ok(Duration::from_micros(5)));
        assert_eq!(asked("7n"), Ok(Duration::from_nanos(7)));
        assert_eq!(asked("0S"), Ok(Duration::ZERO));
        assert_eq!(asked("1M"), Ok(Duration::from_secs(10)));
    }

    #[test]
    fn nothing_else() {
        for text in ["", "S", "5", "5x", "-1S", "1.5S", " 1S", "999999999S", "1s", "S1", "１S"] {
            assert_eq!(asked(text), Err(NotATimeout), "{text}");
        }
    }
}
