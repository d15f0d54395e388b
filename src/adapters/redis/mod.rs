//! Limits shared by replicas, on Redis.

mod answer;
mod caller;
mod cluster;
mod fault;
mod link;
mod node;
mod options;
mod refusals;
mod slots;

pub use cluster::RedisClusterLimiter;
pub use options::{RedisOptions, RedisTls};

use crate::{
    adapters::fallback::{Memory, SharedLimiter, Uncounted},
    domain::{digest::Digest, time::Timestamp},
    ports::limiter::{Admission, Counter, Layer, LayerKind, Limiter, LimiterFault, Stands},
};
use answer::Answer;
use async_trait::async_trait;
use caller::Caller;
use fault::RedisFault;
use node::Node;
use tokio::time::Instant;

/// The list whose name is no layer's: when this memory began.
const BEGINNING: &str = "identity:limit:{beginning}";

/// Counts requests on a Redis that all replicas share, by its clock, in one script and one round trip for all layers.
///
/// A layer is a list under `identity:limit:{<kind>:<hash>}`: the kind and the hash are the whole of it, and its hash tag,
/// so that in a Cluster each layer has its slot. It takes some 250 bytes and 10 for each admitted request, and expires
/// with its longest window. Values are times and nothing else.
///
/// Where Redis does not answer within the time, or answers with an error, the request is neither admitted nor refused:
/// `LimiterFault`. It may have been counted: strict, never open. The connection comes back by itself.
pub struct RedisLimiter {
    caller: Caller<Node>,
}

impl RedisLimiter {
    /// A limiter that begins to connect, and goes on trying for as long as it lives. Asks for a running tokio runtime.
    ///
    /// # Errors
    /// Where the options make no sense, such as authorities that are not PEM. An absent Redis is no error here.
    pub fn new(options: &RedisOptions) -> Result<Self, LimiterFault> {
        let node = options.connection_info().and_then(Node::new).map_err(RedisFault::Failed)?;
        Ok(Self { caller: Caller::new(node, options.call_timeout, options.trust_refusals) })
    }

    async fn ask(&self, layers: &[Layer]) -> Result<Admission, RedisFault> {
        let asked = Instant::now();
        let numbers = self.caller.admit(layers).await?;
        match Answer::read(&numbers, layers.len()).ok_or(RedisFault::Unreadable)? {
            Answer::Admitted(entries) => Ok(Admission::Admitted(entries.iter().map(|entry| entry.decision).collect())),
            Answer::Refused(refusing) => {
                for refusal in &refusing {
                    self.caller.refusals.remember(&layers[refusal.layer], refusal.limit, refusal.wait, asked);
                }
                let told = refusing.iter().map(|refusal| (layers[refusal.layer].kind, refusal.limit, refusal.wait));
                refusals::longest(told).ok_or(RedisFault::Unreadable)
            }
        }
    }
}

/// The name of a layer's list.
fn list_of(kind: LayerKind, key: &Digest) -> String {
    format!("identity:limit:{{{}:{}}}", kind.as_str(), key.hex())
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault> {
        match self.caller.refusals.known(layers) {
            Some(refusal) => Ok(refusal),
            None => Ok(self.caller.in_time(self.ask(layers)).await?),
        }
    }

    async fn stand(&self, layers: &[Layer]) -> Result<Stands, LimiterFault> {
        let layers = self.caller.in_time(self.caller.stand(layers)).await?;
        Ok(Stands { counter: Counter::Shared, layers })
    }

    fn counter(&self) -> Counter {
        Counter::Shared
    }
}

#[async_trait]
impl SharedLimiter for RedisLimiter {
    async fn probe(&self) -> Result<Memory, LimiterFault> {
        Ok(Memory(vec![self.caller.in_time(self.caller.part(BEGINNING)).await?]))
    }

    fn part_of(&self, _: LayerKind, _: &Digest) -> usize {
        0
    }

    async fn count(&self, logs: &[Uncounted], now: Timestamp) -> Result<(), LimiterFault> {
        self.caller.count(logs, now).await
    }
}
