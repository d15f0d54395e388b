//! Who counts requests.

use crate::{
    adapters::{
        memory::MemoryLimiter,
        redis::{RedisLimiter, RedisOptions, RedisTls},
    },
    app::Failure,
    config::{Config, limiter, network::Tls, problem::Problem},
    domain::secret::SecretString,
    ports::{clock::Clock, limiter::Limiter},
};
use std::sync::Arc;

/// What the limiter's server asks for.
#[derive(Default)]
pub(in crate::app) struct LimiterSecrets {
    /// Its password.
    pub(in crate::app) password: Option<SecretString>,
    /// The authorities that may sign its certificate, in PEM.
    pub(in crate::app) authorities: Option<Vec<u8>>,
}

/// Makes it. A Redis that does not answer yet is no error.
///
/// # Errors
/// Where the options do not hold.
pub(in crate::app) fn build(
    config: &Config,
    secrets: LimiterSecrets,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Limiter>, Failure> {
    let redis = match &config.limiter {
        limiter::Limiter::Memory => return Ok(Arc::new(MemoryLimiter::new(clock, MemoryLimiter::DEFAULT_MAX_KEYS))),
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
    let limiter = RedisLimiter::new(&options)
        .map_err(|fault| Problem::of_file(&config.file, "limiter.redis", fault.to_string(), "mend this section"))?;
    Ok(Arc::new(limiter))
}
