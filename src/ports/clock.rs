//! The time of day.

use crate::domain::time::Timestamp;

/// Tells the time; the one clock that codes, sessions and tokens are judged by.
pub trait Clock: Send + Sync {
    /// Now, in microseconds.
    fn now(&self) -> Timestamp;
}
