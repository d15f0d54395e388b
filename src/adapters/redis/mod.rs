//! Limits shared by replicas, on Redis.

mod answer;
mod fault;
mod link;
mod memory;
mod options;
mod refusals;

use crate::{
    domain::digest::Digest,
    ports::limiter::{Admission, Layer, LayerKind, Limiter, LimiterFault},
};
use answer::Answer;
use async_trait::async_trait;
use deadpool_redis::redis::{Script, ScriptInvocation};
use fault::RedisFault;
use link::Link;
pub use options::{RedisOptions, RedisTls};
use refusals::Refusals;
use std::{future::Future, time::Duration};
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
    admit: Script,
    scripts: memory::Scripts,
    refusals: Refusals,
    call_timeout: Duration,
}

impl RedisLimiter {
    /// A limiter that begins to connect, and goes on trying for as long as it lives. Asks for a running tokio runtime.
    ///
    /// # Errors
    /// Where the options make no sense, such as authorities that are not PEM. An absent Redis is no error here.
    pub fn new(options: &RedisOptions) -> Result<Self, LimiterFault> {
        let link = options.connection_info().and_then(Link::new).map_err(RedisFault::Failed)?;
        Ok(Self {
            link,
            admit: Script::new(include_str!("admit.lua")),
            scripts: memory::Scripts::default(),
            refusals: Refusals::new(options.trust_refusals),
            call_timeout: options.call_timeout,
        })
    }

    /// What Redis says within the time for a decision. After a fault the connection is tested.
    async fn in_time<T>(&self, asked: impl Future<Output = Result<T, RedisFault>>) -> Result<T, LimiterFault> {
        let told = timeout(self.call_timeout, asked).await.unwrap_or(Err(RedisFault::TimedOut));
        told.map_err(|fault| {
            self.link.suspect();
            fault.into()
        })
    }

    async fn ask(&self, layers: &[Layer]) -> Result<Admission, RedisFault> {
        let asked = Instant::now();
        let mut connection = self.link.connection().await.map_err(RedisFault::Unreachable)?;
        // By its hash; a Redis that does not know the script is given it and asked again.
        let numbers: Vec<i64> =
            self.invocation(layers).invoke_async(&mut connection).await.map_err(RedisFault::Failed)?;
        match Answer::read(&numbers, layers.len()).ok_or(RedisFault::Unreadable)? {
            Answer::Admitted(standings) => Ok(Admission::Admitted(standings)),
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
        let mut invocation = self.admit.prepare_invoke();
        for layer in layers {
            invocation.key(list_of(layer.kind, &layer.key));
            invocation.arg(layer.windows.len());
            for window in layer.windows.iter() {
                invocation.arg(window.limit).arg(u64::try_from(window.span.as_micros()).unwrap_or(u64::MAX));
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
        self.in_time(self.ask(layers)).await
    }
}

/// The name of a layer's list.
fn list_of(kind: LayerKind, key: &Digest) -> String {
    format!("identity:limit:{{{}:{}}}", kind.as_str(), key.hex())
}
