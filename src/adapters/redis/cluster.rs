//! Limits shared by replicas, on a Redis Cluster: each layer on its own node.

use super::{
    RedisOptions,
    answer::{Answer, Entry},
    caller::Caller,
    fault::{ConnectFault, RedisFault},
    link::{CONNECT_TIMEOUT, Source},
    list_of, refusals, slots,
};
use crate::{
    adapters::fallback::{Memory, SharedLimiter, Uncounted},
    domain::{digest::Digest, time::Timestamp},
    ports::limiter::{Admission, Counter, Layer, LayerKind, Limiter, LimiterFault, Stands},
};
use async_trait::async_trait;
use deadpool_redis::redis::{self, RedisError, cluster::ClusterClient, cluster_async::ClusterConnection};
use futures_util::future::{join_all, try_join_all};
use tokio::time::{Instant, timeout};

/// Counts requests on a Redis Cluster that all replicas share: each layer by its node's clock, in a script of its own, all
/// at once, in one round trip.
///
/// Where a layer refuses, what others have admitted is taken back in a second round trip; until then it counts, so that
/// a request may be refused that could have been admitted a moment later, and never the reverse. What cannot be taken
/// back stays counted.
pub struct RedisClusterLimiter {
    caller: Caller<Nodes>,
    /// A key for each part of the slots, which tells when the memory that holds it began.
    beginnings: Vec<String>,
}

impl RedisClusterLimiter {
    /// A limiter that begins to connect to the Cluster of `nodes`, some of them, by name or address and port; host and
    /// port of the options are not used. Asks for a running tokio runtime.
    ///
    /// # Errors
    /// Where the options make no sense. An absent Cluster is no error here.
    pub fn new(options: &RedisOptions, nodes: &[(String, u16)]) -> Result<Self, LimiterFault> {
        let client = options.cluster_client(nodes, CONNECT_TIMEOUT).map_err(RedisFault::Failed)?;
        let nodes = Nodes { client, made: None };
        let caller = Caller::new(nodes, options.call_timeout, options.trust_refusals);
        Ok(Self { caller, beginnings: slots::key_in_each_part("identity:limit:{beginning:") })
    }

    /// Asks each layer's node, and takes back what was admitted where not all admit.
    async fn ask(&self, layers: &[Layer]) -> Result<Admission, RedisFault> {
        let asked = Instant::now();
        let mut answers = Vec::with_capacity(layers.len());
        for layer in layers {
            answers.push(self.caller.in_time(self.ask_one(layer)));
        }
        let (mut entries, mut refusing, mut fault) = (Vec::new(), Vec::new(), None);
        for (layer, answer) in layers.iter().zip(join_all(answers).await) {
            match answer {
                Ok(Answer::Admitted(entry)) => entries.extend(entry.first().map(|entry| (layer, *entry))),
                Ok(Answer::Refused(refusals)) => refusing.extend(refusals.first().map(|refusal| (layer, *refusal))),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        if refusing.is_empty() && fault.is_none() {
            return Ok(Admission::Admitted(entries.iter().map(|(_, entry)| entry.decision).collect()));
        }
        self.take_back(&entries).await;
        for (layer, refusal) in &refusing {
            self.caller.refusals.remember(layer, refusal.limit, refusal.wait, asked);
        }
        // A refusal holds whatever the others would have said.
        let told = refusing.iter().map(|(layer, refusal)| (layer.kind, refusal.limit, refusal.wait));
        refusals::longest(told).ok_or_else(|| fault.unwrap_or(RedisFault::Unreadable))
    }

    async fn ask_one(&self, layer: &Layer) -> Result<Answer, RedisFault> {
        let numbers = self.caller.admit(std::slice::from_ref(layer)).await?;
        Answer::read(&numbers, 1).ok_or(RedisFault::Unreadable)
    }

    /// Removes one entry of each log. Entries of equal times stand for each other: a log is its times and no more.
    async fn take_back(&self, entries: &[(&Layer, Entry)]) {
        let mut removals = Vec::with_capacity(entries.len());
        for (layer, entry) in entries.iter().filter(|(_, entry)| entry.decision.retry_after.is_none()) {
            removals.push(self.caller.in_time(async {
                let mut connection = self.caller.link.connection().await.map_err(RedisFault::Unreachable)?;
                let mut remove = redis::cmd("LREM");
                remove.arg(list_of(layer.kind, &layer.key)).arg(1).arg(entry.time);
                remove.query_async::<i64>(&mut connection).await.map_err(RedisFault::Failed)
            }));
        }
        for removal in join_all(removals).await {
            if let Err(fault) = removal {
                tracing::debug!(error = %fault, "a request that was refused stays counted in one layer");
            }
        }
    }
}

#[async_trait]
impl Limiter for RedisClusterLimiter {
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault> {
        match self.caller.refusals.known(layers) {
            Some(refusal) => Ok(refusal),
            None => Ok(self.ask(layers).await?),
        }
    }

    async fn stand(&self, layers: &[Layer]) -> Result<Stands, LimiterFault> {
        let mut asked = Vec::with_capacity(layers.len());
        for layer in layers {
            asked.push(self.caller.in_time(self.caller.stand(std::slice::from_ref(layer))));
        }
        let layers = try_join_all(asked).await?.into_iter().flatten().collect();
        Ok(Stands { counter: Counter::Shared, layers })
    }

    fn counter(&self) -> Counter {
        Counter::Shared
    }
}

#[async_trait]
impl SharedLimiter for RedisClusterLimiter {
    async fn probe(&self) -> Result<Memory, LimiterFault> {
        let mut parts = Vec::with_capacity(self.beginnings.len());
        for key in &self.beginnings {
            parts.push(self.caller.in_time(self.caller.part(key)));
        }
        Ok(Memory(try_join_all(parts).await?))
    }

    fn part_of(&self, kind: LayerKind, key: &Digest) -> usize {
        slots::part_of(&list_of(kind, key))
    }

    async fn count(&self, logs: &[Uncounted], now: Timestamp) -> Result<(), LimiterFault> {
        self.caller.count(logs, now).await
    }
}

/// Connections to the nodes of a Cluster, behind one handle that follows its slots.
struct Nodes {
    client: ClusterClient,
    made: Option<ClusterConnection>,
}

impl Nodes {
    async fn tested(&mut self) -> Result<ClusterConnection, RedisError> {
        if let Some(mut connection) = self.made.take()
            && redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
        {
            return Ok(self.made.insert(connection).clone());
        }
        let connection = self.client.get_async_connection().await?;
        Ok(self.made.insert(connection).clone())
    }
}

#[async_trait]
impl Source for Nodes {
    type Connection = ClusterConnection;

    async fn connect(&mut self) -> Result<ClusterConnection, ConnectFault> {
        match timeout(CONNECT_TIMEOUT * 2, self.tested()).await {
            Ok(made) => made.map_err(|error| ConnectFault(error.into())),
            Err(late) => Err(ConnectFault(late.into())),
        }
    }
}
