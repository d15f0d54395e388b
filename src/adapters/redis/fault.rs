//! Why Redis gave no decision.

use crate::ports::limiter::{FaultReason, LimiterFault};
use deadpool_redis::redis::{ErrorKind, RedisError, ServerErrorKind};
use std::sync::Arc;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("no connection can be made")]
pub(super) struct ConnectFault(#[source] pub(super) Box<dyn std::error::Error + Send + Sync>);

impl ConnectFault {
    /// What keeps us from connecting, for whoever has to mend it: a server that is there and does not let us in is looked
    /// for elsewhere than one that is away. It goes by the words, as the client of a Cluster keeps nothing else of what a
    /// node said; they themselves are not told.
    fn told(&self) -> &'static str {
        let words = self.0.to_string();
        if words.contains("invalid peer certificate") {
            "the certificate of redis does not hold; look at `limiter.redis.ca_file`, and whether it names the host"
        } else if words.contains("authentication failed") {
            "redis refuses the login; look at `limiter.redis.user` and at the password file"
        } else {
            "redis cannot be reached"
        }
    }
}

/// Why Redis gave no decision. The text names no key and no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum RedisFault {
    #[error("{}", .0.told())]
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
        return "the connection to redis broke";
    }
    match error.code() {
        Some("NOAUTH") => "redis asks for a login; name the password's file in `limiter.redis.password_file`",
        Some("NOPERM") => "redis refused the script to its user; give `limiter.redis.user` the rights that it needs",
        Some("MISCONF") => "redis takes no writes, as it cannot save them; look at its log and at its disk",
        _ => "redis refused the script",
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
        let told = RedisFault::Failed(refused).to_string();
        assert_eq!(told, "redis refused the script to its user; give `limiter.redis.user` the rights that it needs");
        let broken = RedisError::from((ErrorKind::Server(ServerErrorKind::ResponseError), "no"));
        assert_eq!(RedisFault::Failed(broken).to_string(), "redis refused the script");
    }

    /// The client of a Cluster tells what its nodes said, and of no cause.
    #[test]
    fn what_a_node_of_a_cluster_said_is_told() {
        let of = |said: &str| {
            let error = RedisError::from((ErrorKind::Io, "Failed to create initial connections", said.to_owned()));
            ConnectFault(error.into()).told()
        };
        assert!(of("Password authentication failed - AuthenticationFailed").starts_with("redis refuses the login"));
        assert!(of("invalid peer certificate: UnknownIssuer").starts_with("the certificate of redis does not hold"));
        assert_eq!(of("Connection refused (os error 111)"), "redis cannot be reached");
    }
}
