//! Why Redis gave no decision.

use crate::ports::limiter::{FaultReason, LimiterFault};
use deadpool_redis::redis::{ErrorKind, RedisError, ServerErrorKind};
use std::sync::Arc;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("no connection can be made")]
pub(super) struct ConnectFault(#[source] pub(super) Box<dyn std::error::Error + Send + Sync>);

/// Why Redis gave no decision. The text names no key and no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum RedisFault {
    #[error("redis cannot be reached")]
    Unreachable(#[source] Arc<ConnectFault>),
    #[error("redis did not answer in time")]
    TimedOut,
    #[error("{}", what_failed(.0))]
    Failed(#[source] RedisError),
    #[error("redis gave an answer that is none of the script's")]
    Unreadable,
}

impl RedisFault {
    fn reason(&self) -> FaultReason {
        match self {
            Self::Unreachable(_) => FaultReason::Unreachable,
            Self::TimedOut => FaultReason::TimedOut,
            Self::Unreadable => FaultReason::Failed,
            Self::Failed(error) => reason_of(error),
        }
    }
}

impl From<RedisFault> for LimiterFault {
    fn from(fault: RedisFault) -> Self {
        Self { reason: fault.reason(), source: fault.into() }
    }
}

/// A server that went away has refused nothing: whoever reads that it did looks at its rights.
fn what_failed(error: &RedisError) -> &'static str {
    if error.is_io_error() || error.is_connection_dropped() {
        "the connection to redis broke"
    } else {
        "redis refused the script"
    }
}

fn reason_of(error: &RedisError) -> FaultReason {
    match (error.kind(), error.code()) {
        (ErrorKind::Server(ServerErrorKind::ReadOnly), _) | (_, Some("NOREPLICAS")) => FaultReason::ReadOnly,
        (ErrorKind::Server(ServerErrorKind::ClusterDown | ServerErrorKind::MasterDown), _) => FaultReason::Unreachable,
        (ErrorKind::Server(ServerErrorKind::BusyLoading), _) | (_, Some("BUSY")) => FaultReason::Loading,
        (_, Some("OOM")) => FaultReason::OutOfMemory,
        _ if error.is_timeout() => FaultReason::TimedOut,
        _ if error.is_io_error() || error.is_connection_dropped() => FaultReason::Unreachable,
        _ => FaultReason::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind::BrokenPipe};

    #[test]
    fn a_server_that_went_away_has_refused_nothing() {
        let lost = RedisFault::Failed(RedisError::from(Error::from(BrokenPipe)));
        assert_eq!(lost.to_string(), "the connection to redis broke");
        assert!(matches!(lost.reason(), FaultReason::Unreachable));
        let refused = RedisError::from((ErrorKind::Server(ServerErrorKind::NoPerm), "no"));
        assert_eq!(RedisFault::Failed(refused).to_string(), "redis refused the script");
    }
}
