//! Who counts requests.

use crate::{
    adapters::{
        fallback::{FallbackLimiter, SharedLimiter},
        memory::MemoryLimiter,
        redis::{RedisClusterLimiter, RedisLimiter, RedisOptions, RedisTls},
        system::SteadyClock,
    },
    app::Failure,
    config::{
        Config,
        limiter::{self, Servers},
        network::{HostPort, Tls},
        problem::Problem,
    },
    domain::{secret::SecretString, time::Timestamp},
    ports::{
        clock::Clock,
        limiter::{Limiter, LimiterChange, LimiterFault},
    },
};
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;

/// What the limiter's server asks for.
#[derive(Default)]
pub(in crate::app) struct LimiterSecrets {
    /// Its password.
    pub(in crate::app) password: Option<SecretString>,
    /// The authorities that may sign its certificate, in PEM.
    pub(in crate::app) authorities: Option<Vec<u8>>,
}

/// Who counts.
pub(in crate::app) enum Counter {
    /// This process.
    Memory(Arc<MemoryLimiter>),
    /// A Redis, and this process while that is away; with the changes to be recorded.
    Shared(Arc<FallbackLimiter>, Receiver<(Timestamp, LimiterChange)>),
}

impl Counter {
    /// Who decides on requests.
    pub(in crate::app) fn limiter(&self) -> Arc<dyn Limiter> {
        match self {
            Self::Memory(limiter) => limiter.clone(),
            Self::Shared(limiter, _) => limiter.clone(),
        }
    }
}

/// Makes it. A Redis that does not answer yet is no error.
///
/// # Errors
/// Where the options do not hold.
pub(in crate::app) fn build(
    config: &Config,
    secrets: LimiterSecrets,
    clock: Arc<dyn Clock>,
) -> Result<Counter, Failure> {
    let redis = match &config.limiter {
        limiter::Limiter::Memory => {
            return Ok(Counter::Memory(Arc::new(MemoryLimiter::new(clock, MemoryLimiter::DEFAULT_MAX_KEYS))));
        }
        limiter::Limiter::Redis(redis) => redis,
    };
    let tls = (redis.tls == Tls::VerifyFull).then_some(RedisTls { authorities: secrets.authorities });
    let options = RedisOptions {
        user: redis.user.clone(),
        password: secrets.password,
        tls,
        call_timeout: redis.timeout,
        ..RedisOptions::new("", 0)
    };
    let shared: Result<Arc<dyn SharedLimiter>, LimiterFault> = match &redis.servers {
        Servers::One(HostPort { host, port }) => {
            RedisLimiter::new(&RedisOptions { host: host.clone(), port: *port, ..options })
                .map(|one| Arc::new(one) as _)
        }
        Servers::Cluster(nodes) => {
            let nodes: Vec<_> = nodes.iter().map(|node| (node.host.clone(), node.port)).collect();
            RedisClusterLimiter::new(&options, &nodes).map(|cluster| Arc::new(cluster) as _)
        }
    };
    let shared = shared
        .map_err(|fault| Problem::of_file(&config.file, "limiter.redis", fault.to_string(), "mend this section"))?;
    let (limiter, changes) = FallbackLimiter::new(shared, Arc::new(SteadyClock::start()), redis.replicas);
    Ok(Counter::Shared(Arc::new(limiter), changes))
}
