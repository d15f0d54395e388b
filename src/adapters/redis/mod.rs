//! Limits shared by replicas, on Redis.

mod answer;
mod link;
mod options;
mod refusals;

use crate::{
    domain::policy::Mode,
    ports::limiter::{Admission, Layer, Limiter, LimiterFault},
};
use answer::Answer;
use async_trait::async_trait;
use deadpool_redis::{
    PoolError,
    redis::{RedisError, Script, ScriptInvocation},
};
use link::Link;
pub use options::{RedisOptions, RedisTls};
use refusals::Refusals;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// Counts requests on a Redis that all replicas share, by its clock, in one script and one round trip for all layers.
///
/// A layer is a list under `identity:limit:{<kind>:<hash>}`: the kind and the hash are the whole of it, and its hash tag,
/// so that in a Cluster each layer has its slot. It takes some 250 bytes and 10 for each admitted request, and expires
/// with its longest window. Values are times and nothing else.
///
/// Where Redis does not answer within the time, or answers with an error, the request is neither admitted nor refused:
/// `LimiterFault`. It may have been counted: strict, never open. The connection comes back by itself.
pub struct RedisLimiter {
    link: Link,
    script: Script,
    refusals: Refusals,
    call_timeout: Duration,
}

/// Why Redis gave no decision. The text names no key and no secret.
#[derive(Debug, thiserror::Error)]
enum RedisFault {
    #[error("redis cannot be reached")]
    Unreachable(#[source] Arc<PoolError>),
    #[error("redis did not answer in time")]
    TimedOut,
    #[error("redis refused the script")]
    Failed(#[source] RedisError),
    #[error("redis gave an answer that is none of the script's")]
    Unreadable,
}

impl RedisLimiter {
    /// A limiter that begins to connect, and goes on trying for as long as it lives. Asks for a running tokio runtime.
    ///
    /// # Errors
    /// Where the options make no sense, such as authorities that are not PEM. An absent Redis is no error here.
    pub fn new(options: &RedisOptions) -> Result<Self, LimiterFault> {
        let link = options.connection_info().and_then(Link::new).map_err(|error| LimiterFault(error.into()))?;
        Ok(Self {
            link,
            script: Script::new(include_str!("admit.lua")),
            refusals: Refusals::new(options.trust_refusals),
            call_timeout: options.call_timeout,
        })
    }

    async fn ask(&self, layers: &[Layer]) -> Result<Admission, RedisFault> {
        let asked = Instant::now();
        let mut connection = self.link.connection().await.map_err(RedisFault::Unreachable)?;
        // By its hash; a Redis that does not know the script is given it and asked again.
        let numbers: Vec<i64> =
            self.invocation(layers).invoke_async(&mut connection).await.map_err(RedisFault::Failed)?;
        match Answer::read(&numbers, layers.len()).ok_or(RedisFault::Unreadable)? {
            Answer::Admitted(decisions) => Ok(Admission::Admitted(decisions)),
            Answer::Refused(refusing) => {
                for refusal in &refusing {
                    self.refusals.remember(&layers[refusal.layer], refusal.limit, refusal.wait, asked);
                }
                let told = refusing.iter().map(|refusal| (layers[refusal.layer].kind, refusal.limit, refusal.wait));
                refusals::longest(told).ok_or(RedisFault::Unreadable)
            }
        }
    }

    fn invocation(&self, layers: &[Layer]) -> ScriptInvocation<'_> {
        let mut invocation = self.script.prepare_invoke();
        for layer in layers {
            invocation.key(format!("identity:limit:{{{}:{}}}", layer.kind.as_str(), layer.key.hex()));
            let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
            invocation.arg(u8::from(layer.mode == Mode::Enforce));
            invocation.arg(layer.kept.places).arg(micros(layer.kept.span)).arg(layer.windows.len());
            for window in layer.windows.iter() {
                invocation.arg(window.limit).arg(micros(window.span));
            }
        }
        invocation
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault> {
        if let Some(refusal) = self.refusals.known(layers) {
            return Ok(refusal);
        }
        let decided = timeout(self.call_timeout, self.ask(layers)).await.unwrap_or(Err(RedisFault::TimedOut));
        decided.map_err(|fault| {
            self.link.suspect();
            LimiterFault(fault.into())
        })
    }
}
