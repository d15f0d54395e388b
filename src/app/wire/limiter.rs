//! Who counts requests.

use crate::{
    adapters::{
        fallback::FallbackLimiter,
        memory::MemoryLimiter,
        redis::{RedisLimiter, RedisOptions, RedisTls},
        system::SteadyClock,
    },
    app::Failure,
    config::{Config, limiter, network::Tls, problem::Problem},
    domain::{secret::SecretString, time::Timestamp},
    ports::{
        clock::Clock,
        limiter::{Limiter, LimiterChange},
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
        ..RedisOptions::new(redis.address.host.as_str(), redis.address.port)
    };
    let shared = RedisLimiter::new(&options)
        .map_err(|fault| Problem::of_file(&config.file, "limiter.redis", fault.to_string(), "mend this section"))?;
    let (limiter, changes) = FallbackLimiter::new(Arc::new(shared), Arc::new(SteadyClock::start()), redis.replicas);
    Ok(Counter::Shared(Arc::new(limiter), changes))
}
